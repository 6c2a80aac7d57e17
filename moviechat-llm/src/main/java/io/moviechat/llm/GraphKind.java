package io.moviechat.llm;

/** The graphs of a bundle. */
enum GraphKind {
  VISION("vision_encoder"),
  EMBED("embed_tokens"),
  DECODER("decoder_model_merged");

  private final String baseName;

  GraphKind(String baseName) {
    this.baseName = baseName;
  }

  /** The file name without suffix and extension. */
  String baseName() {
    return baseName;
  }
}
