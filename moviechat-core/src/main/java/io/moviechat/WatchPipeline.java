package io.moviechat;

import io.moviechat.internal.Nanos;
import io.moviechat.internal.Waiting;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoSource;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The three stages of a pass: decode, encode and consolidate, each on a thread of its own.
 *
 * <p>Two bounded queues join the stages: frames (two batches, or 1 MiB of small ones and at most
 * 64) and token batches (two), so that a slow stage holds back the ones before it. What a batch
 * holds never depends on timing ({@link FrameBatch}). The first stage to fail ends the others; its
 * exception is the one thrown.
 *
 * <p>The decoding stage opens, reads and closes the video, and whoever ends the pass early closes
 * it too: that is the one call that ends a read which is stuck. An opening that is stuck is left to
 * itself; what it opens in the end is closed at once.
 */
final class WatchPipeline {
  private static final Logger log = LoggerFactory.getLogger(WatchPipeline.class);
  private static final long POLL_MILLIS = 20;
  private static final long PATIENCE_MILLIS = 100;

  /** Bytes of frames that may wait where they are many: small frames are encoded fast. */
  private static final long SMALL_FRAMES = 1 << 20;

  private final Input input;
  private final SharedEncoder encoder;
  private final Optional<SharedEncoder> embedder;
  private final VideoMemory memory;
  private final WatchSignal signal;
  private final WatchObserver observer;
  private final Deque<Duration> breakpoints;
  private final Optional<Duration> timeout;
  private final WatchOptions.Reuse reuse;

  private final StageQueue<Frame> decoded;

  /** Batches. */
  private final StageQueue<List<FrameTokens>> encoded;

  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final Map<Duration, MemorySnapshot> snapshots = new HashMap<>();
  private final Object sourceLock = new Object();
  private @Nullable VideoSource source;
  private volatile boolean sourceEnded;
  private volatile Optional<Duration> duration = Optional.empty();
  private volatile long damagedFrames;
  private long decodeNanos;
  private long encodeNanos;
  private volatile long reusedFrames;
  private long memoryNanos;

  WatchPipeline(
      Input input,
      SharedEncoder encoder,
      Optional<SharedEncoder> embedder,
      VideoMemory memory,
      WatchSignal signal,
      WatchObserver observer,
      WatchOptions options) {
    this.input = input;
    this.encoder = encoder;
    this.embedder = embedder;
    this.memory = memory;
    this.signal = signal;
    this.observer = observer;
    this.breakpoints = new ArrayDeque<>(options.breakpoints());
    this.timeout = options.timeout();
    this.reuse = options.reuse();
    this.decoded = new StageQueue<>(places(encoder));
    this.encoded = new StageQueue<>(2);
  }

  private static int places(SharedEncoder encoder) {
    FrameFormat format = encoder.preferredFormat();
    boolean known = format.fit() != FrameFormat.Fit.ORIGINAL;
    long bytes = known ? 3L * format.width() * format.height() : SMALL_FRAMES;
    return (int) Math.max(2L * encoder.preferredBatch(), Math.min(64, SMALL_FRAMES / bytes));
  }

  /**
   * Runs the pass to the end of the stream, or until the signal ends it.
   *
   * @param meanwhile is done while the video is opened and its first frames are decoded
   * @return where the time went
   * @throws CancellationException if the signal was cancelled
   * @throws VideoException if decoding failed or the timeout passed
   */
  Movie.Timings run(Runnable meanwhile) {
    long start = System.nanoTime();
    Thread decoder = stage("moviechat-decode", this::decode);
    Thread encoding = stage("moviechat-encode", this::encode);
    try {
      meanwhile.run();
      consolidate(start);
    } catch (Throwable e) { // every failure ends the other stages before it is thrown on
      failure.compareAndSet(null, e);
    }
    @Nullable Throwable first = failure.get();
    boolean cancelled = first == null && signal.isCancelled();
    if (first != null || cancelled) {
      decoder.interrupt();
      encoding.interrupt();
      endSource();
    }
    if (!leftOpening(decoder)) {
      Waiting.join(decoder);
    }
    Waiting.join(encoding);
    decoded.drain().forEach(Frame::close);
    encoded.drain().forEach(batch -> batch.forEach(FrameTokens::close));
    if (cancelled) {
      throw new CancellationException("watching was cancelled");
    }
    rethrow(failure.get());
    return Movie.Timings.of(
        Duration.ofNanos(System.nanoTime() - start),
        Duration.ofNanos(decodeNanos),
        Duration.ofNanos(encodeNanos),
        Duration.ofNanos(memoryNanos));
  }

  /** The memory as it was at each breakpoint that the pass has reached. */
  Map<Duration, MemorySnapshot> snapshots() {
    return snapshots;
  }

  /** The video's length where it is known. */
  Optional<Duration> duration() {
    return duration;
  }

  /** Frames that were damaged and left out. */
  long damagedFrames() {
    return damagedFrames;
  }

  /** Frames that looked like the one before and were not encoded. */
  long reusedFrames() {
    return reusedFrames;
  }

  private Thread stage(String name, Stage stage) {
    Thread thread =
        new Thread(
            () -> {
              try {
                stage.run();
              } catch (InterruptedException e) {
                // Another stage has failed or the watcher has cancelled: the end, not a failure.
              } catch (Throwable e) { // handed to run()
                failure.compareAndSet(null, e);
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private void decode() throws InterruptedException {
    long start = System.nanoTime();
    try (VideoSource opened = input.open()) {
      synchronized (sourceLock) {
        if (sourceEnded) {
          return;
        }
        source = opened;
      }
      duration = opened.info().duration();
      try (FrameStream frames = input.frames(opened)) {
        long busy = System.nanoTime() - start;
        while (running() && !signal.isEnded()) {
          start = System.nanoTime();
          Optional<Frame> frame = frames.next();
          busy += System.nanoTime() - start;
          decodeNanos = busy;
          damagedFrames = frames.damagedFrames();
          if (frame.isEmpty()) {
            break;
          }
          hand(decoded, frame.get(), frame.get()::close);
        }
        decoded.end(); // closing the video takes a while
      }
    } catch (RuntimeException e) {
      if (!sourceEnded) {
        throw e;
      }
      log.debug("what was being read when the pass was ended", e);
    } finally {
      decoded.end();
    }
  }

  /** Ends what the decoding stage does with the video, however stuck it is. */
  private void endSource() {
    @Nullable VideoSource open;
    synchronized (sourceLock) {
      sourceEnded = true;
      open = source;
    }
    if (open == null) {
      return;
    }
    try {
      open.close();
    } catch (RuntimeException e) { // the stage closes it too, and says so if it fails
      log.debug("closing the video early", e);
    }
  }

  /** Whether the decoder is still opening the video when nobody wants it any more. */
  private boolean leftOpening(Thread decoder) {
    if (!sourceEnded) {
      return false;
    }
    synchronized (sourceLock) {
      if (source != null) {
        return false;
      }
    }
    try {
      decoder.join(PATIENCE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return true;
  }

  private void encode() throws InterruptedException {
    try (FrameBatch batch = new FrameBatch(encoder, embedder, reuse, signal.alerts())) {
      while (running()) {
        boolean last = decoded.isEnded(); // read before polling: afterwards nothing can arrive
        @Nullable Frame next = decoded.poll(batch.room(), last ? 0 : POLL_MILLIS);
        if (next != null) {
          long start = System.nanoTime();
          batch.add(next);
          encodeNanos += System.nanoTime() - start;
        }
        boolean end = last && next == null;
        if (batch.isFull() || (end && !batch.isEmpty())) {
          encodeBatch(batch);
        }
        if (end) {
          return;
        }
      }
    } finally {
      encoded.end();
    }
  }

  private void encodeBatch(FrameBatch batch) throws InterruptedException {
    long start = System.nanoTime();
    List<FrameTokens> tokens = batch.encode();
    encodeNanos += System.nanoTime() - start;
    reusedFrames = batch.reused();
    hand(encoded, tokens, () -> tokens.forEach(FrameTokens::close));
  }

  private void consolidate(long start) throws InterruptedException {
    long count = 0;
    long stopSeen = 0;
    while (running()) {
      observer.atRest();
      signal.alerts().tell();
      timeout.ifPresent(limit -> checkTimeout(start, limit));
      if (signal.isEnded() && !decoded.isEnded()) {
        // Stopped: the frame that is being decoded still counts, unless it does not come.
        stopSeen = stopSeen == 0 ? System.nanoTime() : stopSeen;
        if (System.nanoTime() - stopSeen > TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS)) {
          endSource();
          decoded.end();
        }
      }
      boolean last = encoded.isEnded();
      @Nullable List<FrameTokens> batch = encoded.poll(1, last ? 0 : POLL_MILLIS);
      if (batch == null) {
        if (last) {
          break;
        }
        continue;
      }
      try {
        for (FrameTokens frame : batch) {
          if (!running()) {
            return;
          }
          long began = System.nanoTime();
          keepBreakpointsBefore(frame.timestamp());
          memory.add(frame);
          memoryNanos += System.nanoTime() - began;
          count++;
          observer.added(frame.timestamp(), duration, damagedFrames);
        }
      } finally {
        batch.forEach(FrameTokens::close);
      }
    }
    if (count > 0 && running()) {
      signal.alerts().end();
      observer.ended();
      if (!signal.isEnded()) {
        keepBreakpointsBefore(ChronoUnit.FOREVER.getDuration());
      }
    }
  }

  private void keepBreakpointsBefore(Duration timestamp) {
    while (!breakpoints.isEmpty() && breakpoints.element().compareTo(timestamp) <= 0) {
      snapshots.put(breakpoints.remove(), memory.snapshot());
    }
  }

  private void checkTimeout(long start, Duration limit) {
    if (System.nanoTime() - start > Nanos.saturated(limit)) {
      throw new VideoException(
          "watching took longer than the timeout of "
              + limit
              + "; "
              + memory.stats().frames()
              + " frames were in memory. Raise the timeout or sample fewer frames.");
    }
  }

  private boolean running() {
    return failure.get() == null && !signal.isCancelled();
  }

  private <T> void hand(StageQueue<T> queue, T item, Runnable discard) throws InterruptedException {
    boolean handed = false;
    try {
      while (running() && !handed) {
        handed = queue.offer(item, POLL_MILLIS);
      }
    } finally {
      if (!handed) {
        discard.run();
      }
    }
  }

  private static void rethrow(@Nullable Throwable failure) {
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    if (failure instanceof Error e) {
      throw e;
    }
    if (failure instanceof InterruptedException) {
      Thread.currentThread().interrupt();
      throw new CancellationException("watching was interrupted");
    }
    if (failure != null) {
      throw new IllegalStateException(failure);
    }
  }

  /** Where the frames come from. */
  interface Input {
    VideoSource open();

    FrameStream frames(VideoSource source);
  }

  @FunctionalInterface
  private interface Stage {
    void run() throws InterruptedException;
  }
}
