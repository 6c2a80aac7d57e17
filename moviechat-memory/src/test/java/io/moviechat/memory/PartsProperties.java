package io.moviechat.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.moviechat.FrameTokens;
import io.moviechat.MemoryFileException;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import io.moviechat.spi.VideoMemory;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Parts of a film, joined, are what one pass leaves: to the bit. */
class PartsProperties {
  private static final TokenShape SHAPE = new TokenShape(3, 4);
  private static Path folder;

  @BeforeContainer
  static void makeFolder() throws IOException {
    folder = Files.createTempDirectory("parts");
  }

  @AfterContainer
  static void deleteFolder() throws IOException {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  /** Scores a frame by its first value: about half of all fragments fit. */
  private static final FrameScorer SCORER = frame -> frame.values().get(0) > 0.9 ? 0.5 : 0.1;

  @Provide
  Arbitrary<VideoMemory.Factory> windows() {
    return Arbitraries.of(
        MemoryStrategies.moviechatStartEmpty().build(),
        MemoryStrategies.moviechatStartEmpty()
            .shortTermFrames(5)
            .consolidateTo(2)
            .longTermSlots(7)
            .build(),
        MemoryStrategies.moviechatStartEmpty()
            .shortTermFrames(3)
            .consolidateTo(1)
            .longTermSlots(1)
            .build(),
        MemoryStrategies.released().longTermSlots(6).build(),
        MemoryStrategies.released().shortTermFrames(5).longTermSlots(9).build(),
        MemoryStrategies.plus(SCORER).longTermSlots(8).build(),
        MemoryStrategies.hybrid(24),
        MemoryStrategies.hybrid(6),
        MemoryStrategies.hybrid(40));
  }

  @Provide
  Arbitrary<VideoMemory.Factory> samplers() {
    return Arbitraries.of(
        MemoryStrategies.uniform(2),
        MemoryStrategies.uniform(9),
        MemoryStrategies.uniform(256),
        MemoryStrategies.recent(1),
        MemoryStrategies.recent(12),
        MemoryStrategies.reservoir(8, 0),
        MemoryStrategies.reservoir(20, 99));
  }

  /** Frames with many ties and long still stretches, at uneven times. */
  static List<FrameTokens> film(int frames, long seed) {
    Random random = new Random(seed);
    boolean coarse = random.nextBoolean();
    List<FrameTokens> film = new ArrayList<>();
    float[] values = new float[SHAPE.floats()];
    long time = 0;
    for (int i = 0; i < frames; i++) {
      for (int k = 0; k < values.length; k++) {
        if (random.nextInt(3) == 0) {
          values[k] = coarse ? random.nextInt(3) / 2f : random.nextFloat();
        }
      }
      film.add(FrameTokens.of(Duration.ofNanos(time), SHAPE, FloatBuffer.wrap(values.clone())));
      time += 1 + (random.nextInt(4) == 0 ? random.nextInt(5_000_000) : 1_000_000);
    }
    return film;
  }

  static long[] times(List<FrameTokens> film) {
    return film.stream().mapToLong(frame -> frame.timestamp().toNanos()).toArray();
  }

  static MemorySnapshot inOnePass(VideoMemory.Factory strategy, List<FrameTokens> film) {
    try (VideoMemory memory = strategy.open(SHAPE)) {
      film.forEach(memory::add);
      return memory.snapshot();
    }
  }

  /** Cuts at random places of the grid, the last part long enough. */
  private static List<Integer> cuts(VideoMemory.Parts parts, int frames, long seed) {
    TreeSet<Integer> cuts = new TreeSet<>();
    Random random = new Random(seed);
    int last = (frames - parts.leastLast()) / parts.window();
    for (int i = random.nextInt(6); i > 0 && last > 0; i--) {
      cuts.add((1 + random.nextInt(last)) * parts.window());
    }
    cuts.remove(frames);
    cuts.add(0);
    cuts.add(frames);
    return new ArrayList<>(cuts);
  }

  private static List<Path> watch(
      VideoMemory.Parts parts, List<FrameTokens> film, List<Integer> cuts) {
    List<Path> files = new ArrayList<>();
    for (int i = 0; i + 1 < cuts.size(); i++) {
      List<FrameTokens> frames = film.subList(cuts.get(i), cuts.get(i + 1));
      try (VideoMemory part = parts.openPart(SHAPE, frames.size())) {
        frames.forEach(part::add);
        Path file = folder.resolve("part-" + i);
        parts.savePart(part, i + 2 == cuts.size(), "part " + i, file);
        assertThat(parts.labelOf(file)).isEqualTo("part " + i);
        files.add(file);
      }
    }
    return files;
  }

  private static Duration end(List<FrameTokens> film) {
    return film.get(film.size() - 1).timestamp();
  }

  private static MemorySnapshot joined(
      VideoMemory.Parts parts, List<Path> files, List<FrameTokens> film) {
    try (VideoMemory memory = parts.join(SHAPE, files, film.size(), end(film))) {
      return memory.snapshot();
    }
  }

  static void assertSame(MemorySnapshot actual, MemorySnapshot expected) {
    assertThat(actual.framesSeen()).isEqualTo(expected.framesSeen());
    assertThat(actual.framesForgotten()).isEqualTo(expected.framesForgotten());
    assertThat(actual.slots()).hasSameSizeAs(expected.slots());
    for (int i = 0; i < actual.slots().size(); i++) {
      MemorySlot a = actual.slots().get(i);
      MemorySlot b = expected.slots().get(i);
      assertThat(a.toString()).isEqualTo(b.toString());
      assertThat(a.representative()).isEqualTo(b.representative());
      assertThat(a.salience()).isEqualTo(b.salience());
      for (int k = 0; k < SHAPE.floats(); k++) {
        assertThat(Float.floatToRawIntBits(a.tokens().get(k)))
            .isEqualTo(Float.floatToRawIntBits(b.tokens().get(k)));
      }
    }
  }

  @Property(tries = 250)
  void anyCutsOnTheGridGiveWhatOnePassGives(
      @ForAll("windows") VideoMemory.Factory strategy,
      @ForAll @IntRange(min = 1, max = 260) int frames,
      @ForAll long seed) {
    VideoMemory.Parts parts = strategy.inParts();
    List<FrameTokens> film = film(frames, seed);
    List<Path> files = watch(parts, film, cuts(parts, frames, seed));
    assertSame(joined(parts, files, film), inOnePass(strategy, film));
  }

  @Property(tries = 120)
  void samplersNeedTheirSurvivorsOnly(
      @ForAll("samplers") VideoMemory.Factory strategy,
      @ForAll @IntRange(min = 1, max = 200) int frames,
      @ForAll long seed) {
    VideoMemory.Parts parts = strategy.inParts();
    List<FrameTokens> film = film(frames, seed);
    List<FrameTokens> kept = new ArrayList<>();
    for (int index : parts.survivors(times(film)).orElseThrow()) {
      kept.add(film.get(index));
    }
    List<Path> files = watch(parts, kept, cuts(parts, kept.size(), seed));
    assertSame(joined(parts, files, film), inOnePass(strategy, film));
  }

  @Property(tries = 100)
  void lostRepeatedAndSwappedPartsAreNoticed(
      @ForAll("windows") VideoMemory.Factory strategy,
      @ForAll @IntRange(min = 100, max = 200) int frames,
      @ForAll long seed) {
    VideoMemory.Parts parts = strategy.inParts();
    List<FrameTokens> film = film(frames, seed);
    List<Integer> cuts = cuts(parts, frames, seed);
    Assume.that(cuts.size() > 2);
    List<Path> files = watch(parts, film, cuts);
    int at = Math.floorMod(seed, files.size());

    List<Path> lost = new ArrayList<>(files);
    lost.remove(at);
    assertRefused(parts, lost, film);
    List<Path> repeated = new ArrayList<>(files);
    repeated.add(at, files.get(at));
    assertRefused(parts, repeated, film);
    List<Path> swapped = new ArrayList<>(files);
    swapped.add(swapped.remove(0));
    assertRefused(parts, swapped, film);
  }

  private static void assertRefused(
      VideoMemory.Parts parts, List<Path> files, List<FrameTokens> film) {
    assertThatThrownBy(() -> joined(parts, files, film))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Property(tries = 100)
  void aPartThatEndsOffTheGridIsRefused(
      @ForAll("windows") VideoMemory.Factory strategy,
      @ForAll @IntRange(min = 1, max = 99) int frames) {
    VideoMemory.Parts parts = strategy.inParts();
    Assume.that(frames % parts.window() != 0);
    try (VideoMemory part = parts.openPart(SHAPE, frames)) {
      film(frames, frames).forEach(part::add);
      assertThatThrownBy(() -> parts.savePart(part, false, "x", folder.resolve("off-grid")))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("multiple of " + parts.window());
    }
  }

  @Property(tries = 100)
  void aDamagedPartIsNoticed(@ForAll @IntRange(min = 0, max = 9999) int place) throws IOException {
    VideoMemory.Parts parts = MemoryStrategies.released().build().inParts();
    List<FrameTokens> film = film(40, 1);
    List<Path> files = watch(parts, film, List.of(0, 40));
    byte[] bytes = Files.readAllBytes(files.get(0));
    bytes[place % bytes.length] ^= 0x10;
    Files.write(files.get(0), bytes);
    assertThatThrownBy(() -> joined(parts, files, film)).isInstanceOf(MemoryFileException.class);
    Files.write(files.get(0), java.util.Arrays.copyOf(bytes, place % bytes.length));
    assertThatThrownBy(() -> parts.labelOf(files.get(0))).isInstanceOf(MemoryFileException.class);
  }

  @Example
  void aPartOfAnotherStrategyIsRefused() {
    List<FrameTokens> film = film(40, 1);
    List<Path> files = watch(MemoryStrategies.released().build().inParts(), film, List.of(0, 40));
    assertThatThrownBy(() -> joined(MemoryStrategies.hybrid().inParts(), files, film))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("moviechat-released")
        .hasMessageContaining("hybrid");
  }

  @Provide
  Arbitrary<VideoMemory.Factory> anything() {
    return Arbitraries.of(
        MemoryStrategies.moviechatStartEmpty().longTermSlots(12).build(),
        MemoryStrategies.moviechat().longTermSlots(12).build(),
        MemoryStrategies.oneVision().longTermSlots(12).build(),
        MemoryStrategies.events(16),
        MemoryStrategies.clusters(16),
        MemoryStrategies.memoryBank(16),
        MemoryStrategies.hybrid(24),
        MemoryStrategies.uniform(9));
  }

  /** Any cuts: bounded parts need no grid. */
  private static List<Integer> freeCuts(int frames, long seed) {
    TreeSet<Integer> cuts = new TreeSet<>(List.of(0, frames));
    Random random = new Random(seed);
    for (int i = random.nextInt(5); i > 0 && frames > 1; i--) {
      cuts.add(1 + random.nextInt(frames - 1));
    }
    return new ArrayList<>(cuts);
  }

  @Property(tries = 120)
  void boundedPartsTileTheFilmAndLoseNoFrame(
      @ForAll("anything") VideoMemory.Factory strategy,
      @ForAll @IntRange(min = 1, max = 200) int frames,
      @ForAll long seed) {
    VideoMemory.Parts parts = strategy.inBoundedParts();
    List<FrameTokens> film = film(frames, seed);
    MemorySnapshot joined = joined(parts, watch(parts, film, freeCuts(frames, seed)), film);

    assertThat(joined.slots()).hasSizeLessThanOrEqualTo(strategy.maxSlots());
    assertThat(joined.framesSeen()).isEqualTo(frames);
    long counted = joined.framesForgotten();
    for (int i = 0; i < joined.slots().size(); i++) {
      MemorySlot slot = joined.slots().get(i);
      counted += slot.frames();
      boolean last = i + 1 == joined.slots().size();
      assertThat(slot.end()).isEqualTo(last ? end(film) : joined.slots().get(i + 1).start());
    }
    assertThat(counted).isEqualTo(frames);
    if (joined.framesForgotten() == 0) {
      assertThat(joined.slots().get(0).start()).isEqualTo(film.get(0).timestamp());
    }
  }

  @Property(tries = 80)
  void aBoundedSlotIsTheMeanOfItsFrames(
      @ForAll @IntRange(min = 1, max = 200) int frames, @ForAll long seed) {
    VideoMemory.Factory strategy = MemoryStrategies.moviechatStartEmpty().longTermSlots(5).build();
    VideoMemory.Parts parts = strategy.inBoundedParts();
    List<FrameTokens> film = film(frames, seed);
    MemorySnapshot joined = joined(parts, watch(parts, film, freeCuts(frames, seed)), film);
    int at = 0;
    for (MemorySlot slot : joined.slots()) {
      double[] mean = mean(film.subList(at, at + (int) slot.frames()));
      for (int k = 0; k < mean.length; k++) {
        // Each of at most n merges rounds values of at most 1.
        assertThat((double) slot.tokens().get(k)).isCloseTo(mean[k], within(frames * 1e-6));
      }
      at += (int) slot.frames();
    }
    assertThat(at).isEqualTo(frames);
  }

  @Property(tries = 50)
  void onePartIsWhatItWasIfItFits(@ForAll @IntRange(min = 1, max = 200) int frames) {
    VideoMemory.Factory strategy = MemoryStrategies.moviechatStartEmpty().longTermSlots(8).build();
    VideoMemory.Parts parts = strategy.inBoundedParts();
    List<FrameTokens> film = film(frames, frames);
    MemorySnapshot joined = joined(parts, watch(parts, film, List.of(0, frames)), film);
    MemorySnapshot whole = inOnePass(strategy, film);
    Assume.that(whole.slots().size() <= 8); // short-term frames count too
    assertThat(joined.slots()).hasSameSizeAs(whole.slots());
    for (int i = 0; i < joined.slots().size(); i++) {
      assertThat(joined.slots().get(i).tokens()).isEqualTo(whole.slots().get(i).tokens());
      assertThat(joined.slots().get(i).frames()).isEqualTo(whole.slots().get(i).frames());
    }
  }

  /** How much farther frames are from their slots than in one pass; docs/scale-out.md has it. */
  @Example
  void boundedPartsBlurLittleMore() {
    VideoMemory.Factory strategy = MemoryStrategies.moviechatStartEmpty().longTermSlots(16).build();
    VideoMemory.Parts parts = strategy.inBoundedParts();
    double ratios = 0;
    double worst = 0;
    int films = 12;
    for (int seed = 0; seed < films; seed++) {
      List<FrameTokens> film = film(720, seed);
      MemorySnapshot joined =
          joined(parts, watch(parts, film, List.of(0, 180, 360, 540, 720)), film);
      double ratio = distance(joined, film) / distance(inOnePass(strategy, film), film);
      ratios += ratio / films;
      worst = Math.max(worst, ratio);
    }
    assertThat(ratios).isBetween(0.9, 1.05);
    assertThat(worst).isLessThan(1.2);
  }

  private static double distance(MemorySnapshot memory, List<FrameTokens> film) {
    double sum = 0;
    int at = 0;
    for (MemorySlot slot : memory.slots()) {
      for (int i = 0; i < slot.frames(); i++, at++) {
        double squared = 0;
        for (int k = 0; k < SHAPE.floats(); k++) {
          double difference = film.get(at).values().get(k) - slot.tokens().get(k);
          squared += difference * difference;
        }
        sum += Math.sqrt(squared);
      }
    }
    return sum / at;
  }

  private static double[] mean(List<FrameTokens> frames) {
    double[] mean = new double[SHAPE.floats()];
    for (FrameTokens frame : frames) {
      for (int k = 0; k < mean.length; k++) {
        mean[k] += frame.values().get(k) / (double) frames.size();
      }
    }
    return mean;
  }

  @Example
  void strategiesThatCarryStateSayWhy() {
    for (VideoMemory.Factory strategy :
        List.of(
            MemoryStrategies.moviechat().build(),
            MemoryStrategies.oneVision().build(),
            MemoryStrategies.events(),
            MemoryStrategies.clusters(),
            MemoryStrategies.memoryBank())) {
      assertThatThrownBy(strategy::inParts)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(strategy.strategy() + " cannot be watched in parts")
          .hasMessageContaining("before")
          .hasMessageContaining("moviechat-start-empty");
    }
  }
}
