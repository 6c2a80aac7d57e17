package io.moviechat.llm.checkpoint;

/**
 * How an imported bundle stores and computes. What lies between memory and language model is
 * float32 in every case, as in the original.
 */
public enum ImportPrecision {
  /** 32-bit floats everywhere: the exact network. */
  FP32,
  /** 16-bit products in all networks, as the original runs on a GPU; norms in 32 bits. */
  FP16,
  /**
   * The language model's matrices in 4 bits, in blocks; its other values in 32 bits, embeddings and
   * the vision side in 16.
   */
  INT4
}
