package io.moviechat.memory;

import static io.moviechat.internal.Checks.require;

import io.moviechat.MemoryFileException;
import io.moviechat.TokenShape;
import io.moviechat.spi.VideoMemory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Parts of the strategies that carry nothing from one window to the next. A part's memory is the
 * strategy's own, with so much room that nothing merges after its window; joining appends what the
 * windows left to a memory of the usual size, in order of time, as one pass does.
 */
final class Parts implements VideoMemory.Parts {
  private final int window;
  private final int leastLast;
  private final int mostOfWindow;
  private final Opener opener;
  private final int usualSlots;
  private final Function<long[], Optional<int[]>> survivors;

  /** Opens the strategy's memory with another number of long-term slots, or of slots. */
  @FunctionalInterface
  interface Opener {
    SlotMemory open(TokenShape shape, int slots);
  }

  /**
   * @param mostOfWindow most slots that a window becomes
   * @param usualSlots long-term slots of the strategy, or slots if it knows no tiers
   */
  private Parts(
      int window,
      int leastLast,
      int mostOfWindow,
      int usualSlots,
      Opener opener,
      Function<long[], Optional<int[]>> survivors) {
    this.window = window;
    this.leastLast = leastLast;
    this.mostOfWindow = mostOfWindow;
    this.usualSlots = usualSlots;
    this.opener = opener;
    this.survivors = survivors;
  }

  /** Parts of a strategy that merges windows. */
  static Parts ofWindows(
      int window, int leastLast, int mostOfWindow, int usualSlots, Opener opener) {
    return new Parts(
        window, leastLast, mostOfWindow, usualSlots, opener, times -> Optional.empty());
  }

  /** Parts of a strategy that keeps frames by their times alone. */
  static Parts ofSurvivors(int slots, Opener opener, Function<long[], int[]> survivors) {
    return new Parts(1, 1, 1, slots, opener, times -> Optional.of(survivors.apply(times)));
  }

  /**
   * Parts that a strategy of any kind remembers on its own. Joining merges the most similar
   * adjacent slots, weighted by frames, until they are no more than the strategy's own.
   */
  static VideoMemory.Parts bounded(
      String strategy, int slots, Function<TokenShape, VideoMemory> opener) {
    return new Bounded(strategy, slots, opener);
  }

  private record Bounded(String strategy, int slots, Function<TokenShape, VideoMemory> opener)
      implements VideoMemory.Parts {
    @Override
    public int window() {
      return 1;
    }

    @Override
    public int leastLast() {
      return 1;
    }

    @Override
    public VideoMemory openPart(TokenShape shape, int frames) {
      return opener.apply(shape);
    }

    @Override
    public void savePart(VideoMemory part, boolean last, String label, Path file) {
      try {
        PartFile.write(part.snapshot(), strategy, label, file);
      } catch (IOException e) {
        throw new MemoryFileException("the part " + file + " cannot be written: " + e, e);
      }
    }

    @Override
    public String labelOf(Path file) {
      return PartFile.open(file).label();
    }

    @Override
    public VideoMemory join(TokenShape shape, List<Path> files, long frames, Duration end) {
      SlotMemory memory = Variant.START_EMPTY.open(shape, 2, 1, slots, null);
      return Parts.join(memory, strategy, files, 1, 1, frames, end, false);
    }
  }

  @Override
  public int window() {
    return window;
  }

  @Override
  public int leastLast() {
    return leastLast;
  }

  @Override
  public Optional<int[]> survivors(long[] times) {
    return survivors.apply(times);
  }

  @Override
  public VideoMemory openPart(TokenShape shape, int frames) {
    require(frames >= 1, "a part has at least 1 frame, was %d", frames);
    long windows = ((long) frames + window - 1) / window;
    return opener.open(shape, Math.toIntExact(Math.max(2, windows * mostOfWindow)));
  }

  @Override
  public void savePart(VideoMemory part, boolean last, String label, Path file) {
    require(part instanceof SlotMemory, "%s was not opened for a part", part);
    SlotMemory memory = (SlotMemory) part;
    require(memory.framesSeen() > 0, "a part has at least 1 frame, this one has none");
    if (!last) {
      require(
          memory.framesSeen() % window == 0,
          "a part that is not the last has a multiple of %d frames, this one has %d",
          window,
          memory.framesSeen());
      memory.finishPart();
    }
    try {
      PartFile.write(memory, label, file);
    } catch (IOException e) {
      throw new MemoryFileException("the part " + file + " cannot be written: " + e, e);
    }
  }

  @Override
  public String labelOf(Path file) {
    return PartFile.open(file).label();
  }

  @Override
  public VideoMemory join(TokenShape shape, List<Path> files, long frames, Duration end) {
    SlotMemory memory = opener.open(shape, usualSlots);
    boolean survivorsOnly = survivors(new long[] {0}).isPresent();
    return join(memory, memory.strategy(), files, window, leastLast, frames, end, survivorsOnly);
  }

  private static VideoMemory join(
      SlotMemory memory,
      String strategy,
      List<Path> files,
      int window,
      int leastLast,
      long frames,
      Duration end,
      boolean survivorsOnly) {
    try {
      require(!files.isEmpty(), "there is no part to join");
      long seen = 0;
      long forgotten = 0;
      long before = -1;
      for (int i = 0; i < files.size(); i++) {
        PartFile part = PartFile.open(files.get(i));
        boolean last = i + 1 == files.size();
        require(
            part.start() > before,
            "the part %s begins at %s, before the one ahead of it ends (%s): parts are out of order"
                + " or there twice",
            files.get(i),
            Duration.ofNanos(part.start()),
            Duration.ofNanos(before));
        require(
            last
                ? files.size() == 1 || part.framesSeen >= leastLast
                : part.framesSeen % window == 0,
            "the part %s has %d frames; %s",
            files.get(i),
            part.framesSeen,
            last ? "the last one needs at least " + leastLast : "it needs a multiple of " + window);
        part.replay(memory, strategy);
        seen += part.framesSeen;
        forgotten += part.framesForgotten;
        before = part.end;
      }
      require(
          seen == frames || (survivorsOnly && seen < frames),
          "the parts have %d frames, the film has %d: a part is missing, or of another film",
          seen,
          frames);
      memory.replayed(frames, forgotten + frames - seen, end.toNanos());
      return memory;
    } catch (RuntimeException e) {
      memory.close();
      throw e;
    }
  }
}
