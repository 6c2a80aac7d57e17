package io.moviechat.llm.checkpoint;

import io.moviechat.ModelException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Weights published as a difference: target = base + delta, added in float32 and rounded once to
 * the type of the delta. Vicuna v0's layout: embedding and output layer of the delta may have more
 * rows (tokens added to the vocabulary), for which the base counts as zero; buffers ({@code
 * inv_freq}) are taken from the delta unchanged.
 */
final class DeltaTensors {
  private static final Set<String> GROWING = Set.of("model.embed_tokens.weight", "lm_head.weight");

  private DeltaTensors() {}

  /**
   * The target's tensors; nothing is computed before it is read.
   *
   * @throws ModelException if the two do not have the same tensors in the same shapes, or their
   *     numbers say that the delta was not made from the base ({@link DeltaFit})
   */
  static Checkpoint apply(Checkpoint base, Checkpoint delta) {
    Map<String, Tensor> target = new LinkedHashMap<>();
    List<String> problems = new ArrayList<>();
    DeltaFit fit = new DeltaFit();
    for (String key : delta.names()) {
      Tensor difference = delta.get(key);
      if (isBuffer(key) && !base.has(key)) {
        target.put(key, difference);
      } else if (!base.has(key)) {
        problems.add(key + " is not in the base");
      } else {
        Tensor origin = base.get(key);
        if (fits(key, origin.shape(), difference.shape())) {
          target.put(key, new Sum(origin, difference));
          fit.look(origin, difference);
        } else {
          problems.add(
              "%s is %s in the delta and %s in the base"
                  .formatted(key, difference.shape(), origin.shape()));
        }
      }
    }
    for (String key : base.names()) {
      if (!isBuffer(key) && !delta.has(key)) {
        problems.add(key + " is not in the delta");
      }
    }
    if (!problems.isEmpty()) {
      throw new ModelException(
          "%s is no delta for %s: %s%s. Give the base that the delta was made from"
              .formatted(
                  delta.name(),
                  base.name(),
                  String.join("; ", problems.subList(0, Math.min(8, problems.size()))),
                  problems.size() > 8 ? "; and " + (problems.size() - 8) + " more" : ""));
    }
    fit.check(base.name(), delta.name());
    return new Checkpoint(
        base.name() + " + " + delta.name(), target, Checkpoint.closing(List.of(base, delta)));
  }

  private static boolean isBuffer(String key) {
    return key.endsWith(".inv_freq");
  }

  private static boolean fits(String key, List<Long> base, List<Long> delta) {
    return base.equals(delta)
        || (GROWING.contains(key)
            && base.size() == 2
            && delta.size() == 2
            && base.get(1).equals(delta.get(1))
            && base.get(0) < delta.get(0));
  }

  private static final class Sum implements Tensor {
    private final Tensor base;
    private final Tensor delta;
    private final float[] terms = new float[4096];

    Sum(Tensor base, Tensor delta) {
      this.base = base;
      this.delta = delta;
    }

    @Override
    public ElementType type() {
      return delta.type();
    }

    @Override
    public List<Long> shape() {
      return delta.shape();
    }

    @Override
    public void read(long first, float[] into, int at, int count) {
      delta.read(first, into, at, count);
      long shared = Math.min(count, base.size() - first);
      for (int done = 0; done < shared; done += terms.length) {
        int n = (int) Math.min(terms.length, shared - done);
        base.read(first + done, terms, 0, n);
        for (int i = 0; i < n; i++) {
          into[at + done + i] = Halves.rounded(into[at + done + i] + terms[i], delta.type());
        }
      }
    }
  }
}
