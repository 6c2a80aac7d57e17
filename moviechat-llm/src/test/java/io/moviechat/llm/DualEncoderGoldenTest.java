package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moviechat.Frame;
import io.moviechat.FrameTokens;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * What transformers.js makes of tiny dual encoders. Other folders of the same layout: {@code
 * -Dmoviechat.fixtures.dual=DIR}; each sub-folder with an {@code expected.json} of the kind "dual
 * encoder" is run.
 */
class DualEncoderGoldenTest {
  private static final float TOLERANCE = 1e-4f;

  private static List<Path> bundles() {
    try {
      @Nullable String given = System.getProperty("moviechat.fixtures.dual");
      URL own = Objects.requireNonNull(DualEncoderGoldenTest.class.getResource("dual"));
      Path root = given != null ? Path.of(given) : Path.of(own.toURI());
      try (Stream<Path> folders = Files.list(root)) {
        return folders
            .filter(folder -> Files.exists(folder.resolve("expected.json")))
            .filter(folder -> expected(folder).path("kind").asText().equals("dual encoder"))
            .sorted()
            .toList();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static JsonNode expected(Path folder) {
    try {
      return new ObjectMapper().readTree(folder.resolve("expected.json").toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void thereAreFixtures() {
    assertThat(bundles()).isNotEmpty();
  }

  @TestFactory
  Stream<DynamicNode> everyValueIsThePeers() {
    return bundles().stream().map(DualEncoderGoldenTest::bundle);
  }

  private static DynamicNode bundle(Path folder) {
    JsonNode expected = expected(folder);
    List<DynamicNode> tests = new ArrayList<>();
    tests.add(dynamicTest("ids of texts", () -> ids(folder, expected)));
    tests.add(dynamicTest("vectors of texts", () -> texts(folder, expected)));
    tests.add(dynamicTest("vectors of pictures", () -> pictures(folder, expected)));
    tests.add(dynamicTest("cosines", () -> cosines(folder, expected)));
    return dynamicContainer(folder.getFileName().toString(), tests);
  }

  private static void ids(Path folder, JsonNode expected) {
    try (DualEncoder encoder = DualEncoderBundle.at(folder).openEncoder()) {
      for (JsonNode text : expected.path("texts")) {
        assertThat(encoder.ids(text.path("text").asText()))
            .as(text.path("text").asText())
            .containsExactly(
                IntStream.range(0, text.path("input_ids").size())
                    .map(i -> text.path("input_ids").path(i).asInt())
                    .toArray());
      }
    }
  }

  private static void texts(Path folder, JsonNode expected) throws IOException {
    float[] wanted = floats(folder, expected.path("text_embeds_normalised"));
    int dim = expected.path("dim").asInt();
    try (DualEncoder encoder = DualEncoderBundle.at(folder).openEncoder()) {
      int i = 0;
      for (JsonNode text : expected.path("texts")) {
        assertClose(encoder.embed(text.path("text").asText()), wanted, i++ * dim);
      }
      assertThat(i * dim).isEqualTo(wanted.length);
    }
  }

  private static List<Frame> frames(Path folder, JsonNode expected) throws IOException {
    List<Frame> frames = new ArrayList<>();
    for (JsonNode image : expected.path("images")) {
      byte[] rgb = Files.readAllBytes(folder.resolve(image.path("rgb").asText()));
      frames.add(
          Frame.of(
              Duration.ofSeconds(frames.size()),
              image.path("width").asInt(),
              image.path("height").asInt(),
              ByteBuffer.wrap(rgb)));
    }
    return frames;
  }

  private static List<FrameTokens> look(DualEncoder encoder, Path folder, JsonNode expected)
      throws IOException {
    return encoder.encoder().orElseThrow().encode(frames(folder, expected));
  }

  private static float[] values(FrameTokens tokens) {
    FloatBuffer buffer = tokens.values();
    float[] values = new float[buffer.remaining()];
    buffer.get(values);
    return values;
  }

  private static void pictures(Path folder, JsonNode expected) throws IOException {
    float[] wanted = floats(folder, expected.path("image_embeds_normalised"));
    int dim = expected.path("dim").asInt();
    try (DualEncoder encoder = DualEncoderBundle.at(folder).openEncoder()) {
      List<FrameTokens> vectors = look(encoder, folder, expected);
      for (int i = 0; i < vectors.size(); i++) {
        assertClose(values(vectors.get(i)), wanted, i * dim);
      }
      assertThat(vectors.size() * dim).isEqualTo(wanted.length);
    }
  }

  private static void cosines(Path folder, JsonNode expected) throws IOException {
    try (DualEncoder encoder = DualEncoderBundle.at(folder).openEncoder()) {
      List<FrameTokens> pictures = look(encoder, folder, expected);
      JsonNode texts = expected.path("texts");
      for (int k = 0; k < pictures.size(); k++) {
        int best = 0;
        double highest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < texts.size(); i++) {
          float[] words = encoder.embed(texts.path(i).path("text").asText());
          float[] picture = values(pictures.get(k));
          double cosine = 0;
          for (int d = 0; d < words.length; d++) {
            cosine += words[d] * picture[d];
          }
          assertThat(cosine)
              .isCloseTo(expected.path("cosine").path(k).path(i).asDouble(), within(1e-4));
          if (cosine > highest) {
            highest = cosine;
            best = i;
          }
        }
        assertThat(best).isEqualTo(expected.path("best_text_of_picture").path(k).asInt());
      }
    }
  }

  private static void assertClose(float[] got, float[] wanted, int from) {
    for (int i = 0; i < got.length; i++) {
      assertThat(got[i]).isCloseTo(wanted[from + i], within(TOLERANCE));
    }
  }

  private static float[] floats(Path folder, JsonNode array) throws IOException {
    FloatBuffer buffer =
        ByteBuffer.wrap(Files.readAllBytes(folder.resolve(array.path("file").asText())))
            .order(ByteOrder.LITTLE_ENDIAN)
            .asFloatBuffer();
    float[] values = new float[buffer.remaining()];
    buffer.get(values);
    return values;
  }
}
