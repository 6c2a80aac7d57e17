package io.moviechat.llm;

import com.google.common.collect.ImmutableList;

/**
 * Which variant of a graph is taken: a bundle ships some of them, told apart by the end of the file
 * name ({@code decoder_model_merged_q4.onnx}).
 */
public enum Precision {
  /**
   * The best variant that is there. On a processor the smallest weights first (decoding is bound by
   * memory): q4, int8, quantized, uint8, bnb4, fp32, q4f16, fp16. On a graphics card: fp16, q4f16,
   * q4, fp32, bnb4, int8, quantized, uint8; of Gemma the two with 16-bit activations come last, as
   * what its layers give each other can leave their range.
   */
  AUTO(""),
  /** 32-bit floats. */
  FP32(""),
  /** 16-bit floats. */
  FP16("_fp16"),
  /** 8-bit signed weights. */
  INT8("_int8"),
  /** 8-bit unsigned weights. */
  UINT8("_uint8"),
  /** 8-bit weights of the exporter's choice ({@code _quantized}). */
  Q8("_quantized"),
  /** 4-bit weights in blocks, 32-bit activations. */
  Q4("_q4"),
  /** 4-bit weights in blocks, 16-bit activations. */
  Q4F16("_q4f16"),
  /** 4-bit weights of bitsandbytes. */
  BNB4("_bnb4");

  private static final ImmutableList<Precision> ON_CPU =
      ImmutableList.of(Q4, INT8, Q8, UINT8, BNB4, FP32, Q4F16, FP16);
  private static final ImmutableList<Precision> ON_GPU =
      ImmutableList.of(FP16, Q4F16, Q4, FP32, BNB4, INT8, Q8, UINT8);
  private static final ImmutableList<Precision> ON_GPU_WIDE =
      ImmutableList.of(Q4, FP32, BNB4, INT8, Q8, UINT8, Q4F16, FP16);

  private final String suffix;

  Precision(String suffix) {
    this.suffix = suffix;
  }

  /** The end of the file's base name. */
  String suffix() {
    return suffix;
  }

  /** What to try, best first. */
  ImmutableList<Precision> candidates(Device device) {
    if (this != AUTO) {
      return ImmutableList.of(this);
    }
    return device.isCpu() ? ON_CPU : ON_GPU;
  }

  /** The same for a model whose activations can leave the range of 16-bit floats. */
  ImmutableList<Precision> wideCandidates(Device device) {
    return this == AUTO && !device.isCpu() ? ON_GPU_WIDE : candidates(device);
  }
}
