package io.moviechat.llm;

/** The graphs of a bundle. */
enum GraphKind {
  VISION("vision_encoder"),
  EMBED("embed_tokens"),
  DECODER("decoder_model_merged"),
  /** From the slots of a memory to the rows that the decoder reads; most bundles have none. */
  PROJECTOR("memory_projector");

  private final String baseName;

  GraphKind(String baseName) {
    this.baseName = baseName;
  }

  /** Whether a bundle can do without. */
  boolean optional() {
    return this == PROJECTOR;
  }

  /** The file name without suffix and extension. */
  String baseName() {
    return baseName;
  }
}
