package io.moviechat.bench.eval;

import io.moviechat.spi.AnswerGenerator;
import java.util.List;
import java.util.Optional;

/** Compares a reply in words with the truth. Thread-safe. */
public interface Judge {
  /** Names the judge with all that its verdicts depend on; part of results and cache keys. */
  String id();

  /**
   * Compares. The film is not shown.
   *
   * @param prediction untrusted: it may try to talk to the judge
   * @return the verdict; empty if the judge gave none that can be read, after all its tries
   */
  Optional<Verdict> judge(String question, String truth, String prediction);

  /**
   * Gives marks to a long reply.
   *
   * @param criteria what marks are given for
   * @param points what the reply ought to mention; may be empty
   * @return a mark from 1 to 5 per criterion; empty if this judge gives none
   */
  Optional<List<Integer>> mark(
      String question, String truth, List<String> points, List<String> criteria, String prediction);

  /** Whether each verdict costs a model's time, so that verdicts are worth keeping. */
  boolean isModel();

  /**
   * A verdict.
   *
   * @param correct whether the reply means the same as the truth
   * @param score how well it does, 0 to 5
   */
  record Verdict(boolean correct, double score) {
    /** Correct with a score of at most 1, or wrong with one of at least 4. */
    boolean contradictsItself() {
      return correct ? score <= 1 : score >= 4;
    }
  }

  /** Equality after normalising; needs no model and is the same everywhere. */
  static Judge normalisedMatch() {
    return new NormalisedMatch();
  }

  /**
   * A language model.
   *
   * @param generator asked without any film; borrowed
   * @param name names the model and its version, for results
   */
  static Judge model(AnswerGenerator generator, String name) {
    return new ModelJudge(generator, name);
  }
}
