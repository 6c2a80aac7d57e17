package io.moviechat.memory;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moviechat.TokenShape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** A recorded case: see the README beside the goldens. */
record Golden(Path folder, JsonNode json) {
  private static final Set<String> OF_THIS_MODULE =
      Set.of("moviechat", "moviechat+", "onevision", "paper-consolidate", "paper-stream");
  private static final Set<String> OF_OTHER_MODULES =
      Set.of("sampling", "image-eval", "clip-eval", "prompt", "positions");

  /** Every case of the given kinds in the folder in use. */
  static List<Golden> cases(Set<String> kinds) {
    List<Golden> cases = all().stream().filter(golden -> kinds.contains(golden.kind())).toList();
    assertThat(cases).as("cases of kind %s", kinds).isNotEmpty();
    return cases;
  }

  /** Every case that this module must reproduce. Fails on a kind that no module knows. */
  static List<Golden> all() {
    ObjectMapper mapper = new ObjectMapper();
    try (Stream<Path> files = Files.list(root())) {
      List<Golden> cases = new ArrayList<>();
      for (Path file : files.filter(path -> path.toString().endsWith(".json")).sorted().toList()) {
        Golden golden = new Golden(file.getParent(), mapper.readTree(file.toFile()));
        if (!OF_OTHER_MODULES.contains(golden.kind())) {
          assertThat(OF_THIS_MODULE).as("kind of %s", file).contains(golden.kind());
          cases.add(golden);
        }
      }
      return cases;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Path root() {
    String given = System.getProperty("moviechat.goldens.memory", "");
    if (!given.isEmpty()) {
      return Path.of(given);
    }
    try {
      return Path.of(Golden.class.getResource("/goldens/memory").toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  String name() {
    return json.get("name").asText();
  }

  String kind() {
    return json.path("kind").asText();
  }

  JsonNode settings() {
    return json.get("settings");
  }

  int setting(String name) {
    JsonNode value = settings().get(name);
    assertThat(value).as("setting %s of %s", name, name()).isNotNull();
    return value.asInt();
  }

  TokenShape shape() {
    return new TokenShape(setting("tokens"), setting("dim"));
  }

  boolean has(String array) {
    return json.get("arrays").has(array);
  }

  float[] array(String key) {
    JsonNode description = json.get("arrays").get(key);
    assertThat(description).as("array %s of %s", key, name()).isNotNull();
    try {
      byte[] bytes = Files.readAllBytes(folder.resolve(description.get("file").asText()));
      int size = 1;
      for (JsonNode side : description.get("shape")) {
        size *= side.asInt();
      }
      assertThat(bytes).hasSize(4 * size);
      FloatBuffer values = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
      float[] array = new float[size];
      values.get(array);
      return array;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The array cut into frames of this case's shape. */
  List<float[]> frames(String key) {
    float[] values = array(key);
    int floats = shape().floats();
    List<float[]> frames = new ArrayList<>();
    for (int at = 0; at < values.length; at += floats) {
      float[] frame = new float[floats];
      System.arraycopy(values, at, frame, 0, floats);
      frames.add(frame);
    }
    return frames;
  }

  /** Whether values must be equal to the last bit: ties of small whole numbers. */
  boolean exact() {
    return name().equals("mc-ties");
  }

  void assertClose(String what, float[] actual, float[] expected) {
    assertClose(what, actual, expected, 1e-5);
  }

  private void assertClose(String what, float[] actual, float[] expected, double relative) {
    assertThat(actual).as("%s of %s", what, name()).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      double tolerance = relative * (Math.abs(expected[i]) + 0.2);
      if (!(Math.abs((double) actual[i] - expected[i]) <= tolerance)) {
        assertThat(actual[i]).as("%s of %s, element %d", what, name(), i).isEqualTo(expected[i]);
      }
    }
  }

  void assertClose(String what, List<float[]> actual, List<float[]> expected) {
    assertClose(what, actual, expected, 1e-5);
  }

  /** For the tokens of slots, which are equal to the last bit where ties are. */
  void assertEqualOrClose(String what, List<float[]> actual, List<float[]> expected) {
    assertClose(what, actual, expected, exact() ? 0 : 1e-5);
  }

  private void assertClose(
      String what, List<float[]> actual, List<float[]> expected, double relative) {
    assertThat(actual).as("%s of %s", what, name()).hasSameSizeAs(expected);
    for (int i = 0; i < expected.size(); i++) {
      assertClose(what + " " + i, actual.get(i), expected.get(i), relative);
    }
  }

  @Override
  public String toString() {
    return name();
  }
}
