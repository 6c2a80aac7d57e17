package io.moviechat.spi;

/**
 * Finds a model on the class path. {@link io.moviechat.MovieChat#create()} takes the only one that
 * {@link java.util.ServiceLoader} knows.
 */
public interface VisionLanguageModelProvider {
  /** A short name for messages. */
  String name();

  /**
   * The model.
   *
   * @throws io.moviechat.ModelException if it cannot be made available
   */
  VisionLanguageModel model();
}
