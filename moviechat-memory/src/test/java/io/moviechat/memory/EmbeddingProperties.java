package io.moviechat.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.moviechat.FrameTokens;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.MovieMemory;
import io.moviechat.TokenShape;
import io.moviechat.spi.SavedMemory;
import io.moviechat.spi.VideoMemory;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Embeddings go where the tokens of their frames go. */
class EmbeddingProperties {
  private static final TokenShape SHAPE = new TokenShape(3, 4);

  /** Rounding of sums in another order. */
  private static final float ROUNDING = 1e-4f;

  private static Path folder = Path.of("");

  @BeforeContainer
  static void makeFolder() throws IOException {
    folder = Files.createTempDirectory("embeddings");
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

  /** Whose slots are averages of frames, or single frames. */
  @Provide
  Arbitrary<VideoMemory.Factory> averaging() {
    return Arbitraries.of(
        MemoryStrategies.moviechat().shortTermFrames(6).longTermSlots(9).build(),
        MemoryStrategies.moviechatStartEmpty().shortTermFrames(5).longTermSlots(7).build(),
        MemoryStrategies.released().longTermSlots(6).build(),
        MemoryStrategies.oneVision().longTermSlots(8).build(),
        MemoryStrategies.plus(frame -> frame.values().get(0)).longTermSlots(8).build(),
        MemoryStrategies.hybrid(24),
        MemoryStrategies.events(9),
        MemoryStrategies.uniform(9),
        MemoryStrategies.recent(12),
        MemoryStrategies.reservoir(8, 1));
  }

  /** Whose slots stand for the frames of their time, each with the same weight. */
  @Provide
  Arbitrary<VideoMemory.Factory> tiling() {
    return Arbitraries.of(
        MemoryStrategies.moviechatStartEmpty().shortTermFrames(5).longTermSlots(7).build(),
        MemoryStrategies.hybrid(24),
        MemoryStrategies.events(9),
        MemoryStrategies.clusters(12),
        MemoryStrategies.memoryBank(9));
  }

  /** Frames whose embedding is their first token. */
  private static List<FrameTokens> film(int frames, long seed) {
    List<FrameTokens> film = new ArrayList<>();
    for (FrameTokens frame : PartsProperties.film(frames, seed)) {
      film.add(frame.withEmbedding(frame.values().slice(0, SHAPE.width())));
    }
    return film;
  }

  private static void assertFirstTokens(MemorySnapshot memory, float error) {
    MemorySnapshot embeddings = memory.embeddings().orElseThrow();
    assertThat(embeddings.shape()).isEqualTo(new TokenShape(1, SHAPE.width()));
    for (int i = 0; i < memory.slots().size(); i++) {
      MemorySlot slot = memory.slots().get(i);
      for (int d = 0; d < SHAPE.width(); d++) {
        assertThat(slot.embedding().orElseThrow().get(d))
            .isCloseTo(slot.tokens().get(d), within(error));
        assertThat(embeddings.slots().get(i).tokens().get(d))
            .isEqualTo(slot.embedding().get().get(d));
      }
      assertThat(embeddings.slots().get(i).toString()).isEqualTo(slot.toString());
    }
  }

  @Property(tries = 200)
  void theyAreAveragedAsTokensAre(
      @ForAll("averaging") VideoMemory.Factory strategy,
      @ForAll @IntRange(min = 1, max = 150) int frames,
      @ForAll @IntRange(min = 1, max = 150) int look,
      @ForAll long seed) {
    List<FrameTokens> film = film(frames, seed);
    try (VideoMemory memory = strategy.open(SHAPE)) {
      for (int i = 0; i < frames; i++) {
        memory.add(film.get(i));
        if (i + 1 == look) {
          assertFirstTokens(memory.snapshot(), ROUNDING);
        }
      }
      assertFirstTokens(memory.snapshot(), ROUNDING);
      memory.reset();
      memory.add(PartsProperties.film(1, seed).get(0));
      assertThat(memory.snapshot().embeddings()).isEmpty();
    }
  }

  @Property(tries = 200)
  void tokensAreWhatTheyAreWithoutEmbeddings(
      @ForAll("averaging") VideoMemory.Factory strategy,
      @ForAll @IntRange(min = 1, max = 150) int frames,
      @ForAll long seed) {
    MemorySnapshot plain = PartsProperties.inOnePass(strategy, PartsProperties.film(frames, seed));
    MemorySnapshot embedded = PartsProperties.inOnePass(strategy, film(frames, seed));
    assertThat(embedded.withoutEmbeddings()).isEqualTo(plain);
    assertThat(embedded.bytes() - plain.bytes())
        .isEqualTo((long) Float.BYTES * SHAPE.width() * plain.slots().size());
  }

  @Property(tries = 100)
  void aSlotHasTheMeanOfTheFramesOfItsTime(
      @ForAll("tiling") VideoMemory.Factory strategy,
      @ForAll @IntRange(min = 1, max = 150) int frames,
      @ForAll long seed) {
    List<FrameTokens> film = film(frames, seed);
    MemorySnapshot memory = PartsProperties.inOnePass(strategy, film);
    int next = 0;
    for (MemorySlot slot : memory.slots()) {
      float[] sum = new float[SHAPE.width()];
      for (int i = 0; i < slot.frames(); i++, next++) {
        for (int d = 0; d < sum.length; d++) {
          sum[d] += film.get(next).embedding().orElseThrow().get(d);
        }
      }
      for (int d = 0; d < sum.length; d++) {
        assertThat(slot.embedding().orElseThrow().get(d))
            .isCloseTo(sum[d] / slot.frames(), within(ROUNDING));
      }
    }
    assertThat(next).isEqualTo(frames);
  }

  @Property(tries = 150)
  void aResumedPassGoesOnWithThem(
      @ForAll("averaging") VideoMemory.Factory strategy,
      @ForAll @IntRange(min = 1, max = 60) int before,
      @ForAll @IntRange(min = 0, max = 60) int after,
      @ForAll long seed)
      throws IOException {
    List<FrameTokens> film = film(before + after, seed);
    MemorySnapshot earlier = PartsProperties.inOnePass(strategy, film.subList(0, before));
    Path file = folder.resolve("half-way");
    MemoryFile.save(saved(earlier), file, MovieMemory.Precision.FLOAT32);
    try (VideoMemory memory = strategy.resume(MemoryFile.open(file).snapshot())) {
      film.subList(before, before + after).forEach(memory::add);
      assertFirstTokens(memory.snapshot(), 1e-3f); // half floats of values up to 1
    }
  }

  @Property(tries = 150)
  void partsJoinToWhatOnePassGives(
      @ForAll @IntRange(min = 1, max = 200) int frames,
      @ForAll @IntRange(min = 0, max = 1) int which,
      @ForAll @IntRange(min = 1, max = 5) int cut,
      @ForAll long seed) {
    VideoMemory.Factory strategy =
        which == 0
            ? MemoryStrategies.moviechatStartEmpty().shortTermFrames(5).longTermSlots(7).build()
            : MemoryStrategies.hybrid(24);
    VideoMemory.Parts parts = strategy.inParts();
    List<FrameTokens> film = film(frames, seed);
    int at = cut * parts.window();
    List<List<FrameTokens>> pieces =
        frames - at < parts.leastLast()
            ? List.of(film)
            : List.of(film.subList(0, at), film.subList(at, frames));
    List<Path> files = new ArrayList<>();
    for (List<FrameTokens> piece : pieces) {
      try (VideoMemory part = parts.openPart(SHAPE, piece.size())) {
        piece.forEach(part::add);
        Path file = folder.resolve("part-" + files.size());
        parts.savePart(part, files.size() + 1 == pieces.size(), "part", file);
        files.add(file);
      }
    }
    try (VideoMemory memory = parts.join(SHAPE, files, frames, film.get(frames - 1).timestamp())) {
      assertThat(memory.snapshot()).isEqualTo(PartsProperties.inOnePass(strategy, film));
    }
  }

  @Property(tries = 100)
  void filesKeepThemAsHalfFloats(
      @ForAll("averaging") VideoMemory.Factory strategy,
      @ForAll MovieMemory.Precision precision,
      @ForAll boolean withCues,
      @ForAll @IntRange(min = 1, max = 60) int frames,
      @ForAll long seed) {
    MemorySnapshot memory = PartsProperties.inOnePass(strategy, film(frames, seed));
    SavedMemory saved = saved(memory);
    if (withCues) {
      saved = saved.toBuilder(memory).cues(MemoryFileTest.CUES).build();
    }
    Path file = folder.resolve("whole");
    MemoryFile.save(saved, file, precision);

    SavedMemory opened = MemoryFile.open(file);

    assertThat(opened.embeddingEncoderId()).contains("pictures");
    assertThat(opened.cues()).isEqualTo(saved.cues());
    for (int i = 0; i < memory.slots().size(); i++) {
      for (int d = 0; d < SHAPE.width(); d++) {
        float value = memory.slots().get(i).embedding().orElseThrow().get(d);
        assertThat(opened.snapshot().slots().get(i).embedding().orElseThrow().get(d))
            .isCloseTo(value, within(Math.max(0x1p-25f, Math.abs(value) * 0x1p-11f)));
      }
    }
  }

  private static SavedMemory saved(MemorySnapshot memory) {
    return SavedMemory.builder(memory, "tokens")
        .embeddingEncoderId(Optional.of("pictures"))
        .build();
  }

  @Property(tries = 50)
  void aFrameWithoutOneOrWithAnotherIsRefusedAndChangesNothing(
      @ForAll("averaging") VideoMemory.Factory strategy,
      @ForAll @IntRange(min = 1, max = 60) int frames,
      @ForAll long seed) {
    List<FrameTokens> film = film(frames + 1, seed);
    FrameTokens plain = PartsProperties.film(frames + 1, seed).get(frames);
    try (VideoMemory memory = strategy.open(SHAPE)) {
      film.subList(0, frames).forEach(memory::add);
      MemorySnapshot before = memory.snapshot();
      assertThatThrownBy(() -> memory.add(plain))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("embedding of 0 values, those before have 4");
      assertThatThrownBy(() -> memory.add(plain.withEmbedding(FloatBuffer.allocate(2))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("embedding of 2 values");
      FloatBuffer broken = FloatBuffer.allocate(4).put(2, Float.NaN);
      assertThatThrownBy(() -> memory.add(plain.withEmbedding(broken)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("NaN in column 2");
      assertThat(memory.snapshot()).isEqualTo(before);
      memory.add(film.get(frames));
      assertFirstTokens(memory.snapshot(), ROUNDING);
    }
  }
}
