package io.moviechat.video;

/**
 * Whether a video is decoded by hardware. Where that cannot be, it is decoded in software, and the
 * log says why. Pictures come back to the memory of the processor to be scaled.
 */
public enum HardwareDecoding {
  /** Software only. */
  NONE,
  /** The first of the others that can be opened. */
  ANY,
  /** NVDEC of an NVIDIA GPU. */
  CUDA,
  /** The decoder of an Intel or AMD GPU, on Linux. */
  VAAPI,
  /** The decoder of macOS. */
  VIDEOTOOLBOX
}
