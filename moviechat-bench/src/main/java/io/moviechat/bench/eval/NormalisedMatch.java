package io.moviechat.bench.eval;

import java.util.List;
import java.util.Optional;

/**
 * Right is what equals the truth after {@link Words#normalise}. A truth of "yes" or "no" is
 * compared with the reply's first word, as nobody answers such questions with one word only.
 */
final class NormalisedMatch implements Judge {
  @Override
  public String id() {
    return "normalised-match 2026-11";
  }

  @Override
  public Optional<Verdict> judge(String question, String truth, String prediction) {
    List<String> wanted = Words.of(truth);
    List<String> given = Words.of(prediction);
    boolean yesNo = wanted.equals(List.of("yes")) || wanted.equals(List.of("no"));
    boolean right =
        !given.isEmpty() && (yesNo ? given.subList(0, 1).equals(wanted) : given.equals(wanted));
    return Optional.of(new Verdict(right, right ? 5 : 0));
  }

  @Override
  public Optional<List<Integer>> mark(
      String question,
      String truth,
      List<String> points,
      List<String> criteria,
      String prediction) {
    return Optional.empty();
  }

  @Override
  public boolean isModel() {
    return false;
  }
}
