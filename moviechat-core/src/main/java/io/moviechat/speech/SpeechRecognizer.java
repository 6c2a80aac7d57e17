package io.moviechat.speech;

/**
 * Turns sound into cues. Thread-safe; one that is open may hold native memory. Unsettled: so far
 * only this project has written one.
 */
public interface SpeechRecognizer extends AutoCloseable {
  /** A short name for messages and saved memories, the bundle's folder name for one. */
  String name();

  /**
   * Begins to listen.
   *
   * @param sound stays the caller's, who closes it after the stream
   * @throws IllegalStateException if closed
   */
  CueStream transcribe(AudioSource sound, SpeechOptions options);

  /** Frees everything; streams end. Closing twice is fine. */
  @Override
  void close();
}
