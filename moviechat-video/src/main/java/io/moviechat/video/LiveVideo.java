package io.moviechat.video;

import static io.moviechat.internal.Checks.require;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.VideoException;
import io.moviechat.VideoInfo;
import io.moviechat.VideoLocation;
import io.moviechat.internal.Nanos;
import io.moviechat.internal.NativeOwner;
import io.moviechat.internal.Samplings;
import io.moviechat.internal.Waiting;
import io.moviechat.speech.AudioSource;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A video that goes on while it is watched: a live stream (RTSP, RTMP, HLS, HTTP) or a file that is
 * still written.
 *
 * <p>A thread of its own reads and decodes as fast as the video comes. Frames wait in a queue of
 * {@link Options#queueFrames()}; who takes them too slowly gets the latest ones, and the oldest are
 * dropped and counted. When the video breaks off it is opened again, and time goes on by the clock.
 * One call at a time, except {@link #close()} and the counters.
 *
 * <p>Sampling is {@link FrameSampling.EveryFrame}, {@link FrameSampling.EveryInterval} or {@link
 * FrameSampling.SceneChanges}; what is past cannot be asked for.
 */
public final class LiveVideo implements VideoSource {
  /** How a live video is followed. A value: start from {@link #DEFAULT}. */
  public static final class Options {
    /** 32 frames wait; 30 s of trying again; 5 s without growth end a file. */
    public static final Options DEFAULT =
        new Options(32, Duration.ofSeconds(30), Duration.ofSeconds(5));

    private final int queueFrames;
    private final Duration reconnectFor;
    private final Duration growthPatience;

    private Options(int queueFrames, Duration reconnectFor, Duration growthPatience) {
      this.queueFrames = queueFrames;
      this.reconnectFor = notNegative(reconnectFor, "reconnectFor");
      this.growthPatience = notNegative(growthPatience, "growthPatience");
      require(
          queueFrames >= 1 && queueFrames <= 256,
          "queueFrames must be 1 to 256, was %s",
          queueFrames);
    }

    private static Duration notNegative(Duration duration, String name) {
      require(!duration.isNegative(), "%s must not be negative, was %s", name, duration);
      return duration;
    }

    /** Frames that wait at most; when one more comes, the oldest is dropped and counted. */
    public int queueFrames() {
      return queueFrames;
    }

    /** How long to try again after the video broke off; zero to end at once. */
    public Duration reconnectFor() {
      return reconnectFor;
    }

    /** How long a growing file may stand still before it counts as finished. */
    public Duration growthPatience() {
      return growthPatience;
    }

    /**
     * The same with another {@link #queueFrames()}.
     *
     * @throws IllegalArgumentException if it is not 1 to 256
     */
    public Options withQueueFrames(int frames) {
      return new Options(frames, reconnectFor, growthPatience);
    }

    /**
     * The same with another {@link #reconnectFor()}.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public Options withReconnectFor(Duration time) {
      return new Options(queueFrames, time, growthPatience);
    }

    /**
     * The same with another {@link #growthPatience()}.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public Options withGrowthPatience(Duration time) {
      return new Options(queueFrames, reconnectFor, time);
    }
  }

  private static final Logger log = LoggerFactory.getLogger(LiveVideo.class);

  private final String name;
  private final DemuxerOpener opener;
  private final VideoOptions options;
  private final Options live;
  private final Watchdog watchdog;
  private final NativeOwner owner;
  private final VideoInfo info;
  private final AtomicLong dropped = new AtomicLong();
  private final AtomicLong reconnects = new AtomicLong();

  /** Opened beforehand, for the first pass; whoever takes it closes it. */
  private final AtomicReference<@Nullable Connection> opened = new AtomicReference<>();

  /** Guards {@link #follower}, and that nothing starts once this is closed. */
  private final ReentrantLock lock = new ReentrantLock();

  private @Nullable Follower follower;
  private volatile @Nullable LiveSound sound;
  private volatile boolean closed;

  private LiveVideo(String name, DemuxerOpener opener, VideoOptions options, Options live) {
    Ffmpeg.load();
    this.name = name;
    this.opener = opener;
    this.options = options;
    this.live = live;
    this.watchdog = new Watchdog(Nanos.saturated(options.timeout()));
    this.owner = NativeOwner.open(this, "live video " + name);
    boolean done = false;
    try {
      Connection first = connect();
      opened.set(first);
      info = FfmpegVideoSource.describe(first.demuxer(), options);
      done = true;
    } finally {
      if (!done) {
        close();
      }
    }
  }

  /**
   * Opens a live video.
   *
   * @param location a file that is still written, or a network address
   * @return the video; the caller closes it
   * @throws VideoException if there is no video yet, or it cannot be read
   */
  @MustBeClosed
  public static LiveVideo open(URI location, Options live, VideoOptions options) {
    String scheme = location.getScheme() == null ? "" : location.getScheme();
    if (scheme.toLowerCase(Locale.ROOT).equals("file")) {
      Path file = Path.of(location);
      return new LiveVideo(
          file.toString(),
          watchdog ->
              Optional.of(
                  Demuxer.open(
                      file.toString(),
                      new VideoInput.OfGrowingFile(
                          VideoInput.OfFile.open(file, options.maxBytes()),
                          watchdog,
                          Nanos.saturated(live.growthPatience())),
                      options,
                      watchdog)),
          options,
          live.withReconnectFor(Duration.ZERO));
    }
    VideoLocation address = VideoLocation.of(location);
    if (!new FfmpegVideoSourceProvider(options).accepts(address)) {
      throw new VideoException("cannot open " + address + " as a live video: unknown scheme");
    }
    return new LiveVideo(
        address.toString(),
        watchdog -> Optional.of(Demuxer.open(address, options, watchdog)),
        options,
        live);
  }

  /** An opened video, with what ends its reading. */
  private record Connection(Demuxer demuxer, Watchdog guard) implements AutoCloseable {
    @Override
    public void close() {
      demuxer.close();
      guard.close();
    }
  }

  private Connection connect() {
    Watchdog guard = watchdog.child();
    boolean done = false;
    try {
      Connection connection = new Connection(opener.open(guard).orElseThrow(), guard);
      done = true;
      return connection;
    } finally {
      if (!done) {
        guard.close();
      }
    }
  }

  /** Frames dropped so far because nobody took them in time. */
  public long droppedFrames() {
    return dropped.get();
  }

  /** How often the video broke off and was opened again. */
  public long reconnects() {
    return reconnects.get();
  }

  /**
   * Its sound, on the clock of its pictures: of the packets that are read for them, so it flows
   * while a pass over the pictures runs, which may begin before or after this call, and ends with
   * it or when the video is closed; what had come until then can still be read. Samples can be read
   * as soon as their packet came, tens of milliseconds after the pictures beside it; up to 4096
   * packets wait for who reads slowly, then the oldest are dropped. One sound at a time: another
   * call ends the earlier one.
   *
   * @return the sound; the caller closes it
   * @throws IllegalStateException if closed
   */
  public AudioSource sound() {
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("the live video " + name + " is closed");
      }
      if (sound != null) {
        sound.close();
      }
      LiveSound next = new LiveSound(name, options);
      sound = next;
      return next;
    } finally {
      lock.unlock();
    }
  }

  /**
   * A provider of live videos and of the sound of those that it opened, for {@link
   * io.moviechat.MovieChat.Builder#video}.
   */
  public static VideoSourceProvider provider(Options live, VideoOptions options) {
    return new LiveProvider(live, options);
  }

  boolean isClosed() {
    return closed;
  }

  @Override
  public VideoInfo info() {
    return info;
  }

  /**
   * Frames as they come.
   *
   * @throws VideoException unless it is all of them that are wanted
   */
  @Override
  public FrameStream frames(Duration from, Duration to, FrameFormat format) {
    return frames(from, to, FrameSampling.everyFrame(), format);
  }

  @Override
  public FrameStream frames(
      Duration from, Duration to, FrameSampling sampling, FrameFormat format) {
    Samplings.requirePart(from, to);
    if (!Window.of(from, to).equals(Window.WHOLE)) {
      throw new VideoException(name + " is live: it has no windows; take its frames as they come");
    }
    if (!(sampling instanceof FrameSampling.EveryFrame
        || sampling instanceof FrameSampling.EveryInterval
        || sampling instanceof FrameSampling.SceneChanges)) {
      throw new VideoException(
          name
              + " is live and has no length yet, which "
              + sampling
              + " needs; sample by interval");
    }
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("the live video " + name + " is closed");
      }
      if (follower != null) {
        follower.close();
      }
      Follower next = new Follower(sampling, format);
      follower = next;
      next.thread.start();
      return next;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Not for live videos.
   *
   * @throws VideoException always
   */
  @Override
  public FrameStream at(List<Duration> moments, FrameFormat format) {
    throw new VideoException(name + " is live: what is past cannot be asked for");
  }

  /**
   * Not for live videos.
   *
   * @throws VideoException always
   */
  @Override
  public Frame frameAt(Duration moment, FrameFormat format) {
    throw new VideoException(name + " is live: what is past cannot be asked for");
  }

  @Override
  public void close() {
    closed = true;
    watchdog.stop();
    lock.lock();
    try {
      if (follower != null) {
        follower.close();
      }
      if (sound != null) {
        sound.end();
      }
      Connection unused = opened.getAndSet(null);
      if (unused != null) {
        unused.close();
      }
    } finally {
      lock.unlock();
      watchdog.close();
      owner.close();
    }
  }

  /** Hands the sound of one connection on to who listens. On the thread that reads. */
  private final class SoundFeed implements AutoCloseable {
    private final Demuxer demuxer;
    private final @Nullable AVStream stream;
    private LiveSound.@Nullable Part part;
    private @Nullable LiveSound refused;
    private boolean placed;
    private long shift;

    SoundFeed(Demuxer demuxer) {
      this.demuxer = demuxer;
      this.stream = demuxer.tapSound(this::accept).orElse(null);
    }

    private void accept(AVPacket packet) {
      LiveSound listener = sound;
      AVStream from = stream;
      if (listener == null || from == null || listener == refused) {
        return;
      }
      LiveSound.Part to = part;
      if (to == null || to.sound() != listener) {
        to = listener.begin(from, demuxer.originOf(from)).orElse(null);
        part = to;
        if (to == null) {
          refused = listener;
          return;
        }
        if (placed) {
          to.place(shift);
        }
      }
      to.offer(packet);
    }

    /** Says what is added to the times of this connection, pictures and sound. */
    void place(long newShift) {
      placed = true;
      shift = newShift;
      if (part != null) {
        part.place(newShift);
      }
    }

    @Override
    public void close() {
      if (part != null) {
        part.end();
      }
    }
  }

  /** Reads and decodes on its thread; gives frames to whoever calls {@link #next()}. */
  private final class Follower implements FrameStream {
    private final FrameSampling sampling;
    private final FrameFormat format;
    private final Thread thread;
    private final FramePool pool = new FramePool("frames of " + name, options.timeout());
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<Frame> waiting = new ArrayDeque<>();
    private volatile boolean stopped;
    private boolean ended;
    private @Nullable Throwable failure;
    private volatile long damaged;
    private long shift;
    private long lastTime = -1;
    private long lastArrival;
    private volatile @Nullable Watchdog reading;

    Follower(FrameSampling sampling, FrameFormat format) {
      this.sampling = sampling;
      this.format = format;
      this.thread = new Thread(this::follow, "moviechat-live");
      thread.setDaemon(true);
    }

    private void follow() {
      FfmpegLog.subject(name);
      @Nullable Throwable problem = null;
      try {
        long brokenSince = System.nanoTime();
        while (!stopped) {
          try {
            if (followOnce()) {
              brokenSince = System.nanoTime();
            }
            problem = null;
          } catch (VideoException | IllegalStateException e) {
            problem = e;
          }
          long left = Nanos.saturated(live.reconnectFor()) - (System.nanoTime() - brokenSince);
          if (stopped || left <= 0) {
            break;
          }
          reconnects.incrementAndGet();
          log.info("{} broke off; opening it again", name);
          Thread.sleep(Math.min(1000, Math.max(1, left / 1_000_000)));
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (RuntimeException | Error e) {
        problem = e; // told to who waits for frames: nobody else would hear of it
      } finally {
        end(stopped ? null : problem);
      }
    }

    /**
     * Follows the video until it breaks off.
     *
     * @return whether any frame came
     */
    private boolean followOnce() {
      boolean any = false;
      try (Connection connection = take();
          SoundFeed feed = new SoundFeed(connection.demuxer());
          FrameCursor cursor = FrameCursor.live(connection.demuxer(), options);
          Scaler scaler =
              new Scaler(name, format, connection.demuxer().display(), options.deinterlace());
          FrameSelection selection = select(cursor)) {
        long damagedBefore = damaged;
        while (!stopped && selection.next()) {
          long time = selection.time() + shift;
          if (!any && time <= lastTime) {
            // Opened again: the clock says how much was missed.
            shift += lastTime + Math.max(1, System.nanoTime() - lastArrival) - time;
            time = selection.time() + shift;
          }
          if (!any) {
            feed.place(shift);
          }
          any = true;
          damaged = damagedBefore + selection.damaged();
          lastTime = time;
          lastArrival = System.nanoTime();
          offer(scaler.convert(selection.picture(), time, pool));
        }
      }
      return any;
    }

    private Connection take() {
      Connection first = opened.getAndSet(null);
      Connection connection = first == null ? connect() : first;
      reading = connection.guard();
      if (stopped) {
        connection.guard().stop();
      }
      return connection;
    }

    private FrameSelection select(FrameCursor cursor) {
      if (sampling instanceof FrameSampling.EveryInterval every) {
        return CursorSelections.everyInterval(
            cursor, Window.WHOLE, Nanos.saturated(every.interval()));
      }
      if (sampling instanceof FrameSampling.SceneChanges changes) {
        return CursorSelections.sceneChanges(
            cursor, Window.WHOLE, changes.threshold(), Nanos.saturated(changes.longestGap()), name);
      }
      return CursorSelections.everyFrame(cursor, Window.WHOLE);
    }

    private void offer(Frame frame) {
      lock.lock();
      try {
        if (stopped) {
          frame.close();
          return;
        }
        if (waiting.size() >= live.queueFrames()) {
          waiting.remove().close();
          dropped.incrementAndGet();
        }
        waiting.add(frame);
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    private void end(@Nullable Throwable problem) {
      LiveSound heard = sound;
      if (heard != null) {
        heard.end();
      }
      lock.lock();
      try {
        ended = true;
        failure = problem;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public Optional<Frame> next() {
      lock.lock();
      try {
        while (waiting.isEmpty() && !ended && !stopped) {
          changed.await();
        }
        if (stopped) {
          throw new IllegalStateException("the pass over the live video " + name + " is closed");
        }
        if (!waiting.isEmpty()) {
          return Optional.of(waiting.remove());
        }
        if (failure != null) {
          throw new VideoException(name + " broke off: " + failure.getMessage(), failure);
        }
        return Optional.empty();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while waiting for a frame of " + name, e);
      } finally {
        lock.unlock();
      }
    }

    @Override
    public long damagedFrames() {
      return damaged;
    }

    @Override
    public void close() {
      stopped = true;
      pool.close();
      Watchdog guard = reading;
      if (guard != null) {
        guard.stop();
      }
      lock.lock();
      try {
        while (!waiting.isEmpty()) {
          waiting.remove().close();
        }
        changed.signalAll();
      } finally {
        lock.unlock();
      }
      thread.interrupt(); // it may be asleep between two attempts
      Waiting.join(thread);
    }
  }
}
