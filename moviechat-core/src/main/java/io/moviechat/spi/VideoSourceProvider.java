package io.moviechat.spi;

import io.moviechat.VideoException;
import io.moviechat.VideoLocation;
import io.moviechat.speech.AudioSource;
import io.moviechat.speech.Cues;
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
   * Whether what is there goes on while it is watched, so that it cannot be opened a second time
   * beside itself. Opens nothing.
   */
  default boolean isLive(VideoLocation location) {
    return false;
  }

  /**
   * Opens the sound of a video, beside its pictures or without them, and of a file that has sound
   * only. Cancelled as {@link #open} is. Of several tracks it is the first in the wished language,
   * else the one marked as default, else the first.
   *
   * @param from where it begins, not negative
   * @param language the ISO 639 code that is wished for; not one that was recognized in the sound,
   *     which could lead to another track. Empty for none
   * @return the sound, at its end at once if the video has none; the caller closes it. Empty if
   *     this provider knows no sound
   * @throws VideoException as {@link #open}
   */
  default Optional<AudioSource> openAudio(
      VideoLocation location, Duration from, Optional<String> language) {
    return Optional.empty();
  }

  /**
   * Reads the subtitles of a video: those inside it and in files beside it. Of several the one in
   * the language that is asked for, else the first; none in another language than is asked for,
   * where languages are known. May read the whole video; an interrupt ends that with a {@link
   * VideoException}.
   *
   * @param language ISO 639 code; empty for any
   * @return none if there are no subtitles, or this provider knows none
   * @throws VideoException if they are there and cannot be read
   */
  default Cues subtitles(VideoLocation location, Optional<String> language) {
    return Cues.NONE;
  }
}
