package io.moviechat.llm;

import com.google.common.collect.ImmutableMap;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** The families by {@code model_type}. A new family is one class and one line here. */
final class Families {
  private static final ImmutableMap<String, Function<BundleConfig, Family>> BY_TYPE =
      ImmutableMap.<String, Function<BundleConfig, Family>>builder()
          .put("llava_onevision", Llava::oneVision)
          .put("llava", Llava::llava)
          .put("llava_qwen2", Llava::fastVlm)
          .put("fastvlm", Llava::fastVlm)
          .put("smolvlm", SmolVlm::new)
          .put("idefics3", SmolVlm::new)
          .put("moviechat", Original::new)
          .buildOrThrow();

  /** Types that are known and cannot work here, with the reason. */
  private static final ImmutableMap<String, String> REFUSED =
      ImmutableMap.of(
          "qwen2_vl", grid("Qwen2-VL"),
          "qwen2_5_vl", grid("Qwen2.5-VL"));

  private Families() {}

  private static String grid(String name) {
    return name
        + "'s encoder, and its decoder's positions of three numbers, count frames in an even grid"
        + " of time, in which memory slots of different length have no place";
  }

  static Set<String> types() {
    return BY_TYPE.keySet();
  }

  /** Why a known type is refused. */
  static Optional<String> refusal(String modelType) {
    return Optional.ofNullable(REFUSED.get(modelType));
  }

  /** How to make a type's family. */
  static Optional<Function<BundleConfig, Family>> of(String modelType) {
    return Optional.ofNullable(BY_TYPE.get(modelType));
  }
}
