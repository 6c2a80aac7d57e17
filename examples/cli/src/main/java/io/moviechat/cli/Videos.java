package io.moviechat.cli;

import io.moviechat.VideoException;
import io.moviechat.VideoInfo;
import io.moviechat.VideoLocation;
import io.moviechat.speech.AudioSource;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import java.net.URI;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.regex.Pattern;

/** Finds videos by what a user types. */
final class Videos {
  private static final Pattern ADDRESS = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+://.*");

  private Videos() {}

  /** Whether a text is a URL rather than the name of a file. */
  static boolean isAddress(String text) {
    return ADDRESS.matcher(text).matches();
  }

  /**
   * The address of a file or a URL.
   *
   * @throws IllegalArgumentException if the text is neither
   */
  static URI locate(String text) {
    if (text.isBlank()) {
      throw new IllegalArgumentException("the video's name is empty; give a file or a URL");
    }
    if (isAddress(text)) {
      return URI.create(text);
    }
    try {
      return Path.of(text).toAbsolutePath().normalize().toUri();
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("'" + text + "' is not a file name: " + e.getReason(), e);
    }
  }

  /**
   * What the container says, without decoding.
   *
   * @throws VideoException if the video cannot be read
   */
  static VideoInfo info(URI video) {
    try (VideoSource source = open(video)) {
      return source.info();
    }
  }

  /**
   * Opens a video; the caller closes it.
   *
   * @throws VideoException if the video cannot be read
   */
  static VideoSource open(URI video) {
    VideoLocation location = VideoLocation.of(video);
    for (VideoSourceProvider provider : ServiceLoader.load(VideoSourceProvider.class)) {
      if (provider.accepts(location)) {
        return provider.open(location);
      }
    }
    throw new VideoException(
        "no video source of this build knows " + location + "; give a file or an http(s) URL");
  }

  /**
   * Opens the sound of a video, or of a file that has only sound; the caller closes it.
   *
   * @throws VideoException if it cannot be read
   */
  static AudioSource openSound(URI video, Duration from, Optional<String> language) {
    VideoLocation location = VideoLocation.of(video);
    for (VideoSourceProvider provider : ServiceLoader.load(VideoSourceProvider.class)) {
      Optional<AudioSource> sound =
          provider.accepts(location)
              ? provider.openAudio(location, from, language)
              : Optional.empty();
      if (sound.isPresent()) {
        return sound.get();
      }
    }
    throw new VideoException(
        "no source of sound of this build knows " + location + "; give a file or an http(s) URL");
  }
}
