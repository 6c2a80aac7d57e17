package io.moviechat.video;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.VideoException;
import io.moviechat.VideoLocation;
import io.moviechat.internal.Nanos;
import io.moviechat.speech.AudioSource;
import io.moviechat.speech.Cues;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;

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
  private static final List<String> NETWORK =
      List.of("http", "https", "rtsp", "rtsps", "rtmp", "rtmps");

  private static final Pattern SEQUENCE = Pattern.compile("%(0\\d)?d");

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

  /** Files, and addresses that start with http, https, rtsp, rtsps, rtmp or rtmps. */
  @Override
  public boolean accepts(VideoLocation location) {
    return location.path().isPresent() || isNetwork(location);
  }

  private static VideoException unknown(VideoLocation location) {
    return new VideoException(
        "cannot open "
            + location
            + ": expected a location that starts with file: or one of "
            + NETWORK);
  }

  private static boolean isSequence(Path file) {
    return SEQUENCE.matcher(file.toString()).find() && !Files.exists(file);
  }

  private static boolean isNetwork(VideoLocation location) {
    return NETWORK.contains(location.scheme().toLowerCase(Locale.ROOT));
  }

  @Override
  @MustBeClosed
  public VideoSource open(VideoLocation location) {
    if (!accepts(location)) {
      throw unknown(location);
    }
    if (location.path().isPresent()) {
      return open(location.path().get());
    }
    return new FfmpegVideoSource(
        location.toString(),
        watchdog -> Optional.of(Demuxer.open(location, options, watchdog)),
        () -> {},
        options);
  }

  /** Also of files that hold sound only. Numbered pictures have none. */
  @Override
  public Optional<AudioSource> openAudio(
      VideoLocation location, Duration from, Optional<String> language) {
    if (from.isNegative()) {
      throw new IllegalArgumentException("sound begins at a moment not negative, was " + from);
    }
    if (!accepts(location)) {
      throw unknown(location);
    }
    if (location.path().isEmpty()) {
      return sound(
          location.toString(),
          watchdog -> Container.open(location, options, watchdog),
          from,
          language);
    }
    Path file = location.path().get();
    String name = file.toString();
    return sound(
        name,
        watchdog ->
            isSequence(file)
                ? Container.openSequence(name, options, watchdog)
                : Container.open(
                    name, VideoInput.OfFile.open(file, options.maxBytes()), options, watchdog),
        from,
        language);
  }

  private Optional<AudioSource> sound(
      String name, FfmpegAudioSource.Opener opener, Duration from, Optional<String> language) {
    return Optional.of(
        new FfmpegAudioSource(name, opener, Nanos.saturated(from), language, options));
  }

  /**
   * {@inheritDoc}
   *
   * <p>Of files: {@link Subtitles#of}. At other addresses none, which would read the video twice.
   */
  @Override
  public Cues subtitles(VideoLocation location, Optional<String> language) {
    return location
        .path()
        .filter(Files::isRegularFile)
        .flatMap(file -> Subtitles.in(language, Subtitles.of(file)))
        .map(Subtitles.Track::inItsLanguage)
        .orElse(Cues.NONE);
  }

  /**
   * Opens a video at an address.
   *
   * @throws VideoException if there is no such video or it cannot be read
   * @throws IllegalArgumentException if the address has no scheme
   */
  @MustBeClosed
  public VideoSource open(URI address) {
    return open(VideoLocation.of(address));
  }

  /**
   * Opens a file, or numbered pictures as a video of 25 frames per second: {@code frame-%04d.png}.
   *
   * @param file of any file system; a pattern, of the default one
   * @return the video; the caller closes it
   * @throws VideoException if there is no such video or it cannot be read
   */
  @MustBeClosed
  public VideoSource open(Path file) {
    String name = file.toString();
    if (isSequence(file)) {
      return new FfmpegVideoSource(
          name,
          watchdog -> Optional.of(Demuxer.openSequence(name, options, watchdog)),
          () -> {},
          options);
    }
    return new FfmpegVideoSource(name, new OfFile(file, options), () -> {}, options);
  }

  /** A file can be read from several places at the same time. */
  private record OfFile(Path file, VideoOptions options) implements DemuxerOpener {
    @Override
    public Optional<Demuxer> open(Watchdog watchdog) {
      VideoInput input = VideoInput.OfFile.open(file, options.maxBytes());
      return Optional.of(Demuxer.open(file.toString(), input, options, watchdog));
    }

    @Override
    public boolean concurrent() {
      return true;
    }
  }

  /**
   * Opens what a channel gives.
   *
   * @param channel closed with the video, or when opening fails; its position is moved
   * @param name what to call it in messages; an ending such as {@code .ts} helps to recognise it
   * @return the video; the caller closes it
   * @throws VideoException if it is no video or cannot be read
   */
  @MustBeClosed
  public VideoSource open(SeekableByteChannel channel, String name) {
    return new FfmpegVideoSource(
        name,
        watchdog ->
            Optional.of(Demuxer.open(name, new VideoInput.OfChannel(channel), options, watchdog)),
        () -> closeQuietly(channel),
        options);
  }

  /**
   * Opens what a stream gives. It is read once, in order: one pass over the frames from the start,
   * or single frames of growing times; the sampling must not need the length of the video unless
   * the container begins with it. A read of the stream that blocks is waited for without a time
   * limit.
   *
   * @param stream closed with the video, or when opening fails
   * @param name what to call it in messages
   * @return the video; the caller closes it
   * @throws VideoException if it is no video or cannot be read
   */
  @MustBeClosed
  public VideoSource open(InputStream stream, String name) {
    AtomicReference<Optional<InputStream>> once = new AtomicReference<>(Optional.of(stream));
    return new FfmpegVideoSource(
        name,
        watchdog ->
            once.getAndSet(Optional.empty())
                .map(
                    input ->
                        Demuxer.open(
                            name,
                            new VideoInput.OfStream(input, options.maxBytes()),
                            options,
                            watchdog)),
        () -> closeQuietly(stream),
        options);
  }

  private static void closeQuietly(Closeable input) {
    try {
      input.close();
    } catch (IOException e) {
      // Nothing was written, so nothing is lost.
    }
  }
}
