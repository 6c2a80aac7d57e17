package io.moviechat;

import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoMemory;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One pass over a video: decode, encode and consolidate, each on a thread of its own.
 *
 * <p>Two bounded queues join the stages: frames (two batches) and token batches (two), so that a
 * slow stage holds back the ones before it and at most {@code 4 x batch} frames are in flight.
 * Batches are always full but the last, so that their composition does not depend on timing. The
 * first stage to fail ends the others; its exception is the one thrown.
 */
final class WatchPipeline {
  private static final long POLL_MILLIS = 20;
  private static final Duration FOREVER = Duration.ofSeconds(Long.MAX_VALUE);

  private final FrameStream frames;
  private final SharedEncoder encoder;
  private final VideoMemory memory;
  private final WatchSignal signal;
  private final Consumer<WatchProgress> progress;
  private final Optional<Duration> duration;
  private final Deque<Duration> breakpoints;
  private final Optional<Duration> timeout;

  private final BlockingQueue<Frame> decoded;
  private final BlockingQueue<List<FrameTokens>> encoded;
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final Map<Duration, MemorySnapshot> snapshots = new HashMap<>();
  private volatile boolean decodingDone;
  private volatile boolean encodingDone;
  private long decodeNanos;
  private long encodeNanos;
  private long memoryNanos;

  WatchPipeline(
      FrameStream frames,
      SharedEncoder encoder,
      VideoMemory memory,
      WatchSignal signal,
      Consumer<WatchProgress> progress,
      Optional<Duration> duration,
      WatchOptions options) {
    this.frames = frames;
    this.encoder = encoder;
    this.memory = memory;
    this.signal = signal;
    this.progress = progress;
    this.duration = duration;
    this.breakpoints = new ArrayDeque<>(options.breakpoints());
    this.timeout = options.timeout();
    this.decoded = new ArrayBlockingQueue<>(2 * encoder.preferredBatch());
    this.encoded = new ArrayBlockingQueue<>(2);
  }

  /**
   * Runs the pass to the end of the stream, or until the signal ends it.
   *
   * @return where the time went
   * @throws CancellationException if the signal was cancelled
   * @throws VideoException if decoding failed or the timeout passed
   */
  WatchTimings run() {
    long start = System.nanoTime();
    Thread decoder = stage("moviechat-decode", this::decode);
    Thread encoding = stage("moviechat-encode", this::encode);
    try {
      consolidate(start);
    } catch (Throwable e) { // every failure ends the other stages before it is thrown on
      failure.compareAndSet(null, e);
    }
    if (failure.get() != null || signal.isCancelled()) {
      decoder.interrupt();
      encoding.interrupt();
    }
    boolean interrupted = join(decoder);
    interrupted |= join(encoding);
    decoded.forEach(Frame::close);
    encoded.forEach(batch -> batch.forEach(FrameTokens::close));
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    rethrow(failure.get());
    if (signal.isCancelled()) {
      throw new CancellationException("watching was cancelled");
    }
    return new WatchTimings(
        Duration.ofNanos(System.nanoTime() - start),
        Duration.ofNanos(decodeNanos),
        Duration.ofNanos(encodeNanos),
        Duration.ofNanos(memoryNanos));
  }

  /** The memory as it was at each breakpoint that the pass has reached. */
  Map<Duration, MemorySnapshot> snapshots() {
    return snapshots;
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
    try {
      while (running() && !signal.isEnded()) {
        long start = System.nanoTime();
        Optional<Frame> frame = frames.next();
        decodeNanos += System.nanoTime() - start;
        if (frame.isEmpty()) {
          return;
        }
        hand(decoded, frame.get(), frame.get()::close);
      }
    } finally {
      decodingDone = true;
    }
  }

  private void encode() throws InterruptedException {
    List<Frame> batch = new ArrayList<>();
    try {
      while (running()) {
        boolean last = decodingDone; // read before polling: afterwards nothing can arrive
        @Nullable Frame frame = decoded.poll(last ? 0 : POLL_MILLIS, TimeUnit.MILLISECONDS);
        if (frame != null) {
          batch.add(frame);
        }
        boolean end = last && frame == null;
        if (batch.size() == encoder.preferredBatch() || (end && !batch.isEmpty())) {
          encodeBatch(batch);
        }
        if (end) {
          return;
        }
      }
    } finally {
      batch.forEach(Frame::close);
      encodingDone = true;
    }
  }

  private void encodeBatch(List<Frame> batch) throws InterruptedException {
    List<FrameTokens> tokens;
    try {
      long start = System.nanoTime();
      tokens = encoder.encode(batch);
      encodeNanos += System.nanoTime() - start;
    } finally {
      batch.forEach(Frame::close);
      batch.clear();
    }
    hand(encoded, tokens, () -> tokens.forEach(FrameTokens::close));
  }

  private void consolidate(long start) throws InterruptedException {
    long count = 0;
    while (running()) {
      timeout.ifPresent(limit -> checkTimeout(start, limit));
      boolean last = encodingDone;
      @Nullable List<FrameTokens> batch =
          encoded.poll(last ? 0 : POLL_MILLIS, TimeUnit.MILLISECONDS);
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
          progress.accept(new WatchProgress(count, frame.timestamp(), duration));
        }
      } finally {
        batch.forEach(FrameTokens::close);
      }
    }
    if (count > 0 && running() && !signal.isEnded()) {
      keepBreakpointsBefore(FOREVER);
    }
  }

  private void keepBreakpointsBefore(Duration timestamp) {
    while (!breakpoints.isEmpty() && breakpoints.element().compareTo(timestamp) <= 0) {
      snapshots.put(breakpoints.remove(), memory.snapshot());
    }
  }

  private void checkTimeout(long start, Duration limit) {
    if (System.nanoTime() - start > limit.toNanos()) {
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

  private <T> void hand(BlockingQueue<T> queue, T item, Runnable discard)
      throws InterruptedException {
    boolean handed = false;
    try {
      while (running() && !handed) {
        handed = queue.offer(item, POLL_MILLIS, TimeUnit.MILLISECONDS);
      }
    } finally {
      if (!handed) {
        discard.run();
      }
    }
  }

  private static boolean join(Thread thread) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        return interrupted;
      } catch (InterruptedException e) {
        interrupted = true;
        thread.interrupt(); // the waiting thread's wish to end is passed on
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

  @FunctionalInterface
  private interface Stage {
    void run() throws InterruptedException;
  }
}
