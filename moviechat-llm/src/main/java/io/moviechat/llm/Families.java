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
          .put("gemma3", Gemma3::third)
          .put("gemma3n", Gemma3::thirdN)
          .put("gemma4", Gemma4::new)
          .put("qwen2_vl", QwenVl::second)
          .put("qwen2_5_vl", QwenVl::second)
          .put("qwen3_vl", QwenVl::third)
          .put("qwen3_5", QwenVl::threeFive)
          .put("lfm2_vl", Lfm2Vl::new)
          .put("moviechat", Original::new)
          .buildOrThrow();

  /** Types that are known and cannot be used, with the reason. */
  private static final ImmutableMap<String, String> REFUSED =
      ImmutableMap.<String, String>builder()
          .put("qwen3_vl_moe", "its exports need more memory than this runtime is made for")
          .put("qwen3_5_moe", "its exports need more memory than this runtime is made for")
          .put("paligemma", "it answers one question about one picture, and knows no chat")
          .put("florence2", "it is an encoder-decoder without a chat")
          .put("moondream1", "its text model is not in this layout of graphs")
          .buildOrThrow();

  private Families() {}

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
