package io.moviechat;

import io.moviechat.internal.Checks;
import io.moviechat.internal.ResourceStack;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.MovieView;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Goes back to a watched video for single frames and short windows. Opens it when first needed;
 * thread-safe. Closing does not wait for a read: it ends it.
 */
final class VideoReader implements MovieView.Pictures, AutoCloseable {
  private final @Nullable VideoSourceProvider provider;
  private final @Nullable VideoLocation location;
  private volatile @Nullable VideoSource source;
  private volatile boolean closed;

  private VideoReader(@Nullable VideoSourceProvider provider, @Nullable VideoLocation location) {
    this.provider = provider;
    this.location = location;
  }

  static VideoReader of(VideoSourceProvider provider, VideoLocation location) {
    return new VideoReader(provider, location);
  }

  /** A reader of a video that is not at hand. */
  static VideoReader none() {
    return new VideoReader(null, null);
  }

  @Override
  public synchronized Optional<Frame> frameAt(Duration moment, FrameFormat format) {
    @Nullable VideoSource open = source();
    return open == null ? Optional.empty() : Optional.of(open.frameAt(moment, format));
  }

  /** The video's length; empty if it is unknown or the video is not at hand. */
  synchronized Optional<Duration> duration() {
    @Nullable VideoSource open = source();
    return open == null ? Optional.empty() : open.info().duration();
  }

  /** Frames of {@code [from, to)}, which the caller closes; none if the video is not at hand. */
  synchronized List<Frame> window(
      Duration from, Duration to, FrameSampling sampling, FrameFormat format) {
    @Nullable VideoSource open = source();
    if (open == null || from.compareTo(to) >= 0) {
      return List.of();
    }
    try (ResourceStack read = new ResourceStack();
        FrameStream stream = open.frames(from, to, sampling, format)) {
      List<Frame> frames = new ArrayList<>();
      for (Optional<Frame> frame = stream.next(); frame.isPresent(); frame = stream.next()) {
        frames.add(read.push(frame.get()));
      }
      read.release();
      return frames;
    }
  }

  /** The open source; the lock is held, so that it is opened once. */
  private @Nullable VideoSource source() {
    requireOpen();
    @Nullable VideoSource open = source;
    if (open == null && provider != null && location != null) {
      open = provider.open(location);
      source = open;
      if (closed) { // while it was being opened
        open.close();
        requireOpen();
      }
    }
    return open;
  }

  private void requireOpen() {
    Checks.requireOpen(!closed, "Video " + location);
  }

  @Override
  public void close() {
    closed = true;
    @Nullable VideoSource open = source;
    if (open != null) {
      open.close();
    }
  }
}
