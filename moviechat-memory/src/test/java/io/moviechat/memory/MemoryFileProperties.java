package io.moviechat.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.moviechat.MemoryFileException;
import io.moviechat.MemorySnapshot;
import io.moviechat.MovieMemory;
import io.moviechat.speech.Cues;
import io.moviechat.spi.SavedMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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

/** Whatever is done to a file, opening it gives a memory or a {@link MemoryFileException}. */
class MemoryFileProperties {
  private static Path folder = Path.of("");
  private static byte[] whole = new byte[0];

  @BeforeContainer
  static void save() throws IOException {
    folder = Files.createTempDirectory("memory-files");
    Path file = folder.resolve("whole");
    SavedMemory sample = MemoryFileTest.sample(60);
    MemorySnapshot plain = sample.snapshot();
    MemorySnapshot embedded =
        new MemorySnapshot(
            plain.shape(),
            plain.slots().stream()
                .map(slot -> slot.withEmbedding(slot.tokens().slice(0, 4)))
                .toList(),
            plain.framesSeen(),
            plain.framesForgotten());
    MemoryFile.save(
        sample.toBuilder(embedded)
            .cues(MemoryFileTest.CUES)
            .embeddingEncoderId(Optional.of("pictures"))
            .build(),
        file,
        MovieMemory.Precision.INT8);
    whole = Files.readAllBytes(file);
  }

  @AfterContainer
  static void clean() throws IOException {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  private static SavedMemory open(byte[] bytes) throws IOException {
    Path file = folder.resolve("changed");
    Files.write(file, bytes);
    return MemoryFile.open(file);
  }

  @Property(tries = 3000)
  void aFlippedBitIsNoticed(
      @ForAll @IntRange(max = Integer.MAX_VALUE) int place, @ForAll @IntRange(max = 7) int bit)
      throws IOException {
    byte[] bytes = whole.clone();
    bytes[place % bytes.length] ^= (byte) (1 << bit);
    assertThatExceptionOfType(MemoryFileException.class).isThrownBy(() -> open(bytes));
  }

  @Property(tries = 2000)
  void aCutFileIsNoticed(@ForAll @IntRange(max = Integer.MAX_VALUE) int place) {
    byte[] bytes = Arrays.copyOf(whole, place % whole.length);
    assertThatExceptionOfType(MemoryFileException.class).isThrownBy(() -> open(bytes));
  }

  @Property(tries = 300)
  void anythingAppendedIsNoticed(@ForAll byte[] more) throws IOException {
    byte[] bytes = Arrays.copyOf(whole, whole.length + more.length);
    System.arraycopy(more, 0, bytes, whole.length, more.length);
    if (more.length > 0) {
      assertThatExceptionOfType(MemoryFileException.class).isThrownBy(() -> open(bytes));
    }
  }

  /** Cues that lie: the numbers and texts of real ones changed. */
  @Property(tries = 1000)
  void hostileCuesAreRefusedOrHarmless(
      @ForAll("numbers") String number, @ForAll @IntRange(max = 60) int which) throws IOException {
    String text = new String(CueText.bytes(MemoryFileTest.CUES), StandardCharsets.UTF_8);
    String[] parts = text.split("(?<=[:,\\[{}])", -1);
    parts[which % parts.length] = number + parts[which % parts.length].replaceAll("[^:,{}\\[]", "");
    try {
      Cues cues = CueText.cues(String.join("", parts).getBytes(StandardCharsets.UTF_8));
      assertThat(cues.list()).allSatisfy(cue -> assertThat(cue.text()).isNotBlank());
    } catch (IllegalArgumentException | JsonProcessingException e) {
      assertThat(e).hasMessageContaining("");
    }
  }

  @Property(tries = 500)
  void noiseIsRefused(@ForAll byte[] noise) {
    assertThatExceptionOfType(MemoryFileException.class).isThrownBy(() -> open(noise));
  }

  /** Headers that lie, under a checksum that is right. */
  @Property(tries = 1000)
  void aHostileHeaderIsRefusedOrHarmless(
      @ForAll("numbers") String number, @ForAll @IntRange(max = 60) int which) throws IOException {
    int headerBytes = (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
    String header = new String(whole, 8, headerBytes, StandardCharsets.UTF_8);
    var matcher =
        java.util.regex.Pattern.compile("(?<=[\\[,])\\d+|(?<=\")\\d+(?=\")").matcher(header);
    List<int[]> places = matcher.results().map(m -> new int[] {m.start(), m.end()}).toList();
    int[] place = places.get(which % places.size());
    String original = header.substring(place[0], place[1]);
    String changed = header.substring(0, place[0]) + number + header.substring(place[1]);
    byte[] bytes = withHeader(changed);
    if (!number.equals(original)) {
      assertThatThrownBy(() -> open(bytes)).as(changed).isInstanceOf(MemoryFileException.class);
    }
  }

  @Provide
  Arbitrary<String> numbers() {
    return Arbitraries.oneOf(
        Arbitraries.of(
            "0",
            "-1",
            "1",
            "2",
            "2147483647",
            "2147483648",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775808",
            "1e9",
            "1e999",
            "0.5",
            "null",
            "true",
            "\"\"",
            "[]",
            "{}",
            "[[[[[[[[[[]]]]]]]]]]",
            "99999999999999999999999999",
            "",
            "]",
            "\""),
        Arbitraries.longs().map(String::valueOf));
  }

  @Property(tries = 300)
  void aHeaderOfNoiseIsRefused(@ForAll String noise) {
    assertThatExceptionOfType(MemoryFileException.class).isThrownBy(() -> open(withHeader(noise)));
    assertThatExceptionOfType(MemoryFileException.class)
        .isThrownBy(() -> open(withHeader("{\"__metadata__\":{\"format\":\"" + noise + "\"}}")));
  }

  /** Tensors that lie, under a checksum that is right: nothing but a memory comes out. */
  @Property(tries = 1000)
  void hostileTensorsAreRefusedOrHarmless(
      @ForAll @IntRange(max = Integer.MAX_VALUE) int place, @ForAll byte value) throws IOException {
    int headerBytes = (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
    int data = 8 + headerBytes;
    byte[] bytes = whole.clone();
    bytes[data + place % (bytes.length - data - 32)] = value;
    try {
      assertThat(open(signed(bytes)).snapshot().slots()).isNotEmpty();
    } catch (MemoryFileException refused) {
      assertThat(refused).hasMessageContaining("damaged");
    }
  }

  private static byte[] withHeader(String header) {
    int oldHeader = (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes =
        ByteBuffer.allocate(whole.length - oldHeader + json.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(json.length).put(json).put(whole, 8 + oldHeader, whole.length - 8 - oldHeader);
    return signed(bytes.array());
  }

  private static byte[] signed(byte[] bytes) {
    var digest = MemoryFileReader.sha256();
    digest.update(bytes, 0, bytes.length - 32);
    System.arraycopy(digest.digest(), 0, bytes, bytes.length - 32, 32);
    return bytes;
  }
}
