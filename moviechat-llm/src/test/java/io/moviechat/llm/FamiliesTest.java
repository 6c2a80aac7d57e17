package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.moviechat.FinishReason;
import io.moviechat.Frame;
import io.moviechat.FrameTokens;
import io.moviechat.GenerationOptions;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * LLaVA-1.5, LLaVA-interleave and FastVLM in tiny bundles of their layouts. What is expected of
 * pictures was calculated by Pillow and NumPy ({@code families/make_families.py}); prompts are
 * those of the models' published descriptions.
 */
class FamiliesTest {
  private static final String IMAGES = "<image>".repeat(16);

  @TempDir Path temp;
  private final Path source = TestData.resource("families");

  @BeforeEach
  void aDecoderForEachFamily() throws IOException {
    for (String name : List.of("llava-1.5", "llava-interleave", "fastvlm")) {
      Path folder = TestData.copy(source.resolve(name), temp.resolve(name));
      for (String file :
          List.of("onnx/embed_tokens.onnx", "onnx/decoder_model_merged.onnx", "tokenizer.json")) {
        if (!Files.exists(folder.resolve(file))) {
          Files.copy(TestData.oneVision().resolve(file), folder.resolve(file));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llava-1.5", "llava-interleave", "fastvlm"})
  void picturesAreAsPillowMakesThem(String name) {
    Path folder = temp.resolve(name);
    float[] expected = TestData.floats(folder.resolve("pixels.f32"));
    FloatBuffer pixels = FloatBuffer.allocate(expected.length);
    try (Frame frame = frame()) {
      ModelBundle.at(folder).read(Device.CPU).family().images().write(frame, pixels);
    }
    assertThat(pixels.array()).containsExactly(expected, within(1e-6f));
  }

  @ParameterizedTest
  @ValueSource(strings = {"llava-1.5", "llava-interleave", "fastvlm"})
  void rowsComeFromTheGraphInItsOrder(String name) {
    Path folder = temp.resolve(name);
    float[] expected = TestData.floats(folder.resolve("features.f32"));
    try (FrameEncoder encoder = ModelBundle.at(folder).openEncoder();
        Frame frame = frame()) {
      // 4 x 4 patches; LLaVA-1.5's file speaks of one more row, which its graph has cut off.
      assertThat(encoder.shape()).isEqualTo(new TokenShape(16, 64));
      List<FrameTokens> tokens = encoder.encode(List.of(frame));
      float[] values = new float[expected.length];
      tokens.get(0).values().get(values);
      tokens.forEach(FrameTokens::close);
      assertThat(values).containsExactly(expected, within(1e-4f));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llava-1.5", "llava-interleave", "fastvlm"})
  void eachAnswersAboutAMemory(String name) {
    ModelBundle bundle = ModelBundle.at(temp.resolve(name));
    GenerationOptions options = GenerationOptions.builder().maxTokens(5).minTokens(5).build();
    try (var generator = bundle.openGenerator();
        AnswerSession session = generator.open(view(2, Optional.empty()))) {
      AnswerRequest request = AnswerRequest.of("What is it?", options);
      GeneratedAnswer answer = session.answer(request, TokenListener.NONE);
      assertThat(answer.tokens().length).isEqualTo(5);
      assertThat(answer.finishReason()).isEqualTo(FinishReason.LENGTH);
      assertThat(session.answer(request, TokenListener.NONE).tokens()).isEqualTo(answer.tokens());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llava-1.5", "fastvlm"})
  void letterboxedFramesArePaddedToASquareOfTheMeanColour(String name) {
    ModelBundle bundle = ModelBundle.at(temp.resolve(name));
    ImagePreprocessor images = bundle.withLetterboxedFrames().read(Device.CPU).family().images();
    ImagePreprocessor cropping = bundle.read(Device.CPU).family().images();
    double[] mean =
        name.equals("fastvlm")
            ? new double[] {0, 0, 0}
            : new double[] {0.48145466, 0.4578275, 0.40821073};
    byte[] padded = new byte[3 * 50 * 50];
    for (int i = 0; i < padded.length; i++) {
      padded[i] = (byte) (int) (mean[i % 3] * 255);
    }
    try (Frame frame = frame()) {
      byte[] rgb = new byte[3 * 50 * 34];
      frame.rgb().get(rgb);
      System.arraycopy(rgb, 0, padded, 3 * 8 * 50, rgb.length);
    }
    assertThat(images.prepare(Arrays.copyOfRange(padded, 1200, 1200 + 5100), 50, 34))
        .isEqualTo(cropping.prepare(padded, 50, 50));
    try (FrameEncoder encoder = bundle.withLetterboxedFrames().openEncoder()) {
      assertThat(encoder.id()).endsWith("+letterboxed");
    }
  }

  @Test
  void vicunaPrompts() {
    assertThat(prompt("llava-1.5", 1, Optional.empty()))
        .isEqualTo("USER: " + IMAGES + "\nWhat is it? ASSISTANT:");
    // Its published template gives each of several pictures a line.
    assertThat(prompt("llava-1.5", 3, Optional.empty()))
        .isEqualTo(
            "USER: " + String.join("\n", IMAGES, IMAGES, IMAGES) + "\nWhat is it? ASSISTANT:");
    assertThat(prompt("llava-1.5", 1, Optional.of(Duration.ofSeconds(65))))
        .isEqualTo(
            "USER: "
                + IMAGES
                + "\nThe video is at 00:01:05. The last picture is what is on screen now, those"
                + " before it are the past. What is it? ASSISTANT:");
  }

  @Test
  void vicunaConversations() {
    try (OnnxAnswerGenerator generator = generator("llava-1.5")) {
      List<Message> chat =
          List.of(
              Message.of(Message.Role.SYSTEM, new Message.Text("Be brief.")),
              question(1, Optional.empty()),
              Message.of(Message.Role.ASSISTANT, new Message.Text("A bird.")),
              Message.of(Message.Role.USER, new Message.Text("Which colour?")));
      assertThat(generator.prompt(chat, 1).text())
          .isEqualTo(
              "Be brief. USER: <image>\nWhat is it? ASSISTANT: A bird. USER: Which colour?"
                  + " ASSISTANT:");
    }
  }

  @Test
  void aLlamaTokenizerSeesThePartsAsOneText() {
    try (OnnxAnswerGenerator generator = generator("llava-1.5")) {
      Prompt prompt = generator.prompt(List.of(question(2, Optional.empty())), 16);
      int[] whole = generator.tokenizer().encode(prompt.text(), true);
      assertThat(prompt.ids()).isEqualTo(whole);
      assertThat(prompt.id(0)).as("<s>").isEqualTo(1);
      assertThat(Arrays.stream(whole).filter(id -> id == 1).count()).isEqualTo(1);
    }
  }

  @Test
  void interleavedPrompts() {
    assertThat(prompt("llava-interleave", 2, Optional.empty()))
        .isEqualTo(
            "<|im_start|>user " + IMAGES + IMAGES + "\nWhat is it?<|im_end|><|im_start|>assistant");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\\n", "\n"})
  void aTemplateDecidesOnTheLayout(String lineBreak) throws IOException {
    Files.writeString(
        temp.resolve("llava-interleave/chat_template.jinja"),
        "{% for message in messages %}{{'<|im_start|>' + message['role'] + '"
            + lineBreak
            + "'}}...{{'<|im_end|>'}}{% endfor %}{{ '<|im_start|>assistant"
            + lineBreak
            + "' }}");
    assertThat(prompt("llava-interleave", 1, Optional.empty()))
        .isEqualTo(
            "<|im_start|>user\n" + IMAGES + "\nWhat is it?<|im_end|>\n<|im_start|>assistant\n");
  }

  @Test
  void fastVlmPrompts() {
    assertThat(prompt("fastvlm", 2, Optional.empty()))
        .isEqualTo(
            "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n"
                + IMAGES
                + IMAGES
                + "\nWhat is it?<|im_end|>\n<|im_start|>assistant\n");
  }

  @Test
  void gemma4WritesAVideoAsItsOwnProcessorDoes() throws IOException {
    String rows = "<|image|>".repeat(15);
    String picture = "<|image>" + rows + "<image|>";
    assertThat(newer("gemma4", 2, "").text())
        .isEqualTo(
            "<bos><|turn>user\n00:00 "
                + picture
                + " 00:01 "
                + picture
                + "What is it?<turn|>\n<|turn>model\n");
    // Its first templates had blank lines; those of the larger models an empty thought.
    assertThat(
            newer(
                    "gemma4",
                    1,
                    "{# <|turn> <turn|> #}{{ '\\n\\n<|image|>\\n\\n' }}{{"
                        + " '<|channel>thought\\n<channel|>' }}")
                .text())
        .isEqualTo(
            "<bos><|turn>user\n\n\n00:00 "
                + picture
                + "\n\nWhat is it?<turn|>\n<|turn>model\n<|channel>thought\n<channel|>");
  }

  @Test
  void qwen35AnswersWithoutThinking() throws IOException {
    String picture = "<|vision_start|>" + "<|image_pad|>".repeat(8) + "<|vision_end|>";
    String asked =
        "<|im_start|>user\n<0.5 seconds>"
            + picture
            + "What is it?<|im_end|>\n<|im_start|>assistant\n";
    assertThat(newer("qwen3-5", 1, "").text()).isEqualTo(asked + "<think>\n\n</think>\n\n");
    assertThat(newer("qwen3-5", 1, "{# <|im_start|> <|im_end|> <|vision_start|> #}").text())
        .isEqualTo(asked);
  }

  /** The prompt of one of the fixtures' bundles, whose template is another if one is given. */
  private Prompt newer(String name, int slots, String template) throws IOException {
    Path fixture = TestData.resource("fixtures").resolve("vlm-tiny-" + name);
    Path folder = TestData.copy(fixture, temp.resolve(name + template.hashCode()));
    if (!template.isEmpty()) {
      Files.writeString(folder.resolve("chat_template.jinja"), template);
    }
    ModelBundle bundle =
        FixturesGoldenTest.bundle(
            folder, FixturesGoldenTest.json(folder.resolve("expected.json")), 0);
    BundleSpec spec = bundle.read(Device.CPU);
    try (OnnxAnswerGenerator generator = bundle.openGenerator(spec, Device.CPU)) {
      return generator.prompt(
          List.of(question(slots, Optional.empty())), spec.rowsPerFrame().orElseThrow());
    }
  }

  @Test
  void aPictureIsCutAtWholeNumbers() {
    // Divided last, as Python does it: a rounded factor would lose a column here and there.
    ImagePreprocessor.Step step = new ImagePreprocessor.Step.ShortestEdge(28, Resampler.BICUBIC);
    for (int longer = 28; longer < 400; longer++) {
      for (int shorter : new int[] {28, 49, 55, 60}) {
        if (shorter <= longer) {
          int expected = 28 * longer / shorter;
          byte[] picture =
              new ImagePreprocessor(
                      com.google.common.collect.ImmutableList.of(step),
                      expected,
                      28,
                      io.moviechat.FrameFormat.ORIGINAL,
                      1,
                      new double[3],
                      new double[] {1, 1, 1})
                  .prepare(new byte[3 * longer * shorter], longer, shorter);
          assertThat(picture).hasSize(3 * 28 * expected);
        }
      }
    }
  }

  private String prompt(String name, int slots, Optional<Duration> breakpoint) {
    try (OnnxAnswerGenerator generator = generator(name)) {
      return generator.prompt(List.of(question(slots, breakpoint)), 16).text();
    }
  }

  private OnnxAnswerGenerator generator(String name) {
    return (OnnxAnswerGenerator) ModelBundle.at(temp.resolve(name)).openGenerator();
  }

  private static Message question(int slots, Optional<Duration> breakpoint) {
    return Message.of(
        Message.Role.USER,
        Message.Video.of(view(slots, breakpoint)),
        new Message.Text("What is it?"));
  }

  private Frame frame() {
    return Frame.of(
        Duration.ZERO, 50, 34, ByteBuffer.wrap(TestData.bytes(source.resolve("frame-50x34.rgb"))));
  }

  private static MovieView view(int count, Optional<Duration> breakpoint) {
    TokenShape shape = new TokenShape(16, 64);
    List<MemorySlot> slots = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Duration start = Duration.ofSeconds(i);
      slots.add(
          MemorySlot.of(
              MemorySlot.Tier.LONG_TERM,
              start,
              start.plusSeconds(1),
              1,
              start,
              1,
              shape,
              FloatBuffer.wrap(Views.random(shape, i))));
    }
    MovieView whole = MovieView.of(new MemorySnapshot(shape, slots, count, 0));
    return breakpoint.map(whole::at).orElse(whole);
  }
}
