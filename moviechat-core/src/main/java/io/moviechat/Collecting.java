package io.moviechat;

import io.moviechat.internal.Waiting;
import io.moviechat.speech.Cues;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Collects words of one film on a thread of its own beside the pictures that are watched. A failure
 * is told in the cues and ends nothing else.
 *
 * <p>Closing ends it: the thread is interrupted <i>and</i> what it reads of is closed, the one call
 * that ends a read which is stuck. An opening that is stuck is left to itself; what it opens in the
 * end is closed at once.
 */
abstract class Collecting implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Collecting.class);
  private static final long PATIENCE_MILLIS = 100;

  private final String what;
  private final VideoLocation location;
  private final CountDownLatch done = new CountDownLatch(1);
  private final Object lock = new Object();
  private @Nullable Thread thread;
  private @Nullable AutoCloseable source;
  private volatile Cues cues;
  private volatile boolean stopped;
  private volatile boolean ended;

  /**
   * @param what it does, for messages and the name of its thread
   * @param earlier what was collected before; this goes on behind it
   * @param wanted whether there is anything to do
   */
  Collecting(String what, VideoLocation location, Cues earlier, boolean wanted) {
    this.what = what;
    this.location = location;
    this.cues = earlier;
    if (!wanted) {
      done.countDown();
    }
  }

  /** Collects to the end, or until {@link #isStopped} or {@link #isEnded}. */
  abstract void collect() throws Exception;

  /** Begins, once: when the video is known to be there. */
  final void begin() {
    synchronized (lock) {
      if (thread == null && !ended && !isDone()) {
        thread = new Thread(this::run, "moviechat-" + what);
        thread.setDaemon(true);
        thread.start();
      }
    }
  }

  /** What was collected until now. */
  final Cues cues() {
    return cues;
  }

  final void setCues(Cues now) {
    cues = now;
  }

  /**
   * Tells what is read of, so that it can be closed.
   *
   * @return false if nobody wants it any more
   */
  final boolean isWanted(AutoCloseable opened) {
    synchronized (lock) {
      if (!ended) {
        source = opened;
      }
      return !ended;
    }
  }

  /** Whether what was read until now still counts, and no more is to be read. */
  final boolean isStopped() {
    return stopped;
  }

  /** Whether nobody wants anything of it. */
  final boolean isEnded() {
    return ended;
  }

  private boolean isDone() {
    return done.getCount() == 0;
  }

  /** Waits until nothing more will come. */
  final boolean awaitDone(long millis) throws InterruptedException {
    return done.await(millis, TimeUnit.MILLISECONDS);
  }

  /** Ends it here: what was read still counts. Does not wait. */
  final void stop() {
    stopped = true;
  }

  /** Ends a read that does not end by itself after {@link #stop}. */
  final void endSource() {
    @Nullable AutoCloseable open;
    synchronized (lock) {
      open = source;
    }
    if (open != null) {
      try {
        open.close();
      } catch (Exception e) { // the thread closes it too, and says so if it fails
        log.debug("closing early what is read of", e);
      }
    }
  }

  private void run() {
    try {
      collect();
    } catch (Throwable e) { // told in the cues: pictures go on
      if (!ended) {
        String why = e.getMessage() == null ? e.toString() : e.getMessage();
        log.warn("{}: {} ended early: {}", location, what, why);
        log.debug("why it ended", e);
        cues = cues.withProblem(Optional.of(why.lines().findFirst().orElse(e.toString())));
      }
    } finally {
      done.countDown();
    }
  }

  /** Ends it and waits for that, unless it is stuck in opening. Closing twice is fine. */
  @Override
  public final void close() {
    @Nullable Thread collector;
    boolean opening;
    synchronized (lock) {
      ended = true;
      collector = thread;
      opening = source == null;
    }
    if (collector == null || isDone()) {
      return;
    }
    collector.interrupt();
    if (opening) {
      try {
        collector.join(PATIENCE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return;
    }
    endSource();
    Waiting.join(collector);
  }
}
