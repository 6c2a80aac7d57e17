package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moviechat.internal.NativeOwner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Sound as another program decodes it; {@code -Dmoviechat.goldens.speech=DIR} reads other clips of
 * the same layout.
 */
class SpeechGoldenTest {
  private static final int TOLERANCE = 64;

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  static List<Path> expected() throws IOException {
    String given = System.getProperty("moviechat.goldens.speech");
    Path root = given == null ? Clips.resource("/goldens/speech") : Path.of(given);
    try (Stream<Path> files = Files.list(root.resolve("expected"))) {
      List<Path> clips =
          files
              .filter(file -> file.toString().endsWith(".json"))
              .filter(file -> describesClip(file))
              .sorted()
              .toList();
      assertThat(clips).isNotEmpty();
      return clips;
    }
  }

  private static boolean describesClip(Path file) {
    try {
      JsonNode json = new ObjectMapper().readTree(file.toFile());
      return json.hasNonNull("clip") && json.hasNonNull("pcm");
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @MethodSource("expected")
  void samplesAndTimesAreThoseOfAnotherDecoder(Path file) throws Exception {
    JsonNode json = new ObjectMapper().readTree(file.toFile());
    Path clips = file.resolveSibling("../clips").normalize();
    String clip = json.get("clip").asText();
    Path path = clips.resolve(Path.of(clip).getFileName().toString());
    JsonNode pcm = json.get("pcm");

    Sounds.Heard heard = Sounds.hear(path, Duration.ZERO, Optional.empty());

    assertThat(heard.pieces()).as("pieces of sound").hasSize(1);
    Sounds.Piece piece = heard.pieces().get(0);
    assertThat(piece.time().toNanos() / 1e9)
        .isCloseTo(json.get("leadSeconds").asDouble(), within(0.03));
    short[] samples = Sounds.toShorts(piece.samples());
    boolean exact = pcm.path("exact").asBoolean();
    assertThat(samples.length).isCloseTo(pcm.get("samples").asInt(), within(exact ? 0 : 32));
    assertThat(rms(samples)).isCloseTo(pcm.get("rms").asDouble(), within(exact ? 1e-6 : 0.001));
    for (Iterator<String> places = pcm.get("slices").fieldNames(); places.hasNext(); ) {
      String place = places.next();
      JsonNode slice = pcm.get("slices").get(place);
      for (int i = 0; i < slice.size(); i++) {
        assertThat((int) samples[Integer.parseInt(place) + i])
            .as("sample %s + %d", place, i)
            .isCloseTo((short) slice.get(i).asInt(), within(exact ? 0 : TOLERANCE));
      }
    }
    if (exact) {
      assertThat(sha256(samples)).isEqualTo(pcm.get("sha256S16le").asText());
    }
  }

  private static double rms(short[] samples) {
    double sum = 0;
    for (short sample : samples) {
      sum += (sample / 32768.0) * (sample / 32768.0);
    }
    return Math.sqrt(sum / samples.length);
  }

  private static String sha256(short[] samples) throws NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    byte[] bytes = new byte[2 * samples.length];
    for (int i = 0; i < samples.length; i++) {
      bytes[2 * i] = (byte) samples[i];
      bytes[2 * i + 1] = (byte) (samples[i] >> 8);
    }
    return HexFormat.of().formatHex(digest.digest(bytes));
  }
}
