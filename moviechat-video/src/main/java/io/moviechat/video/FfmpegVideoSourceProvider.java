package io.moviechat.video;

import io.moviechat.VideoException;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/**
 * Opens videos with FFmpeg. Thread-safe.
 *
 * <pre>{@code
 * try (VideoSource video = new FfmpegVideoSourceProvider().open(Path.of("movie.mp4"));
 *     FrameStream frames = video.frames(FrameSampling.every(Duration.ofSeconds(1)), format)) {
 *   for (var frame = frames.next(); frame.isPresent(); frame = frames.next()) {
 *     try (Frame picture = frame.get()) {
 *       use(picture.timestamp(), picture.rgb());
 *     }
 *   }
 * }
 * }</pre>
 */
public final class FfmpegVideoSourceProvider implements VideoSourceProvider {
  private final VideoOptions options;

  /** A provider with {@link VideoOptions#DEFAULT}, as {@link java.util.ServiceLoader} makes it. */
  public FfmpegVideoSourceProvider() {
    this(VideoOptions.DEFAULT);
  }

  /** A provider with these limits and settings. */
  public FfmpegVideoSourceProvider(VideoOptions options) {
    this.options = Objects.requireNonNull(options, "options");
  }

  @Override
  public String name() {
    return "ffmpeg";
  }

  @Override
  public boolean accepts(URI location) {
    return "file".equals(scheme(location));
  }

  @Override
  public VideoSource open(URI location) {
    if (!accepts(location)) {
      throw new VideoException(
          "cannot open " + location + ": expected a location that starts with file:");
    }
    try {
      return open(Path.of(location));
    } catch (IllegalArgumentException | FileSystemNotFoundException e) {
      throw new VideoException("cannot open " + location + ": it names no file", e);
    }
  }

  /**
   * Opens a file.
   *
   * @return the video; the caller closes it
   * @throws VideoException if there is no such video or it cannot be read
   */
  public VideoSource open(Path file) {
    return new FfmpegVideoSource(
        file.toString(),
        () -> Optional.of(VideoInput.OfFile.open(file, options.maxBytes())),
        options);
  }

  private static String scheme(URI location) {
    String scheme = location.getScheme();
    return scheme == null ? "" : scheme.toLowerCase(Locale.ROOT);
  }
}
