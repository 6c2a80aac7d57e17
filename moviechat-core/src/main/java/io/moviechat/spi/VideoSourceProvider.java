package io.moviechat.spi;

import io.moviechat.VideoException;
import io.moviechat.VideoLocation;
import io.moviechat.speech.AudioSource;
import java.time.Duration;
import java.util.Optional;

/** Opens videos. Found by {@link java.util.ServiceLoader} or given to the builder. Thread-safe. */
public interface VideoSourceProvider {
  /** A short name for messages. */
  String name();

  /** Whether this provider knows what to do with such a location. Opens nothing. */
  boolean accepts(VideoLocation location);

  /**
   * Opens a video. Who cancels meanwhile interrupts the thread and does not wait for an opening
   * that does not end: what it opens in the end is closed at once.
   *
   * @return the video; the caller closes it
   * @throws VideoException if there is no such video or it cannot be read; the message names the
   *     last part of the location, and no secret of it ({@link VideoLocation#toString()})
   */
  VideoSource open(VideoLocation location);

  /**
   * Opens the sound of a video, beside its pictures or without them. Cancelled as {@link #open} is.
   *
   * @param from where it begins, not negative
   * @return the sound, at its end at once if the video has none; the caller closes it. Empty if
   *     this provider knows no sound
   * @throws VideoException as {@link #open}
   */
  default Optional<AudioSource> openAudio(VideoLocation location, Duration from) {
    return Optional.empty();
  }
}
