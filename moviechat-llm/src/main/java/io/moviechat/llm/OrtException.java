package io.moviechat.llm;

/** ONNX Runtime refused a call; the text is its own. */
final class OrtException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  OrtException(String message) {
    super(message);
  }
}
