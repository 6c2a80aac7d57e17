package io.moviechat.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.FrameSampling;
import io.moviechat.MemorySnapshot;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.SplitWatch;
import io.moviechat.VideoException;
import io.moviechat.WatchOptions;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.testing.FakeEncoder;
import io.moviechat.spi.testing.FakeGenerator;
import io.moviechat.spi.testing.FakeVideo;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SplitWatchTest {
  private static final URI FILM = FakeVideo.of(500);

  @TempDir Path folder;
  private final AtomicInteger decoded = new AtomicInteger();

  static List<VideoMemory.Factory> exact() {
    return List.of(
        MemoryStrategies.moviechatStartEmpty().longTermSlots(9).build(),
        MemoryStrategies.released().longTermSlots(7).build(),
        MemoryStrategies.plus(frame -> frame.values().get(0)).longTermSlots(11).build(),
        MemoryStrategies.hybrid(24),
        MemoryStrategies.uniform(12),
        MemoryStrategies.recent(12),
        MemoryStrategies.reservoir(12, 3));
  }

  @MustBeClosed
  private MovieChat chat(VideoMemory.Factory memory, FrameSampling sampling) {
    return MovieChat.builder()
        .encoder(new FakeEncoder())
        .generator(new FakeGenerator())
        .video(new FakeVideo(index -> decoded.incrementAndGet()))
        .memory(memory)
        .sampling(sampling)
        .build();
  }

  @MustBeClosed
  private MovieChat chat(VideoMemory.Factory memory) {
    return chat(memory, FrameSampling.everyFrame());
  }

  private List<Path> watch(SplitWatch split) {
    List<Path> files = new ArrayList<>();
    for (int part = 0; part < split.parts(); part++) {
      files.add(folder.resolve("part-" + part));
      split.watchSegment(part, files.get(part));
    }
    return files;
  }

  /** A pass that looks at every frame, whatever the memory. */
  private static MemorySnapshot inOnePass(MovieChat chat) {
    WatchOptions all = WatchOptions.DEFAULT.withBreakpoints(List.of(Duration.ofSeconds(1)));
    try (Movie movie = chat.watch(FILM, all)) {
      return movie.memory().snapshot();
    }
  }

  private static void assertSame(MemorySnapshot actual, MemorySnapshot expected) {
    assertThat(actual.framesSeen()).isEqualTo(expected.framesSeen());
    assertThat(actual.framesForgotten()).isEqualTo(expected.framesForgotten());
    assertThat(actual.slots().toString()).isEqualTo(expected.slots().toString());
    for (int i = 0; i < actual.slots().size(); i++) {
      assertThat(actual.slots().get(i).tokens()).isEqualTo(expected.slots().get(i).tokens());
      assertThat(actual.slots().get(i).salience()).isEqualTo(expected.slots().get(i).salience());
    }
  }

  @ParameterizedTest
  @MethodSource("exact")
  void partsJoinToWhatOnePassGives(VideoMemory.Factory memory) {
    try (MovieChat chat = chat(memory)) {
      MemorySnapshot expected = inOnePass(chat);
      for (int parts : new int[] {1, 2, 3, 7, 1000}) {
        SplitWatch split = SplitWatch.plan(chat, FILM, parts);
        List<Path> files = watch(split);
        Collections.shuffle(files, new Random(parts));
        try (Movie movie = split.join(files)) {
          assertSame(movie.memory().snapshot(), expected);
          assertThat(movie.ask("What happens?").text()).contains("What happens?");
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("exact")
  void onePassOfASamplerDecodesItsSurvivorsAlone(VideoMemory.Factory memory) {
    try (MovieChat chat = chat(memory)) {
      MemorySnapshot expected = inOnePass(chat);
      decoded.set(0);
      try (Movie movie = chat.watch(FILM)) {
        assertSame(movie.memory().snapshot(), expected);
      }
      boolean sampler = memory.maxSlots() == 12;
      assertThat(decoded).hasValue(sampler ? 12 : 500);
      SplitWatch split = SplitWatch.plan(chat, FILM, 3);
      assertThat(split.framesWatched()).isEqualTo(sampler ? 12 : 500);
      assertThat(split.frames()).isEqualTo(500);
    }
  }

  @Test
  void intervalsAreCutOnTheGridOfTheWholeFilm() {
    FrameSampling sampling = FrameSampling.every(Duration.ofMillis(120));
    try (MovieChat chat =
        chat(MemoryStrategies.moviechatStartEmpty().longTermSlots(9).build(), sampling)) {
      MemorySnapshot expected = inOnePass(chat);
      SplitWatch split = SplitWatch.plan(chat, FILM, 4);
      assertThat(split.parts()).isEqualTo(4);
      try (Movie movie = split.join(watch(split))) {
        assertSame(movie.memory().snapshot(), expected);
      }
    }
  }

  @Test
  void lostRepeatedAndForeignPartsAreNamed() {
    try (MovieChat chat = chat(MemoryStrategies.released().build())) {
      SplitWatch split = SplitWatch.plan(chat, FILM, 4);
      List<Path> files = watch(split);
      assertThatThrownBy(() -> split.join(files.subList(1, 4)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("part 0 of 4 is missing");
      List<Path> twice = new ArrayList<>(files);
      twice.add(files.get(2));
      assertThatThrownBy(() -> split.join(twice))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("both part 2");
      SplitWatch other = SplitWatch.plan(chat, FILM, 3);
      assertThatThrownBy(() -> other.join(files))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("no part of this plan");
    }
  }

  @Test
  void whatCannotBeSplitIsRefusedWithTheReason() {
    try (MovieChat chat = chat(MemoryStrategies.moviechat().build())) {
      assertThatThrownBy(() -> SplitWatch.plan(chat, FILM, 2))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("short-term memory starts again");
    }
    try (MovieChat chat = chat(MemoryStrategies.released().build(), FrameSampling.uniform(100))) {
      assertThatThrownBy(() -> SplitWatch.plan(chat, FILM, 2))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("cannot be told without decoding");
    }
    try (MovieChat chat = chat(MemoryStrategies.released().build())) {
      assertThatThrownBy(() -> SplitWatch.plan(chat, FILM, 0))
          .isInstanceOf(IllegalArgumentException.class);
      SplitWatch split = SplitWatch.plan(chat, FILM, 2);
      assertThatThrownBy(() -> split.watchSegment(2, folder.resolve("x")))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> SplitWatch.plan(chat, URI.create("fake:nothing"), 2))
          .isInstanceOf(VideoException.class);
    }
  }
}
