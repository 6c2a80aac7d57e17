package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moviechat.Frame;
import io.moviechat.FrameTokens;
import io.moviechat.GenerationOptions;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.MemoryTier;
import io.moviechat.TokenShape;
import io.moviechat.llm.internal.Tokenizer;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.KeyframeSource;
import io.moviechat.spi.MovieView;
import io.moviechat.spi.TokenListener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every value of every fixture's expected.json. */
class FixturesGoldenTest {
  @Test
  void thereAreFixtures() {
    assertThat(TestData.models()).isNotEmpty();
  }

  @TestFactory
  Stream<DynamicNode> models() {
    return TestData.models().stream().map(FixturesGoldenTest::model);
  }

  private static DynamicNode model(Path folder) {
    JsonNode expected = json(folder.resolve("expected.json"));
    List<DynamicNode> tests = new ArrayList<>();
    for (JsonNode pixels : expected.path("pixel_values")) {
      tests.add(
          dynamicTest(
              "pixel values of frame " + pixels.path("frame"), () -> pixels(folder, pixels)));
    }
    tests.add(dynamicTest("resize equals Pillow's bit for bit", () -> resize(folder, expected)));
    tests.add(dynamicTest("tokenizer", () -> tokenizer(folder, expected)));
    tests.add(dynamicTest("prompts", () -> prompts(folder, expected)));
    expected
        .path("variants")
        .properties()
        .forEach(
            variant ->
                tests.add(
                    dynamicContainer(
                        "variant " + variant.getKey(),
                        variant(folder, expected, variant.getValue()))));
    return dynamicContainer(folder.getFileName().toString(), tests);
  }

  private static void pixels(Path folder, JsonNode expected) {
    BundleSpec spec = ModelBundle.at(folder).read(Device.CPU);
    int frame = expected.path("frame").asInt();
    float[] values = TestData.floats(folder.resolve(expected.path("file").asText()));
    FloatBuffer actual = FloatBuffer.allocate(values.length);
    spec.family()
        .images()
        .write(frame(folder, json(folder.resolve("expected.json")), frame), actual);
    assertThat(actual.capacity()).isEqualTo(values.length);
    for (int i = 0; i < values.length; i++) {
      // One step of a float near 1, and as much for its size where a value is larger.
      assertThat(actual.get(i))
          .as("value %d", i)
          .isCloseTo(values[i], within(2e-7f * Math.max(1, Math.abs(values[i]))));
    }
  }

  private static void resize(Path folder, JsonNode all) {
    JsonNode expected = all.path("resize");
    BundleSpec spec = ModelBundle.at(folder).read(Device.CPU);
    byte[] source = TestData.bytes(folder.resolve(expected.path("source").asText()));
    byte[] actual =
        spec.family()
            .images()
            .prepare(source, expected.path("width").asInt(), expected.path("height").asInt());
    assertThat(actual)
        .isEqualTo(TestData.bytes(folder.resolve(expected.path("pillow_rgb").asText())));
  }

  private static void tokenizer(Path folder, JsonNode expected) {
    BundleSpec spec = ModelBundle.at(folder).read(Device.CPU);
    try (Tokenizer tokenizer = new Tokenizer(spec.config().tokenizer())) {
      for (JsonNode row : expected.path("tokenizer_cases")) {
        int[] ids = tokenizer.encode(row.path("text").asText(), true);
        assertThat(ids).isEqualTo(ints(row.path("ids")));
        assertThat(tokenizer.decode(ids, 0, ids.length, false))
            .isEqualTo(row.path("decoded_keep_special").asText());
      }
    }
  }

  private static void prompts(Path folder, JsonNode expected) {
    int rows = expected.path("visual_tokens_per_frame").asInt();
    ModelBundle bundle = ModelBundle.at(folder);
    BundleSpec spec = bundle.read(Device.CPU);
    assertThat(spec.placeholderId()).isEqualTo(expected.path("image_token_id").asInt());
    assertThat(spec.endIds()).containsExactlyElementsOf(ids(expected.path("eos_token_ids")));
    try (OnnxAnswerGenerator generator = bundle.openGenerator(spec, Device.CPU)) {
      for (JsonNode row : expected.path("cases")) {
        int slots = slots(row);
        TokenShape shape = new TokenShape(rows, spec.decoder().width());
        List<float[]> empty = new ArrayList<>();
        for (int i = 0; i < slots; i++) {
          empty.add(new float[shape.floats()]);
        }
        Prompt prompt = generator.prompt(chat(row, view(shape, empty)), rows);
        assertThat(prompt.text())
            .as(row.path("name").asText())
            .isEqualTo(row.path("text_after_expansion").asText());
        assertThat(prompt.ids())
            .as(row.path("name").asText())
            .isEqualTo(ints(row.path("input_ids")));
      }
    }
  }

  private static Stream<DynamicNode> variant(Path folder, JsonNode expected, JsonNode variant) {
    List<DynamicNode> tests = new ArrayList<>();
    ModelBundle bundle =
        ModelBundle.at(folder)
            .withPrecision(
                precision(variant, GraphKind.VISION),
                precision(variant, GraphKind.EMBED),
                precision(variant, GraphKind.DECODER));
    tests.add(
        dynamicTest(
            "image features",
            () -> {
              List<float[]> features = encode(bundle, folder, expected);
              for (JsonNode row : variant.path("image_features")) {
                float[] values = TestData.floats(folder.resolve(row.path("file").asText()));
                assertClose(
                    features.get(row.path("frame").asInt()),
                    values,
                    folder.resolve(row.path("file").asText()).toString().contains("fp16")
                        ? 1e-2f
                        : 2e-5f);
              }
            }));
    JsonNode pooled = variant.path("pooled_frame0");
    if (!pooled.isMissingNode()) {
      tests.add(
          dynamicTest(
              "pooled features",
              () -> {
                float[] values = TestData.floats(folder.resolve(pooled.path("file").asText()));
                try (FrameEncoder encoder = bundle.withPooledFrames().openEncoder();
                    FrameTokens tokens =
                        encoder.encode(List.of(frame(folder, expected, 0))).get(0)) {
                  assertThat(encoder.shape().tokens()).isEqualTo(pooled.path("tokens").asInt());
                  float[] actual = new float[values.length];
                  tokens.values().get(actual);
                  assertClose(
                      actual,
                      values,
                      pooled.path("file").asText().contains("fp16") ? 1e-2f : 2e-5f);
                }
              }));
    }
    for (JsonNode row : expected.path("cases")) {
      JsonNode result = variant.path("cases").path(row.path("name").asText());
      if (!result.isMissingNode()) {
        tests.add(
            dynamicTest(
                "case " + row.path("name").asText(),
                () -> answer(bundle, folder, expected, row, result)));
      }
    }
    return tests.stream();
  }

  private static void answer(
      ModelBundle bundle, Path folder, JsonNode expected, JsonNode row, JsonNode result) {
    List<float[]> features = encode(bundle, folder, expected);
    List<float[]> slots = new ArrayList<>();
    if (row.path("merge").isArray()) {
      for (JsonNode group : row.path("merge")) {
        slots.add(mean(features, ints(group)));
      }
    } else {
      for (JsonNode frame : row.path("frames")) {
        slots.add(features.get(frame.asInt()));
      }
    }
    List<float[]> firstLogits = new ArrayList<>();
    ModelBundle watched =
        bundle.withLogitsProcessors(
            (generated, logits) -> {
              if (firstLogits.isEmpty()) {
                float[] copy = new float[logits.remaining()];
                logits.get(copy);
                firstLogits.add(copy);
              }
            });
    BundleSpec spec = watched.read(Device.CPU);
    TokenShape shape =
        new TokenShape(expected.path("visual_tokens_per_frame").asInt(), spec.decoder().width());
    MovieView view = view(shape, slots);
    int[] ids = ints(result.path("generated_ids"));
    String text = result.path("decoded_text").asText();
    try (OnnxAnswerGenerator generator = watched.openGenerator(spec, Device.CPU);
        OnnxAnswerSession session = (OnnxAnswerSession) generator.open(view)) {
      StringBuilder streamed = new StringBuilder();
      GeneratedAnswer answer =
          session.answer(
              chat(row, view),
              AnswerRequest.of(
                  question(row),
                  GenerationOptions.builder()
                      .maxTokens(expected.path("max_new_tokens").asInt())
                      .build()),
              streamed::append);
      assertThat(answer.tokens().toArray()).isEqualTo(ids);
      assertThat(generator.tokenizer().decode(ids, 0, ids.length, true)).isEqualTo(text);
      String wanted =
          spec.family().answersBeginWithBlank() && text.startsWith(" ") ? text.substring(1) : text;
      assertThat(answer.text()).isEqualTo(wanted);
      assertThat(streamed.toString()).isEqualTo(wanted);
      assertThat(answer.promptTokens()).isEqualTo(row.path("input_ids").size());
      if (row.path("items").path(0).asText().startsWith("video:") || slots.isEmpty()) {
        GeneratedAnswer asUsersAsk =
            session.answer(
                AnswerRequest.of(
                    question(row), GenerationOptions.builder().maxTokens(ids.length).build()),
                TokenListener.NONE);
        assertThat(asUsersAsk.tokens().toArray()).isEqualTo(ids);
      }
    }
    JsonNode logits = result.path("logits_step0");
    if (logits.has("file")) {
      boolean half = logits.path("file").asText().contains("fp16");
      assertClose(
          firstLogits.get(0),
          TestData.floats(folder.resolve(logits.path("file").asText())),
          half ? 0.2f : 2e-3f);
    }
  }

  // ---- reading ----

  private static String question(JsonNode row) {
    JsonNode items = row.path("items");
    return items.path(items.size() - 1).asText();
  }

  private static int slots(JsonNode row) {
    return row.path("merge").isArray() ? row.path("merge").size() : row.path("frames").size();
  }

  private static List<Message> chat(JsonNode row, MovieView view) {
    List<Message.Content> content = new ArrayList<>();
    int images = 0;
    for (JsonNode item : row.path("items")) {
      String text = item.asText();
      if (text.equals("image")) {
        content.add(new Message.Image(images++));
      } else if (text.startsWith("video:")) {
        content.add(new Message.Video(view));
      } else {
        content.add(new Message.Text(text));
      }
    }
    return List.of(new Message(Message.Role.USER, content));
  }

  /** Single frames, one a second. */
  private static MovieView view(TokenShape shape, List<float[]> tokens) {
    List<MemorySlot> slots = new ArrayList<>();
    for (int i = 0; i < tokens.size(); i++) {
      Duration start = Duration.ofSeconds(i);
      slots.add(
          MemorySlot.of(
              MemoryTier.SHORT_TERM,
              start,
              Duration.ofSeconds(i + 1),
              1,
              start,
              1,
              shape,
              FloatBuffer.wrap(tokens.get(i))));
    }
    return new MovieView(
        new MemorySnapshot(shape, slots, slots.size(), 0), Optional.empty(), KeyframeSource.NONE);
  }

  private static List<float[]> encode(ModelBundle bundle, Path folder, JsonNode expected) {
    List<Frame> frames = new ArrayList<>();
    for (int i = 0; i < expected.path("images").size(); i++) {
      frames.add(frame(folder, expected, i));
    }
    List<float[]> result = new ArrayList<>();
    try (FrameEncoder encoder = bundle.openEncoder()) {
      assertThat(encoder.shape().tokens())
          .isEqualTo(expected.path("visual_tokens_per_frame").asInt());
      for (FrameTokens tokens : encoder.encode(frames)) {
        float[] values = new float[tokens.shape().floats()];
        tokens.values().get(values);
        result.add(values);
        tokens.close();
      }
    }
    return result;
  }

  private static Frame frame(Path folder, JsonNode expected, int index) {
    JsonNode image = expected.path("images").path(index);
    return Frame.of(
        Duration.ofSeconds(index),
        image.path("width").asInt(),
        image.path("height").asInt(),
        ByteBuffer.wrap(TestData.bytes(folder.resolve(image.path("rgb").asText()))));
  }

  private static Precision precision(JsonNode variant, GraphKind kind) {
    String file = variant.path("files").path(kind.baseName()).asText();
    String suffix =
        file.substring(file.indexOf(kind.baseName()) + kind.baseName().length())
            .replace(".onnx", "");
    return Arrays.stream(Precision.values())
        .filter(precision -> precision != Precision.AUTO && precision.suffix().equals(suffix))
        .findFirst()
        .orElseThrow();
  }

  private static float[] mean(List<float[]> features, int[] group) {
    float[] sum = new float[features.get(group[0]).length];
    for (int frame : group) {
      for (int i = 0; i < sum.length; i++) {
        sum[i] += features.get(frame)[i];
      }
    }
    for (int i = 0; i < sum.length; i++) {
      sum[i] /= group.length;
    }
    return sum;
  }

  static void assertClose(float[] actual, float[] expected, float tolerance) {
    assertThat(actual).hasSameSizeAs(expected);
    float worst = 0;
    for (int i = 0; i < actual.length; i++) {
      worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
    }
    assertThat(worst).isLessThanOrEqualTo(tolerance);
  }

  static JsonNode json(Path file) {
    try {
      return new ObjectMapper().readTree(file.toFile());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  static int[] ints(JsonNode array) {
    int[] values = new int[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.path(i).asInt();
    }
    return values;
  }

  private static List<Integer> ids(JsonNode array) {
    return Arrays.stream(ints(array)).boxed().toList();
  }
}
