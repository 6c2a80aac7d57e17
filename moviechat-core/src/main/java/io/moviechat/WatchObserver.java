package io.moviechat;

import io.moviechat.internal.Nanos;
import io.moviechat.spi.SavedMemory;
import io.moviechat.spi.VideoMemory;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells who watches how far a pass has come, and saves the memory now and then. Called by the stage
 * that consolidates, after each frame; does nothing most of the time.
 */
final class WatchObserver {
  private static final Logger log = LoggerFactory.getLogger(WatchObserver.class);

  /** Between two reports that no frame asks for. */
  private static final long LEAST_NANOS = 100_000_000;

  private final VideoMemory memory;
  private final WatchSignal signal;
  private final WordsPass words;
  private final Consumer<Watching.Progress> listener;
  private final long reportEvery;
  private final Supplier<SavedMemory> now;
  private final Runnable save;
  private final long saveEvery;
  private final long start = System.nanoTime();
  private boolean listening = true;
  private long lastReport = start;
  private long lastSave = start;
  private long frames;
  private boolean reported;
  private Duration position = Duration.ZERO;
  private Optional<Duration> duration = Optional.empty();
  private long damagedFrames;

  /**
   * @param words tells how far it has heard
   * @param now what is in memory
   * @param save saves a checkpoint; not called if the options want none
   */
  WatchObserver(
      WatchOptions options,
      VideoMemory memory,
      WatchSignal signal,
      WordsPass words,
      Supplier<SavedMemory> now,
      Runnable save) {
    this.now = now;
    this.memory = memory;
    this.signal = signal;
    this.words = words;
    this.listener = options.listener();
    this.reportEvery = Nanos.saturated(options.progressEvery());
    this.save = save;
    this.saveEvery =
        options.checkpointFile().isPresent()
            ? Nanos.saturated(options.checkpointEvery())
            : Long.MAX_VALUE;
  }

  /** Between two frames, and now and then while there is none: the memory is at rest. */
  void atRest() {
    signal.tellMemory(now);
  }

  void added(Duration frame, Optional<Duration> videoDuration, long damaged) {
    frames++;
    position = frame;
    duration = videoDuration;
    damagedFrames = damaged;
    long now = System.nanoTime();
    reported = frames == 1 || now - lastReport >= reportEvery;
    if (reported) {
      report(now);
    }
    saveIfDue(now);
  }

  /** Now and then when all frames are there and the words are not. */
  void heard() {
    long now = System.nanoTime();
    if (frames > 0 && now - lastReport >= Math.max(reportEvery, LEAST_NANOS)) {
      report(now);
    }
    saveIfDue(now);
  }

  private void saveIfDue(long now) {
    if (now - lastSave >= saveEvery) {
      save.run();
      lastSave = System.nanoTime();
    }
  }

  /** After the last frame. */
  void ended() {
    if (!reported) {
      report(System.nanoTime());
    }
  }

  private void report(long now) {
    lastReport = now;
    Watching.Progress progress =
        new Watching.Progress(
            position,
            duration,
            frames,
            memory.stats().slots(),
            damagedFrames,
            words.heard(),
            words.read(),
            Duration.ofNanos(now - start));
    signal.progress(progress);
    if (!listening) {
      return;
    }
    try {
      listener.accept(progress);
    } catch (CancellationException e) { // the listener's wish
      throw e;
    } catch (RuntimeException e) {
      listening = false;
      log.warn("a progress listener failed and is not called again; watching goes on", e);
    }
  }
}
