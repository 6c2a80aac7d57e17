package io.moviechat.spi.testing;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.VideoException;
import io.moviechat.VideoInfo;
import io.moviechat.VideoLocation;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;

/**
 * A fake video that stops giving frames, and hears no interrupt while it does, as a native read: a
 * read ends only when the source is closed, as its contract promises.
 */
public final class StallingVideo implements VideoSourceProvider {
  private final FakeVideo inner = new FakeVideo();
  private final int frames;
  private final boolean stallOpening;
  private final CountDownLatch stalled = new CountDownLatch(1);
  private final CountDownLatch goOn = new CountDownLatch(1);
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile boolean byTime;

  /** A video that stalls after so many frames. */
  public StallingVideo(int frames) {
    this(frames, false);
  }

  private StallingVideo(int frames, boolean stallOpening) {
    this.frames = frames;
    this.stallOpening = stallOpening;
  }

  /** A video whose opening stalls until {@link #goOn()}. */
  public static StallingVideo whenOpened() {
    return new StallingVideo(0, true);
  }

  /** From now on passes run through, and single frames stall. */
  public void stallFramesByTime() {
    byTime = true;
  }

  /** Where it is. */
  public URI location() {
    return FakeVideo.of(100);
  }

  /** Waits until a read is stuck. */
  public void awaitStall() throws InterruptedException {
    stalled.await();
  }

  /** Lets a stuck opening end. */
  public void goOn() {
    goOn.countDown();
  }

  /** Waits until a source was closed. */
  public void awaitClosed() throws InterruptedException {
    closed.await();
  }

  @Override
  public String name() {
    return "stalling";
  }

  @Override
  public boolean accepts(VideoLocation location) {
    return inner.accepts(location);
  }

  @Override
  public VideoSource open(VideoLocation location) {
    if (stallOpening) {
      stalled.countDown();
      while (goOn.getCount() > 0) {
        LockSupport.parkNanos(1_000_000);
      }
    }
    return new Source(inner.open(location));
  }

  private final class Source implements VideoSource {
    private final VideoSource video;
    private volatile boolean ended;

    Source(VideoSource video) {
      this.video = video;
    }

    private void stall() {
      stalled.countDown();
      while (!ended) {
        LockSupport.parkNanos(1_000_000);
      }
      throw new VideoException("closed while it was read");
    }

    @Override
    public VideoInfo info() {
      return video.info();
    }

    @Override
    public FrameStream frames(Duration from, Duration to, FrameFormat format) {
      return stalling(video.frames(from, to, format));
    }

    @Override
    public FrameStream at(List<Duration> moments, FrameFormat format) {
      return stalling(video.at(moments, format));
    }

    private FrameStream stalling(FrameStream stream) {
      return new FrameStream() {
        private int given;

        @Override
        public Optional<Frame> next() {
          if (!byTime && given == frames) {
            stall();
          }
          given++;
          return stream.next();
        }

        @Override
        public long damagedFrames() {
          return stream.damagedFrames();
        }

        @Override
        public void close() {
          stream.close();
        }
      };
    }

    @Override
    public Frame frameAt(Duration moment, FrameFormat format) {
      if (byTime) {
        stall();
      }
      return video.frameAt(moment, format);
    }

    @Override
    public void close() {
      ended = true;
      video.close();
      closed.countDown();
    }
  }
}
