package io.moviechat.spi;

import io.moviechat.VideoException;
import java.net.URI;

/** Opens videos. Found by {@link java.util.ServiceLoader} or given to the builder. Thread-safe. */
public interface VideoSourceProvider {
  /** A short name for messages. */
  String name();

  /** Whether this provider knows what to do with such a location. Opens nothing. */
  boolean accepts(URI location);

  /**
   * Opens a video.
   *
   * @param location absolute, with a scheme ({@code file}, {@code https})
   * @return the video; the caller closes it
   * @throws VideoException if there is no such video or it cannot be read
   */
  VideoSource open(URI location);
}
