package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each key of each small file of published models and of the fixtures is taken away, alone: the
 * bundle has the same pictures, context and end ids by a default, or a problem names the key.
 */
class ConfigKeysTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path temp;

  /** What the small files make of a bundle. */
  private record Read(
      List<String> problems,
      String family,
      int width,
      int height,
      List<Float> values,
      int context) {
    /** Another context refuses sooner or later; it changes no answer. */
    Read sameContext(Read other) {
      return new Read(problems, family, width, height, values, other.context);
    }

    @Override
    public String toString() {
      return problems + family + width + "x" + height + values.hashCode();
    }
  }

  @TestFactory
  List<DynamicTest> everyKey() throws IOException {
    List<Path> folders = new ArrayList<>(TestData.models());
    try (Stream<Path> published = Files.list(TestData.resource("configs"))) {
      published.filter(Files::isDirectory).sorted().forEach(folders::add);
    }
    return folders.stream()
        .map(folder -> dynamicTest(folder.getFileName().toString(), () -> everyKey(folder)))
        .toList();
  }

  private void everyKey(Path folder) throws IOException {
    Path copy = Files.createDirectories(temp.resolve(folder.getFileName().toString()));
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.write(copy.resolve(file.getFileName().toString()), Files.readAllBytes(file));
      }
    }
    if (!Files.exists(copy.resolve("tokenizer.json"))) {
      Files.copy(TestData.smolVlm().resolve("tokenizer.json"), copy.resolve("tokenizer.json"));
    }
    Read whole = read(copy);
    assertThat(whole.problems()).isEmpty();
    for (String name :
        List.of(
            "config.json",
            "preprocessor_config.json",
            "processor_config.json",
            "generation_config.json")) {
      Path file = copy.resolve(name);
      if (!Files.exists(file)) {
        continue;
      }
      byte[] before = Files.readAllBytes(file);
      for (List<String> key : keys(JSON.readTree(before), List.of())) {
        ObjectNode changed = (ObjectNode) JSON.readTree(before);
        ObjectNode at = changed;
        for (String step : key.subList(0, key.size() - 1)) {
          at = (ObjectNode) at.path(step);
        }
        at.remove(key.get(key.size() - 1));
        Files.write(file, JSON.writeValueAsBytes(changed));
        Read without = read(copy);
        String as = name + " without " + key;
        if (without.problems().isEmpty()) {
          assertThat(without.context()).as(as).isGreaterThanOrEqualTo(16);
          assertThat(without.sameContext(whole)).as(as).isEqualTo(whole);
        } else {
          assertThat(without.problems().toString())
              .as(as)
              .containsAnyOf(key.toArray(String[]::new));
        }
      }
      Files.write(file, before);
    }
  }

  private static List<List<String>> keys(JsonNode node, List<String> before) {
    List<List<String>> keys = new ArrayList<>();
    node.properties()
        .forEach(
            entry -> {
              List<String> key = new ArrayList<>(before);
              key.add(entry.getKey());
              keys.add(key);
              keys.addAll(keys(entry.getValue(), key));
            });
    return keys;
  }

  private static Read read(Path folder) {
    Problems problems = new Problems("a bundle");
    BundleConfig config = BundleConfig.read(folder, ModelBundle.Framing.AS_THE_FILES_SAY, problems);
    Optional<Family> family = Families.of(config.modelType()).map(maker -> maker.apply(config));
    if (family.isEmpty()) {
      problems.add("model_type '%s' is unknown", config.modelType());
    }
    problems.require(!config.endIds().isEmpty(), "no eos_token_id");
    int context = family.isPresent() ? config.context() : 0;
    if (!problems.isEmpty() || family.isEmpty()) {
      return new Read(problems.found(), "", 0, 0, List.of(), 0);
    }
    ImagePreprocessor images = family.get().images();
    byte[] picture = new byte[3 * 64 * 48];
    for (int i = 0; i < picture.length; i++) {
      picture[i] = (byte) (i * 7919);
    }
    byte[] prepared = images.prepare(picture, 64, 48);
    List<Float> values = new ArrayList<>();
    for (int i = 0; i < prepared.length; i += 97) {
      values.add(images.value(prepared, i));
    }
    return new Read(
        List.of(), family.get().name(), images.width(), images.height(), values, context);
  }
}
