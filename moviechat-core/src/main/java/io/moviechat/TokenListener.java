package io.moviechat;

/** Hears an answer while it grows. */
@FunctionalInterface
public interface TokenListener {
  /** Hears nothing. */
  TokenListener NONE = text -> {};

  /**
   * Called with each new piece of the answer.
   *
   * @param text never empty, whole characters only; the pieces in order make up the answer's text
   */
  void onText(String text);
}
