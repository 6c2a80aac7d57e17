package io.moviechat.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import io.moviechat.FrameTokens;
import io.moviechat.MemoryFileException;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.MovieMemory;
import io.moviechat.TokenShape;
import io.moviechat.speech.Cue;
import io.moviechat.speech.Cue.Origin;
import io.moviechat.speech.Cues;
import io.moviechat.spi.MemoryFileFormat;
import io.moviechat.spi.SavedMemory;
import io.moviechat.spi.VideoMemory;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MemoryFileTest {
  static final TokenShape SHAPE = new TokenShape(3, 5);

  @TempDir Path folder;

  /** A made-up memory, the same for ever: committed files hold it. */
  static SavedMemory sample(int frames) {
    Random random = new Random(7);
    List<MemorySlot> slots = new ArrayList<>();
    int seen = 0;
    while (seen < frames) {
      int weight = slots.size() < 8 ? Math.min(1 + random.nextInt(9), frames - seen) : 1;
      float[] values = new float[SHAPE.floats()];
      for (int k = 0; k < values.length; k++) {
        values[k] = (float) random.nextGaussian() * (1 + slots.size() % 3);
      }
      slots.add(
          MemorySlot.of(
              slots.size() < 8 ? MemorySlot.Tier.LONG_TERM : MemorySlot.Tier.SHORT_TERM,
              Duration.ofMillis(40L * seen),
              Duration.ofMillis(40L * (seen + weight)),
              weight,
              Duration.ofMillis(40L * (seen + random.nextInt(weight))),
              random.nextDouble(),
              SHAPE,
              FloatBuffer.wrap(values)));
      seen += weight;
    }
    return SavedMemory.builder(new MemorySnapshot(SHAPE, slots, frames + 3L, 3), "encoder \u00fc")
        .strategy("moviechat", "shortTermFrames=6")
        .sampling("EveryFrame[]")
        .video("file:///movie.mp4")
        .videoFingerprint(Optional.of("0123abcd"))
        .build();
  }

  static void assertSame(
      SavedMemory actual, SavedMemory expected, MovieMemory.Precision precision) {
    MemorySnapshot a = actual.snapshot();
    MemorySnapshot e = expected.snapshot();
    assertThat(List.of(actual.encoderId(), actual.strategy(), actual.settings()))
        .isEqualTo(List.of(expected.encoderId(), expected.strategy(), expected.settings()));
    assertThat(List.of(actual.sampling(), actual.video(), actual.videoFingerprint()))
        .isEqualTo(List.of(expected.sampling(), expected.video(), expected.videoFingerprint()));
    assertThat(a.shape()).isEqualTo(e.shape());
    assertThat(a.framesSeen()).isEqualTo(e.framesSeen());
    assertThat(a.framesForgotten()).isEqualTo(e.framesForgotten());
    assertThat(a.slots()).hasSameSizeAs(e.slots());
    for (int i = 0; i < a.slots().size(); i++) {
      MemorySlot actualSlot = a.slots().get(i);
      MemorySlot slot = e.slots().get(i);
      assertThat(actualSlot.toString()).isEqualTo(slot.toString());
      assertThat(actualSlot.representative()).isEqualTo(slot.representative());
      assertThat(actualSlot.salience()).isEqualTo(slot.salience());
      float largest = 0;
      for (int k = 0; k < a.shape().floats(); k++) {
        largest = Math.max(largest, Math.abs(slot.tokens().get(k)));
      }
      for (int k = 0; k < a.shape().floats(); k++) {
        float value = slot.tokens().get(k);
        double error =
            switch (precision) {
              case FLOAT32 -> 0;
              case FLOAT16 -> Math.abs(value) * 0x1p-11 + 0x1p-25;
              case INT8 -> largest / 254 * 1.0001;
            };
        assertThat((double) actualSlot.tokens().get(k)).isCloseTo(value, within(error));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(MovieMemory.Precision.class)
  void givesBackWhatWasSaved(MovieMemory.Precision precision) {
    for (int frames : new int[] {0, 1, 5, 6, 200}) {
      Path file = folder.resolve(frames + ".memory");
      MemoryFile.save(sample(frames), file, precision);
      assertSame(MemoryFile.open(file), sample(frames), precision);
    }
  }

  @Test
  void isFoundAsAService() {
    MemoryFileFormat format = ServiceLoader.load(MemoryFileFormat.class).findFirst().orElseThrow();
    Path file = folder.resolve("a.memory");
    format.save(sample(50), file, MovieMemory.Precision.FLOAT32);
    assertSame(format.open(file), sample(50), MovieMemory.Precision.FLOAT32);
  }

  @Test
  void theSameMemoryGivesTheSameBytes() throws IOException {
    MemoryFile.save(sample(50), folder.resolve("a"), MovieMemory.Precision.FLOAT32);
    MemoryFile.save(sample(50), folder.resolve("b"), MovieMemory.Precision.FLOAT32);
    assertThat(folder.resolve("a")).hasSameBinaryContentAs(folder.resolve("b"));
  }

  @ParameterizedTest
  @EnumSource(MovieMemory.Precision.class)
  void readsFilesOfFormat1(MovieMemory.Precision precision) throws Exception {
    Path committed =
        Path.of(
            MemoryFileTest.class
                .getResource(
                    "/memory-files/format-1-" + TokenType.of(precision).dtype + ".safetensors")
                .toURI());
    assertSame(MemoryFile.open(committed), sample(100), precision);
  }

  @Test
  void keepsZerosAndTinyValuesInInt8() {
    SavedMemory memory = ofValues(0, Float.MIN_VALUE, -Float.MIN_VALUE);
    Path file = folder.resolve("a");
    MemoryFile.save(memory, file, MovieMemory.Precision.INT8);
    FloatBuffer tokens = MemoryFile.open(file).snapshot().slots().get(0).tokens();
    assertThat(tokens.get(1)).isCloseTo(0, within(Float.MIN_NORMAL));
  }

  @Test
  void refusesValuesThatDoNotFitHalfPrecisionAndKeepsTheOldFile() throws IOException {
    Path file = folder.resolve("a");
    MemoryFile.save(sample(10), file, MovieMemory.Precision.FLOAT32);
    byte[] before = Files.readAllBytes(file);
    assertThatExceptionOfType(MemoryFileException.class)
        .isThrownBy(
            () -> MemoryFile.save(ofValues(1, 65520, 0), file, MovieMemory.Precision.FLOAT16))
        .withMessageContaining("65520")
        .withMessageContaining("INT8");
    assertThat(Files.readAllBytes(file)).isEqualTo(before);
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }

  private static SavedMemory ofValues(float... values) {
    TokenShape shape = new TokenShape(1, values.length);
    try (VideoMemory memory = MemoryStrategies.moviechat().build().open(shape)) {
      memory.add(FrameTokens.of(Duration.ZERO, shape, FloatBuffer.wrap(values)));
      return SavedMemory.builder(memory.snapshot(), "e")
          .strategy("s", "")
          .sampling("")
          .video("v")
          .videoFingerprint(Optional.empty())
          .build();
    }
  }

  @Test
  void saysWhatIsWrongWithAPath() {
    assertThatExceptionOfType(MemoryFileException.class)
        .isThrownBy(() -> MemoryFile.open(folder.resolve("missing")))
        .withMessageContaining("there is no memory file")
        .withMessageContaining("missing");
    assertThatExceptionOfType(MemoryFileException.class)
        .isThrownBy(() -> MemoryFile.open(folder))
        .withMessageContaining("not a regular file");
    assertThatExceptionOfType(MemoryFileException.class)
        .isThrownBy(() -> MemoryFile.save(sample(1), folder, MovieMemory.Precision.FLOAT32))
        .withMessageContaining("is a folder");
    assertThatExceptionOfType(MemoryFileException.class)
        .isThrownBy(
            () ->
                MemoryFile.save(
                    sample(1), folder.resolve("no/such"), MovieMemory.Precision.FLOAT32))
        .withMessageContaining("there is no folder");
  }

  @Test
  void refusesALaterFormat() throws IOException {
    Path file = folder.resolve("a");
    MemoryFile.save(sample(10), file, MovieMemory.Precision.FLOAT32);
    String text = Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1);
    Files.writeString(
        file,
        text.replace("\"version\":\"1\"", "\"version\":\"4\""),
        java.nio.charset.StandardCharsets.ISO_8859_1);
    assertThatExceptionOfType(MemoryFileException.class)
        .isThrownBy(() -> MemoryFile.open(file))
        .withMessageContaining("format version '4'")
        .withMessageContaining("reads versions 1, 2, 3");
  }

  static final Cues CUES =
      Cues.of(
              List.of(
                  Cue.of(
                      Duration.ZERO,
                      Duration.ofNanos(9),
                      "Gr\u00fc\u00dfe\n\u5154",
                      Origin.SUBTITLE),
                  Cue.of(Duration.ofSeconds(2), Duration.ofSeconds(3), "<image>", Origin.SPEECH)
                      .withLanguage("en")
                      .withProbability(0.25),
                  Cue.of(Duration.ofSeconds(4), Duration.ofSeconds(5), "EXIT", Origin.SCREEN_TEXT)))
          .withHeard(Duration.ofSeconds(7))
          .withRead(Duration.ofSeconds(6))
          .withForgotten(5)
          .withProblem(Optional.of("the disk was \"full\""));

  @ParameterizedTest
  @EnumSource(MovieMemory.Precision.class)
  void givesBackWhatWasHeard(MovieMemory.Precision precision) {
    Path file = folder.resolve("a");
    SavedMemory said = sample(20).toBuilder(sample(20).snapshot()).cues(CUES).build();
    MemoryFile.save(said, file, precision);
    assertThat(MemoryFile.open(file).cues()).isEqualTo(CUES);
    assertSame(MemoryFile.open(file), said, precision);
    MemoryFile.save(sample(20), file, precision);
    assertThat(MemoryFile.open(file).cues()).isEqualTo(Cues.NONE);
  }

  @Test
  void refusesAFileThatIsSomethingElse() throws IOException {
    Path file = folder.resolve("a");
    Files.writeString(file, "This is a diary, not a memory. ".repeat(100));
    assertThatExceptionOfType(MemoryFileException.class)
        .isThrownBy(() -> MemoryFile.open(file))
        .withMessageContaining("header");
    Files.write(file, new byte[0]);
    assertThatExceptionOfType(MemoryFileException.class)
        .isThrownBy(() -> MemoryFile.open(file))
        .withMessageContaining("0 bytes");
  }

  @Test
  void clearsAwayWhatAKilledProcessLeftLongAgo() throws IOException {
    Path file = folder.resolve("a");
    Path old = folder.resolve(".a.0.saving");
    Path recent = folder.resolve(".a.1.saving");
    Files.write(old, new byte[8], StandardOpenOption.CREATE_NEW);
    Files.write(recent, new byte[8], StandardOpenOption.CREATE_NEW);
    Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofDays(1))));
    MemoryFile.save(sample(10), file, MovieMemory.Precision.FLOAT32);
    assertThat(old).doesNotExist();
    assertThat(recent).exists();
  }
}
