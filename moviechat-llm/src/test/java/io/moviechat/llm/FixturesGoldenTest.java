package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moviechat.Frame;
import io.moviechat.FrameTokens;
import io.moviechat.GenerationOptions;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.llm.internal.Tokenizer;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every value of every fixture's expected.json. */
class FixturesGoldenTest {
  /** The same frames are shown in many cases. */
  private static final Map<String, List<float[]>> FEATURES = new ConcurrentHashMap<>();

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
    if (expected.path("image_features").isArray()) {
      tests.add(dynamicTest("image features", () -> features(folder, expected)));
    }
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

  private static void pixels(Path folder, JsonNode pixels) {
    JsonNode expected = json(folder.resolve("expected.json"));
    int index = pixels.path("frame").asInt();
    Family family = bundle(folder, expected, index).read(Device.CPU).family();
    float[] values = TestData.floats(folder.resolve(pixels.path("file").asText()));
    FloatBuffer actual =
        FloatBuffer.allocate(family.patches().map(PatchLayout::floats).orElse(values.length));
    Frame frame = frame(folder, expected, index);
    if (family.patches().isPresent()) {
      PatchLayout layout = family.patches().get();
      layout.write(family.images().prepare(frame), family.images(), actual);
      assertThat(layout.dims(1)[layout.dims(1).length - 1])
          .isEqualTo(pixels.path("shape").path(1).asLong());
      for (int i = values.length; i < actual.capacity(); i++) {
        assertThat(actual.get(i)).as("padding").isZero();
      }
    } else {
      family.images().write(frame, actual);
    }
    assertClosely(Arrays.copyOf(actual.array(), values.length), values);
  }

  /** A float's last step is larger the larger it is: the tolerance is relative above 1. */
  private static void assertClosely(float[] actual, float[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      assertThat(Math.abs(actual[i] - expected[i]))
          .as("value %s, should be %s", actual[i], expected[i])
          .isLessThanOrEqualTo(2e-7f * Math.max(1, Math.abs(expected[i])));
    }
  }

  private static void resize(Path folder, JsonNode all) {
    JsonNode expected = all.path("resize");
    Family family = bundle(folder, all, 0).read(Device.CPU).family();
    byte[] source = TestData.bytes(folder.resolve(expected.path("source").asText()));
    byte[] actual =
        family
            .images()
            .prepare(source, expected.path("width").asInt(), expected.path("height").asInt());
    assertThat(actual)
        .isEqualTo(TestData.bytes(folder.resolve(expected.path("pillow_rgb").asText())));
  }

  private static void features(Path folder, JsonNode expected) {
    for (JsonNode row : expected.path("image_features")) {
      int index = row.path("frame").asInt();
      float[] values = TestData.floats(folder.resolve(row.path("file").asText()));
      ModelBundle bundle = bundle(folder, expected, index);
      assertClose(encode(bundle, folder, expected, index), values, 1e-4f);
    }
  }

  /** The bundle with the size of a frame, where the family's encoder takes any. */
  static ModelBundle bundle(Path folder, JsonNode expected, int frame) {
    ModelBundle bundle = ModelBundle.at(folder);
    if (expected.path("pixel_values").path(0).path("shape").size() != 2) {
      return bundle;
    }
    JsonNode image = expected.path("images").path(frame);
    return bundle.withFrameSize(image.path("width").asInt(), image.path("height").asInt());
  }

  /** The frame whose size all of a case's frames have; empty if their sizes differ. */
  private static OptionalInt size(JsonNode expected, JsonNode row) {
    int[] frames = ints(row.path("frames"));
    if (frames.length == 0) {
      return OptionalInt.of(0);
    }
    JsonNode rows = expected.path("rows_per_frame");
    boolean alike = Arrays.stream(frames).allMatch(k -> rows.path(k).equals(rows.path(frames[0])));
    return alike ? OptionalInt.of(frames[0]) : OptionalInt.empty();
  }

  private static int rows(JsonNode expected, int frame) {
    return expected
        .path("rows_per_frame")
        .path(frame)
        .asInt(expected.path("visual_tokens_per_frame").asInt());
  }

  private static void tokenizer(Path folder, JsonNode expected) {
    BundleSpec spec = ModelBundle.at(folder).read(Device.CPU);
    boolean both = expected.path("tokenizer_cases").path(0).has("ids_with_added_special_tokens");
    try (Tokenizer tokenizer = spec.tokenizer().open()) {
      for (JsonNode row : expected.path("tokenizer_cases")) {
        JsonNode special = row.path("ids_with_added_special_tokens");
        String text = row.path("text").asText();
        int[] ids = tokenizer.encode(text, !both);
        assertThat(ids).isEqualTo(ints(row.path("ids")));
        if (!special.isMissingNode() && !text.isEmpty()) {
          assertThat(tokenizer.encode(text, true)).isEqualTo(ints(special));
        }
        assertThat(tokenizer.decode(ids, 0, ids.length, false))
            .isEqualTo(row.path("decoded_keep_special").asText());
      }
    }
  }

  private static void prompts(Path folder, JsonNode expected) {
    for (JsonNode row : expected.path("cases")) {
      OptionalInt size = size(expected, row);
      if (size.isEmpty()) {
        continue; // Slots of one memory all have the same shape.
      }
      ModelBundle bundle = bundle(folder, expected, size.getAsInt());
      BundleSpec spec = bundle.read(Device.CPU);
      assertThat(spec.placeholderId()).isEqualTo(expected.path("image_token_id").asInt());
      assertThat(spec.endIds())
          .containsExactlyInAnyOrderElementsOf(ids(expected.path("eos_token_ids")));
      try (OnnxAnswerGenerator generator = bundle.openGenerator(spec, Device.CPU)) {
        int rows = rows(expected, size.getAsInt());
        TokenShape shape = new TokenShape(rows, spec.decoder().width());
        List<float[]> empty = new ArrayList<>();
        for (int i = 0; i < slots(row); i++) {
          empty.add(new float[shape.floats()]);
        }
        Prompt prompt = generator.prompt(chat(row, view(shape, empty)), rows);
        String name = row.path("name").asText();
        assertThat(prompt.text()).as(name).isEqualTo(row.path("text_after_expansion").asText());
        assertThat(prompt.ids()).as(name).isEqualTo(ints(row.path("input_ids")));
        if (row.has("position_ids")) {
          positions(row, prompt);
        }
      }
    }
  }

  private static void positions(JsonNode row, Prompt prompt) {
    for (int axis = 0; axis < 3; axis++) {
      int[] wanted = ints(row.path("position_ids").path(axis));
      for (int i = 0; i < wanted.length; i++) {
        assertThat(prompt.position(axis, i)).as("axis %d, token %d", axis, i).isEqualTo(wanted[i]);
      }
    }
    assertThat(prompt.nextPosition(prompt.length())).isEqualTo(row.path("next_position").asInt());
  }

  private static Stream<DynamicNode> variant(Path folder, JsonNode expected, JsonNode variant) {
    List<DynamicNode> tests = new ArrayList<>();
    ModelBundle bundle =
        bundle(folder, expected, 0)
            .withPrecision(
                precision(variant, GraphKind.VISION),
                precision(variant, GraphKind.EMBED),
                precision(variant, GraphKind.DECODER));
    if (variant.path("image_features").isArray()) {
      tests.add(
          dynamicTest(
              "image features",
              () -> {
                for (JsonNode row : variant.path("image_features")) {
                  String file = row.path("file").asText();
                  assertClose(
                      encode(bundle, folder, expected, row.path("frame").asInt()),
                      TestData.floats(folder.resolve(file)),
                      file.contains("fp16") ? 1e-2f : 2e-5f);
                }
              }));
    }
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
      if (!result.isMissingNode() && size(expected, row).isPresent()) {
        tests.add(
            dynamicTest(
                "case " + row.path("name").asText(),
                () -> answer(bundle, folder, expected, row, result)));
      }
    }
    return tests.stream();
  }

  private static void answer(
      ModelBundle any, Path folder, JsonNode expected, JsonNode row, JsonNode result) {
    int size = size(expected, row).orElseThrow();
    JsonNode image = expected.path("images").path(size);
    ModelBundle bundle =
        any.read(Device.CPU).family().patches().isEmpty()
            ? any
            : any.withFrameSize(image.path("width").asInt(), image.path("height").asInt());
    List<float[]> features =
        FEATURES.computeIfAbsent(
            bundle + " " + size, key -> encodeAlike(bundle, folder, expected, size));
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
    TokenShape shape = new TokenShape(rows(expected, size), spec.decoder().width());
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
      assertThat(answer.tokens()).isEqualTo(ids);
      assertThat(generator.tokenizer().decode(ids, 0, ids.length, true)).isEqualTo(text);
      String wanted =
          spec.family().answersBeginWithBlank() && text.startsWith(" ") ? text.substring(1) : text;
      assertThat(answer.text()).isEqualTo(wanted);
      assertThat(streamed.toString()).isEqualTo(wanted);
      assertThat(answer.promptTokens()).isEqualTo(row.path("input_ids").size());
      if (row.path("items").path(0).asText().startsWith("video:")
          || (slots.isEmpty() && row.path("messages").size() < 2)) {
        GeneratedAnswer asUsersAsk =
            session.answer(
                AnswerRequest.of(
                    question(row), GenerationOptions.builder().maxTokens(ids.length).build()),
                TokenListener.NONE);
        assertThat(asUsersAsk.tokens()).isEqualTo(ids);
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
    List<Message> chat = new ArrayList<>();
    int images = 0;
    for (JsonNode message : row.path("messages")) {
      List<Message.Content> content = new ArrayList<>();
      for (JsonNode part : message.path("content")) {
        content.add(
            part.path("type").asText().equals("image")
                ? new Message.Image(images++)
                : new Message.Text(part.path("text").asText()));
      }
      String role = message.path("role").asText().toUpperCase(Locale.ROOT);
      chat.add(new Message(Message.Role.valueOf(role), content));
    }
    if (!chat.isEmpty()) {
      return chat;
    }
    List<Message.Content> content = new ArrayList<>();
    for (JsonNode item : row.path("items")) {
      String text = item.asText();
      if (text.equals("image")) {
        content.add(new Message.Image(images++));
      } else if (text.startsWith("video:")) {
        content.add(Message.Video.of(view));
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
              MemorySlot.Tier.SHORT_TERM,
              start,
              Duration.ofSeconds(i + 1),
              1,
              start,
              1,
              shape,
              FloatBuffer.wrap(tokens.get(i))));
    }
    return MovieView.of(new MemorySnapshot(shape, slots, slots.size(), 0));
  }

  private static float[] encode(ModelBundle bundle, Path folder, JsonNode expected, int frame) {
    return encodeAlike(bundle, folder, expected, frame).get(frame);
  }

  /** The features of all frames that have as many rows as one of them, empty ones for the rest. */
  private static List<float[]> encodeAlike(
      ModelBundle bundle, Path folder, JsonNode expected, int size) {
    List<float[]> features = new ArrayList<>();
    try (FrameEncoder encoder = bundle.openEncoder()) {
      assertThat(encoder.shape().tokens()).isEqualTo(rows(expected, size));
      List<Frame> alike = new ArrayList<>();
      for (int i = 0; i < expected.path("images").size(); i++) {
        features.add(new float[0]);
        if (rows(expected, i) == rows(expected, size)) {
          alike.add(frame(folder, expected, i));
        }
      }
      for (FrameTokens tokens : encoder.encode(alike)) {
        float[] values = new float[tokens.shape().floats()];
        tokens.values().get(values);
        features.set((int) tokens.timestamp().toSeconds(), values);
        tokens.close();
      }
    }
    return features;
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
