package io.moviechat.llm.internal;

/** ONNX Runtime refused a call; the text is its own. */
public final class OrtException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  OrtException(String message) {
    super(message);
  }
}
