package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moviechat.Frame;
import io.moviechat.FrameTokens;
import io.moviechat.GenerationOptions;
import io.moviechat.InferenceException;
import io.moviechat.ModelException;
import io.moviechat.TokenListener;
import io.moviechat.internal.NativeOwner;
import io.moviechat.llm.internal.OnnxHeader;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.FrameEncoder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.AfterProperty;
import net.jqwik.api.lifecycle.BeforeContainer;
import net.jqwik.api.lifecycle.BeforeProperty;

/** Damaged bundles and odd questions give a specific exception or work; nothing leaks or hangs. */
class BundleProperties {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static Path folder;
  private static AnswerGenerator generator;

  private List<String> ownersBefore;

  @BeforeContainer
  static void copy() throws IOException {
    folder = Files.createTempDirectory("bundle");
    generator = ModelBundle.at(TestData.smolVlm()).openGenerator();
  }

  @AfterContainer
  static void delete() throws IOException {
    generator.close();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @BeforeProperty
  void remember() {
    ownersBefore = NativeOwner.openOwners();
  }

  @AfterProperty
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEqualTo(ownersBefore);
  }

  /** Opens what may be broken and uses it; only the documented exceptions come out. */
  private static void use(Path bundle) {
    ModelBundle model = ModelBundle.at(bundle);
    try {
      model.defaults();
      model.generationDefaults();
      try (FrameEncoder encoder = model.openEncoder();
          Frame frame = Frame.of(Duration.ZERO, 9, 7, ByteBuffer.wrap(new byte[3 * 9 * 7]))) {
        encoder.encode(List.of(frame)).forEach(FrameTokens::close);
      }
      try (AnswerGenerator opened = model.openGenerator();
          AnswerSession session = opened.open(Views.ofSlots(1))) {
        session.answer(
            AnswerRequest.of("Why?", GenerationOptions.builder().maxTokens(2).build()),
            TokenListener.NONE);
      }
    } catch (ModelException | InferenceException | IllegalArgumentException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  @Property(tries = 200)
  void oddValuesInJsonFiles(
      @ForAll @IntRange(max = 4) int which, @ForAll long seed, @ForAll boolean generation)
      throws IOException {
    TestData.copy(TestData.smolVlm(), folder);
    String name =
        List.of(
                "config.json",
                "preprocessor_config.json",
                "tokenizer.json",
                "generation_config.json",
                "chat_template.json")
            .get(which);
    Random random = new Random(seed);
    JsonNode tree = JSON.readTree(folder.resolve(name).toFile());
    for (int i = 0; i < (generation ? 1 : 3); i++) {
      mutate(tree, random);
    }
    JSON.writeValue(folder.resolve(name).toFile(), tree);
    use(folder);
  }

  private static void mutate(JsonNode tree, Random random) {
    List<JsonNode> containers = new ArrayList<>();
    collect(tree, containers);
    if (containers.isEmpty()) {
      return;
    }
    JsonNode container = containers.get(random.nextInt(containers.size()));
    JsonNode value =
        switch (random.nextInt(9)) {
          case 0 -> JsonNodeFactory.instance.nullNode();
          case 1 -> JsonNodeFactory.instance.numberNode(-1);
          case 2 -> JsonNodeFactory.instance.numberNode(Long.MAX_VALUE);
          case 3 -> JsonNodeFactory.instance.numberNode(0);
          case 4 -> JsonNodeFactory.instance.textNode("x".repeat(random.nextInt(1000)));
          case 5 -> JsonNodeFactory.instance.arrayNode().add(1).add("a");
          case 6 -> JsonNodeFactory.instance.objectNode().put("a", 1);
          case 7 -> JsonNodeFactory.instance.numberNode(1e308);
          default -> JsonNodeFactory.instance.booleanNode(random.nextBoolean());
        };
    if (container instanceof ObjectNode object) {
      List<String> keys = new ArrayList<>();
      object.fieldNames().forEachRemaining(keys::add);
      String key = keys.get(random.nextInt(keys.size()));
      if (random.nextInt(4) == 0) {
        object.remove(key);
      } else {
        object.set(key, value);
      }
    } else {
      ((ArrayNode) container).set(random.nextInt(container.size()), value);
    }
  }

  private static void collect(JsonNode node, List<JsonNode> containers) {
    if (node.isContainerNode() && !node.isEmpty()) {
      containers.add(node);
      // A vocabulary would be hit nearly always otherwise.
      if (node.size() < 100) {
        node.forEach(child -> collect(child, containers));
      }
    }
  }

  @Provide
  Arbitrary<GraphKind> graphs() {
    return Arbitraries.of(GraphKind.VISION, GraphKind.EMBED, GraphKind.DECODER);
  }

  @Property(tries = 150)
  void cutGraphs(@ForAll("graphs") GraphKind which, @ForAll @IntRange(max = 999) int share)
      throws IOException {
    TestData.copy(TestData.smolVlm(), folder);
    Path file = folder.resolve("onnx/" + which.baseName() + ".onnx");
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, (int) ((long) bytes.length * share / 1000)));
    use(folder);
  }

  @Property(tries = 2000)
  void flippedBytesInGraphsAreRefusedOrReadable(
      @ForAll("graphs") GraphKind which, @ForAll long seed) throws IOException {
    Path file = TestData.smolVlm().resolve("onnx/" + which.baseName() + ".onnx");
    byte[] bytes = Files.readAllBytes(file);
    Random random = new Random(seed);
    for (int i = 0; i < 4; i++) {
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
    }
    Path damaged = folder.resolve("damaged.onnx");
    Files.write(damaged, bytes);
    try {
      OnnxHeader.read(damaged).inputs().forEach(info -> assertThat(info.name()).isNotNull());
    } catch (IOException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  @Property(tries = 300)
  void anyQuestionIsAnswered(@ForAll String question) {
    try (AnswerSession session = generator.open(Views.ofSlots(1))) {
      session.answer(
          AnswerRequest.of(question, GenerationOptions.builder().maxTokens(1).build()),
          TokenListener.NONE);
    } catch (IllegalArgumentException e) {
      assertThat(question.isBlank() || e.getMessage().contains("tokens")).isTrue();
    }
  }

  @Property(tries = 1)
  void aQuestionOfAMegabyteIsRefusedSoon() {
    String question = "Why does the rabbit sleep so long today? ".repeat(26_000);
    try (AnswerSession session = generator.open(Views.ofSlots(1))) {
      org.assertj.core.api.Assertions.assertThatIllegalArgumentException()
          .isThrownBy(
              () ->
                  session.answer(
                      AnswerRequest.of(question, GenerationOptions.DEFAULT), TokenListener.NONE))
          .withMessageContaining("at most 1024");
    }
  }
}
