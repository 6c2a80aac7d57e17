package io.moviechat.llm;

import static io.moviechat.llm.FixturesGoldenTest.assertClose;
import static io.moviechat.llm.FixturesGoldenTest.ints;
import static io.moviechat.llm.FixturesGoldenTest.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import io.moviechat.FrameFormat;
import io.moviechat.GenerationOptions;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The goldens of the original code that are about pictures and prompts. */
class MemoryGoldenTest {
  /** Kinds that other modules test. */
  private static final Set<String> ELSEWHERE =
      Set.of(
          "moviechat",
          "moviechat+",
          "onevision",
          "paper-consolidate",
          "paper-stream",
          "positions",
          "sampling");

  @TestFactory
  Stream<DynamicTest> cases() throws IOException {
    Path root = TestData.goldens();
    try (Stream<Path> files = Files.list(root)) {
      List<Path> list =
          files.filter(file -> file.getFileName().toString().endsWith(".json")).sorted().toList();
      assertThat(list).isNotEmpty();
      return list.stream()
          .filter(file -> !ELSEWHERE.contains(json(file).path("kind").asText()))
          .map(file -> dynamicTest(file.getFileName().toString(), () -> check(root, json(file))));
    }
  }

  private static void check(Path root, JsonNode golden) {
    switch (golden.path("kind").asText()) {
      case "image-eval" -> image(root, golden);
      case "clip-eval" -> clip(root, golden);
      case "prompt" -> prompt(golden);
      default -> fail("no test knows the kind '%s'", golden.path("kind").asText());
    }
  }

  private static ImagePreprocessor preprocessor(JsonNode golden, ImagePreprocessor.Step... steps) {
    return new ImagePreprocessor(
        ImmutableList.copyOf(steps),
        1,
        1,
        FrameFormat.ORIGINAL,
        1.0 / 255,
        doubles(golden.path("settings").path("mean")),
        doubles(golden.path("settings").path("std")));
  }

  private static void image(Path root, JsonNode golden) {
    int size = golden.path("settings").path("size").asInt();
    int[] shape = ints(golden.path("arrays").path("image").path("shape"));
    ImagePreprocessor images =
        preprocessor(golden, new ImagePreprocessor.Step.Exact(size, size, Resampler.BICUBIC));
    byte[] resized =
        images.prepare(TestData.bytes(file(root, golden, "image")), shape[1], shape[0]);
    assertThat(resized).isEqualTo(TestData.bytes(file(root, golden, "resized")));
    FloatBuffer output = FloatBuffer.allocate(resized.length);
    images.write(resized, output);
    assertClose(output.array(), TestData.floats(file(root, golden, "output")), 1e-6f);
  }

  private static void clip(Path root, JsonNode golden) {
    byte[] frames = TestData.bytes(file(root, golden, "frames"));
    int[] shape = ints(golden.path("arrays").path("frames").path("shape"));
    int pixels = shape[1] * shape[2];
    ImagePreprocessor images = preprocessor(golden);
    // The golden's order is channel, time, height, width; ours gives each frame its channels.
    float[] output = new float[frames.length];
    for (int t = 0; t < shape[0]; t++) {
      byte[] frame = new byte[3 * pixels];
      System.arraycopy(frames, t * frame.length, frame, 0, frame.length);
      FloatBuffer planes = FloatBuffer.allocate(frame.length);
      images.write(frame, planes);
      for (int c = 0; c < 3; c++) {
        System.arraycopy(planes.array(), c * pixels, output, (c * shape[0] + t) * pixels, pixels);
      }
    }
    assertClose(output, TestData.floats(file(root, golden, "output")), 1e-6f);
  }

  private static void prompt(JsonNode golden) {
    for (JsonNode row : golden.path("prompts")) {
      OriginalPrompt prompt =
          switch (row.path("script").asText()) {
            case "inference" -> OriginalPrompt.INFERENCE;
            case "evaluation" -> OriginalPrompt.EVALUATION;
            case "short-video evaluation" -> OriginalPrompt.SHORT_VIDEO;
            default -> throw new AssertionError("no such script: " + row.path("script"));
          };
      JsonNode segments = row.path("segments");
      assertThat(segments).hasSize(2);
      assertThat(prompt.before()).isEqualTo(segments.path(0).path("text").asText());
      assertThat(prompt.after(row.path("question").asText()))
          .isEqualTo(segments.path(1).path("text").asText());
    }
    for (JsonNode row : golden.path("stop_rule")) {
      int[] ids = ints(row.path("ids"));
      assertThat(OriginalPrompt.stops(ids, ids.length))
          .as(row.toString())
          .isEqualTo(row.path("stop").asBoolean());
    }
    for (JsonNode row : golden.path("answers")) {
      int[] ids = ints(row.path("generated_ids"));
      int[] decoded = ints(row.path("decoded_ids"));
      assertThat(ids.length - OriginalPrompt.leading(ids, ids.length)).isEqualTo(decoded.length);
      assertThat(OriginalPrompt.clean(row.path("decoded_text").asText()))
          .isEqualTo(row.path("answer").asText());
    }
    JsonNode arguments = golden.path("generate_arguments");
    GenerationOptions sampling = OriginalPrompt.SAMPLING;
    assertThat(sampling.maxTokens()).isEqualTo(arguments.path("max_new_tokens").asInt());
    assertThat(sampling.minTokens()).isEqualTo(arguments.path("min_length").asInt());
    assertThat(sampling.topP()).isEqualTo(arguments.path("top_p").asDouble());
    assertThat(sampling.temperature()).isEqualTo(arguments.path("temperature").asDouble());
    assertThat(sampling.beams()).isEqualTo(arguments.path("num_beams").asInt());
    assertThat(sampling.repetitionPenalty())
        .isEqualTo(arguments.path("repetition_penalty").asDouble());
    assertThat(sampling.lengthPenalty()).isEqualTo(arguments.path("length_penalty").asDouble());
    JsonNode truncation = golden.path("truncation");
    assertThat(OriginalPrompt.LONGEST).isEqualTo(truncation.path("max_length").asInt());
    for (JsonNode row : truncation.path("rows")) {
      int length = row.path("length").asInt();
      int first = OriginalPrompt.firstKept(length, truncation.path("max_new_tokens").asInt());
      assertThat(first).isEqualTo(row.path("first_kept").asInt());
      assertThat(length - first).isEqualTo(row.path("kept").asInt());
    }
  }

  private static Path file(Path root, JsonNode golden, String array) {
    return root.resolve(golden.path("arrays").path(array).path("file").asText());
  }

  private static double[] doubles(JsonNode array) {
    double[] values = new double[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.path(i).asDouble();
    }
    return values;
  }
}
