package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moviechat.internal.FragmentSampling;
import io.moviechat.internal.FragmentSampling.Reading;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The arithmetic of the released Python code, held to what it was recorded to give. {@code
 * -Dmoviechat.goldens.memory=DIR} tests the cases of another folder.
 */
class FragmentSamplingGoldenTest {
  /** Kinds that other modules test. */
  private static final Set<String> ELSEWHERE =
      Set.of(
          "moviechat",
          "moviechat+",
          "onevision",
          "paper-consolidate",
          "paper-stream",
          "positions",
          "image-eval",
          "clip-eval",
          "prompt");

  private static Path root() throws URISyntaxException {
    String given = System.getProperty("moviechat.goldens.memory");
    return given != null
        ? Path.of(given)
        : Path.of(
            Objects.requireNonNull(FragmentSamplingGoldenTest.class.getResource("/goldens"))
                .toURI());
  }

  @TestFactory
  List<DynamicTest> everyCase() throws IOException, URISyntaxException {
    List<DynamicTest> tests = new ArrayList<>();
    try (Stream<Path> files = Files.list(root())) {
      for (Path file : files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
        JsonNode golden = new ObjectMapper().readTree(file.toFile());
        String kind = golden.path("kind").asText();
        if (kind.equals("sampling")) {
          tests.addAll(sampling(file.getFileName().toString(), golden));
        } else if (!ELSEWHERE.contains(kind)) {
          tests.add(
              DynamicTest.dynamicTest(
                  file.getFileName().toString(), () -> fail("no module knows the kind %s", kind)));
        }
      }
    }
    assertThat(tests).as("sampling cases in %s", root()).isNotEmpty();
    return tests;
  }

  private static List<DynamicTest> sampling(String file, JsonNode golden) {
    List<DynamicTest> tests = new ArrayList<>();
    for (Map.Entry<String, JsonNode> script : golden.get("cal_frame").properties()) {
      int fragments = script.getValue().get("n_samples").asInt();
      int shortTerm = script.getValue().get("short_memory_length").asInt();
      for (JsonNode row : script.getValue().get("rows")) {
        tests.add(
            DynamicTest.dynamicTest(
                file + " cal_frame " + script.getKey() + " " + row,
                () -> assertThat(calFrame(row, fragments, shortTerm)).isEqualTo(expected(row))));
      }
    }
    int fragments = golden.get("cal_frame_middle").get("n_samples").asInt();
    for (JsonNode row : golden.get("cal_frame_middle").get("rows")) {
      tests.add(
          DynamicTest.dynamicTest(
              file + " cal_frame_middle " + row,
              () ->
                  assertThat(
                          FragmentSampling.untilFrame(
                              row.get("cur_frame").asLong(),
                              row.get("total_frame").asLong(),
                              fragments))
                      .isEqualTo(expected(row))));
    }
    for (JsonNode row : golden.get("uniform_indices")) {
      tests.add(DynamicTest.dynamicTest(file + " indices " + row, () -> assertIndices(row)));
    }
    return tests;
  }

  private static Reading calFrame(JsonNode row, int fragments, int shortTerm) {
    double seconds = row.get("video_length").asDouble();
    if (!row.get("middle_video").asBoolean()) {
      return FragmentSampling.global(seconds, fragments);
    }
    double moment = row.get("cur_min").asDouble() * 60 + row.get("cur_sec").asDouble();
    return FragmentSampling.until(moment, seconds, fragments, shortTerm);
  }

  private static Reading expected(JsonNode row) {
    return new Reading(row.get("result").get(0).asInt(), row.get("result").get(1).asInt());
  }

  private static void assertIndices(JsonNode row) {
    int available = row.get("frames_in_fragment").asInt();
    int wanted = row.get("n_frms").asInt();
    int[] recorded = new int[row.get("indices").size()];
    for (int i = 0; i < recorded.length; i++) {
      recorded[i] = row.get("indices").get(i).asInt();
    }
    // The released code sometimes takes one more, which is past the end of the fragment.
    int[] inside = Arrays.stream(recorded).filter(index -> index < available).toArray();
    assertThat(recorded.length - inside.length).isLessThanOrEqualTo(1);
    assertThat(FragmentSampling.indices(wanted, available)).isEqualTo(inside);
  }
}
