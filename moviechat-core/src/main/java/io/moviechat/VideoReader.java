package io.moviechat;

import io.moviechat.spi.FrameStream;
import io.moviechat.spi.KeyframeSource;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Goes back to a watched video for single frames and short windows. Opens it when first needed;
 * thread-safe.
 */
final class VideoReader implements KeyframeSource, AutoCloseable {
  private final @Nullable VideoSourceProvider provider;
  private final @Nullable URI location;
  private @Nullable VideoSource source;
  private boolean closed;

  private VideoReader(@Nullable VideoSourceProvider provider, @Nullable URI location) {
    this.provider = provider;
    this.location = location;
  }

  static VideoReader of(VideoSourceProvider provider, URI location) {
    return new VideoReader(provider, location);
  }

  /** A reader of a video that is not at hand. */
  static VideoReader none() {
    return new VideoReader(null, null);
  }

  @Override
  public synchronized Optional<Frame> frameAt(Duration moment, FrameFormat format) {
    VideoSource open = source();
    return open == null ? Optional.empty() : Optional.of(open.frameAt(moment, format));
  }

  /** The video's length; empty if it is unknown or the video is not at hand. */
  synchronized Optional<Duration> duration() {
    VideoSource open = source();
    return open == null ? Optional.empty() : open.info().duration();
  }

  /** Frames of {@code [from, to)}, which the caller closes; none if the video is not at hand. */
  synchronized List<Frame> window(
      Duration from, Duration to, FrameSampling sampling, FrameFormat format) {
    VideoSource open = source();
    List<Frame> frames = new ArrayList<>();
    if (open == null || from.compareTo(to) >= 0) {
      return frames;
    }
    try (FrameStream stream = open.frames(from, to, sampling, format)) {
      for (Optional<Frame> frame = stream.next(); frame.isPresent(); frame = stream.next()) {
        frames.add(frame.get());
      }
      return frames;
    } catch (RuntimeException | Error e) {
      frames.forEach(Frame::close);
      throw e;
    }
  }

  private @Nullable VideoSource source() {
    Checks.requireOpen(!closed, "Video " + location);
    if (source == null && provider != null && location != null) {
      source = provider.open(location);
    }
    return source;
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (source != null) {
      source.close();
      source = null;
    }
  }
}
