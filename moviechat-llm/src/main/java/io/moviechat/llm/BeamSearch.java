package io.moviechat.llm;

import com.google.common.collect.ImmutableSet;
import io.moviechat.FinishReason;
import io.moviechat.GenerationOptions;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Beam search: keeps the few most probable beginnings of an answer, and at the end takes the one
 * whose log probability over length to the power of the length penalty is largest. Ends when no
 * running beam can still beat the finished ones, as Hugging Face's generation does by default.
 *
 * <p>Beams share the caches of what they have in common: a step reads one block and writes another,
 * so a beam that splits costs nothing.
 */
final class BeamSearch {
  /** An answer of beam search. */
  @SuppressWarnings("ArrayRecordComponent") // never leaves this package
  record Result(int[] tokens, FinishReason reason) {}

  private static final class Beam {
    final int[] tokens;
    final double score;
    final KvBlock block;
    final float[] logits;
    final BitSet seen;

    Beam(int[] tokens, double score, KvBlock block, float[] logits, BitSet seen) {
      this.tokens = tokens;
      this.score = score;
      this.block = block;
      this.logits = logits;
      this.seen = seen;
    }
  }

  private record Candidate(Beam beam, int id, double score) {}

  @SuppressWarnings("ArrayRecordComponent")
  private record Finished(int[] tokens, double score) {}

  private final GenerationOptions options;
  private final ImmutableSet<Integer> endIds;
  private final List<ModelBundle.LogitsProcessor> processors;
  private final Supplier<Optional<FinishReason>> stop;

  BeamSearch(
      GenerationOptions options,
      ImmutableSet<Integer> endIds,
      List<ModelBundle.LogitsProcessor> processors,
      Supplier<Optional<FinishReason>> stop) {
    this.options = options;
    this.endIds = endIds;
    this.processors = processors;
    this.stop = stop;
  }

  /**
   * Searches.
   *
   * @param first the caches after the prompt; released here
   * @param seen ids of the prompt
   * @param limit most new tokens
   * @param room positions that prompt and answer need at most
   */
  Result search(Lane lane, KvBlock first, BitSet seen, int limit, int room) {
    List<Beam> beams = new ArrayList<>();
    beams.add(new Beam(new int[0], 0, first, lane.logits().clone(), seen));
    List<Finished> finished = new ArrayList<>();
    Optional<FinishReason> interrupted = Optional.empty();
    try {
      for (int length = 1; length <= limit; length++) {
        interrupted = stop.get();
        if (interrupted.isPresent()) {
          break;
        }
        List<Candidate> best = best(beams, length);
        List<Candidate> next = new ArrayList<>();
        for (int rank = 0; rank < best.size() && next.size() < options.beams(); rank++) {
          Candidate candidate = best.get(rank);
          if (!endIds.contains(candidate.id())) {
            next.add(candidate);
          } else if (rank < options.beams()) {
            finished.add(finish(with(candidate), candidate.score()));
          }
        }
        finished.sort(Comparator.comparingDouble(Finished::score).reversed());
        if (finished.size() > options.beams()) {
          finished.subList(options.beams(), finished.size()).clear();
        }
        boolean beaten =
            finished.size() == options.beams()
                && !next.isEmpty()
                && finished.get(finished.size() - 1).score()
                    >= next.get(0).score() / Math.pow(length, options.lengthPenalty());
        if (next.isEmpty() || beaten) {
          break;
        }
        if (length == limit) {
          next.forEach(candidate -> finished.add(finish(with(candidate), candidate.score())));
          break;
        }
        List<Beam> old = beams;
        beams = List.of();
        beams = advance(lane, old, next, room);
      }
    } finally {
      beams.forEach(beam -> lane.release(beam.block));
    }
    if (interrupted.isPresent()) {
      beams.stream()
          .filter(beam -> beam.tokens.length > 0)
          .forEach(beam -> finished.add(finish(beam.tokens, beam.score)));
    }
    int[] tokens =
        finished.stream()
            .max(Comparator.comparingDouble(Finished::score))
            .map(Finished::tokens)
            .orElse(new int[0]);
    FinishReason natural = endsItself(tokens) ? FinishReason.STOP : FinishReason.LENGTH;
    return new Result(tokens, interrupted.orElse(natural));
  }

  /** Twice as many candidates as beams, best first: so many may be end tokens. */
  private List<Candidate> best(List<Beam> beams, int length) {
    int wanted = 2 * options.beams();
    List<Candidate> best = new ArrayList<>();
    for (Beam beam : beams) {
      float[] logits = beam.logits;
      for (ModelBundle.LogitsProcessor processor : processors) {
        processor.process(IntBuffer.wrap(beam.tokens).asReadOnlyBuffer(), FloatBuffer.wrap(logits));
      }
      Sampler.penalise(logits, options, beam.seen, length - 1, endIds);
      double most = logits[Sampler.best(logits)];
      double sum = 0;
      for (float logit : logits) {
        sum += Math.exp(logit - most);
      }
      double base = beam.score - most - Math.log(sum);
      for (int id = 0; id < logits.length; id++) {
        double score = base + logits[id];
        if (logits[id] == Float.NEGATIVE_INFINITY
            || (best.size() == wanted && score <= best.get(wanted - 1).score())) {
          continue;
        }
        int place = best.size();
        while (place > 0 && best.get(place - 1).score() < score) {
          place--;
        }
        best.add(place, new Candidate(beam, id, score));
        if (best.size() > wanted) {
          best.remove(wanted);
        }
      }
    }
    return best;
  }

  /** Reads each candidate's token; the old beams' caches are given back in any case. */
  private static List<Beam> advance(Lane lane, List<Beam> beams, List<Candidate> next, int room) {
    // A block is given on to the last one that needs it.
    next.forEach(candidate -> candidate.beam().block.retain());
    beams.forEach(beam -> lane.release(beam.block));
    List<Beam> advanced = new ArrayList<>();
    try {
      for (Candidate candidate : next) {
        KvBlock block = lane.step(candidate.beam().block, candidate.id(), room);
        BitSet seen = (BitSet) candidate.beam().seen.clone();
        seen.set(candidate.id());
        advanced.add(
            new Beam(with(candidate), candidate.score(), block, lane.logits().clone(), seen));
      }
    } catch (RuntimeException e) {
      next.subList(advanced.size(), next.size())
          .forEach(candidate -> lane.release(candidate.beam().block));
      advanced.forEach(beam -> lane.release(beam.block));
      throw e;
    }
    return advanced;
  }

  private boolean endsItself(int[] tokens) {
    return tokens.length > 0 && endIds.contains(tokens[tokens.length - 1]);
  }

  private Finished finish(int[] tokens, double score) {
    return new Finished(tokens, score / Math.pow(tokens.length, options.lengthPenalty()));
  }

  private static int[] with(Candidate candidate) {
    int[] tokens = Arrays.copyOf(candidate.beam().tokens, candidate.beam().tokens.length + 1);
    tokens[tokens.length - 1] = candidate.id();
    return tokens;
  }
}
