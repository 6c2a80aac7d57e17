package io.moviechat.llm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.moviechat.Conversation;
import io.moviechat.FinishReason;
import io.moviechat.Frame;
import io.moviechat.FrameSampling;
import io.moviechat.FrameTokens;
import io.moviechat.GenerationOptions;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.ModelException;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.internal.NativeOwner;
import io.moviechat.llm.ModelBundle;
import io.moviechat.speech.Cue;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.ModelDefaults;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Imported bundles through the same API as any other model. */
class ImportedBundleGoldenTest {
  private static final JsonNode EXPECTED = CheckpointGoldens.expected();
  private static final JsonNode CONFIG = EXPECTED.path("config");

  @TempDir private static Path root;

  @BeforeAll
  static void importAll() {
    for (CheckpointImport.Precision precision : CheckpointImport.Precision.values()) {
      CheckpointImport.builder()
          .llama(CheckpointGoldens.file("llama-base"))
          .delta(CheckpointGoldens.file("vicuna-delta"))
          .eva(CheckpointGoldens.file("eva_vit_g.pth"))
          .qformer(CheckpointGoldens.file("blip2_pretrained_flant5xxl.pth"))
          .checkpoint(CheckpointGoldens.file("finetune-vicuna7b-v2.pth"))
          .visionHeads(CONFIG.path("vit_heads").asInt())
          .visionBlocks(CONFIG.path("vit_depth").asInt())
          .queryHeads(CONFIG.path("bert").path("num_attention_heads").asInt())
          .precision(precision)
          .out(root.resolve(precision.name()))
          .run();
    }
  }

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  private static ModelBundle bundle(CheckpointImport.Precision precision) {
    return ModelBundle.at(root.resolve(precision.name()));
  }

  /** Largest relative error that a precision may have on the frame tokens. */
  private static double bound(CheckpointImport.Precision precision) {
    return precision == CheckpointImport.Precision.FP32 ? 1e-4 : 1e-2;
  }

  @ParameterizedTest
  @EnumSource(CheckpointImport.Precision.class)
  void framesBecomeTheSameTokens(CheckpointImport.Precision precision) {
    long[] shape = CheckpointGoldens.shape("frames");
    float[] pixels = CheckpointGoldens.array("frames");
    int bytes = (int) (shape[1] * shape[2] * shape[3]);
    List<Frame> frames = new ArrayList<>();
    for (int f = 0; f < shape[0]; f++) {
      ByteBuffer rgb = ByteBuffer.allocateDirect(bytes);
      for (int i = 0; i < bytes; i++) {
        rgb.put((byte) pixels[f * bytes + i]);
      }
      frames.add(Frame.of(Duration.ofSeconds(f), (int) shape[2], (int) shape[1], rgb.flip()));
    }
    float[] expected = CheckpointGoldens.array("qformer");
    float[] actual = new float[expected.length];
    try (FrameEncoder encoder = bundle(precision).openEncoder()) {
      int at = 0;
      for (FrameTokens tokens : encoder.encode(frames)) {
        FloatBuffer values = tokens.values();
        int n = values.remaining();
        values.get(actual, at, n);
        at += n;
        tokens.close();
      }
    }
    frames.forEach(Frame::close);
    assertThat(CheckpointGoldens.relativeError(actual, expected)).isLessThan(bound(precision));
  }

  private static MovieView view() {
    long[] shape = CheckpointGoldens.shape("long_memory");
    TokenShape tokens = new TokenShape((int) shape[1], (int) shape[2]);
    float[] memory = CheckpointGoldens.array("long_memory");
    List<MemorySlot> slots = new ArrayList<>();
    for (int i = 0; i < shape[0]; i++) {
      slots.add(
          MemorySlot.of(
              MemorySlot.Tier.LONG_TERM,
              Duration.ofSeconds(4L * i),
              Duration.ofSeconds(4L * i + 4),
              4,
              Duration.ofSeconds(4L * i),
              0,
              tokens,
              FloatBuffer.wrap(memory, i * tokens.floats(), tokens.floats())));
    }
    return MovieView.of(new MemorySnapshot(tokens, slots, 4L * slots.size(), 0));
  }

  @Test
  void theAnswerHasTheSameTokens() {
    GenerationOptions options =
        GenerationOptions.builder().maxTokens(EXPECTED.path("greedy").path("ids").size()).build();
    String question = EXPECTED.path("prompt").path("question").asText();
    try (AnswerGenerator generator = bundle(CheckpointImport.Precision.FP32).openGenerator();
        AnswerSession session = generator.open(view())) {
      assertThat(generator.tokenWidth()).hasValue((int) CheckpointGoldens.shape("long_memory")[2]);
      StringBuilder streamed = new StringBuilder();
      for (int again = 0; again < 2; again++) {
        streamed.setLength(0);
        GeneratedAnswer answer =
            session.answer(AnswerRequest.of(question, options), streamed::append);
        assertThat(Arrays.stream(answer.tokens()).asLongStream().toArray())
            .isEqualTo(CheckpointGoldens.longs(EXPECTED.path("greedy").path("ids")));
        assertThat(answer.promptTokens())
            .isEqualTo((int) CheckpointGoldens.shape("prompt_embeddings")[0]);
        assertThat(answer.text()).isEqualTo(EXPECTED.path("greedy").path("text").asText());
        assertThat(streamed).hasToString(answer.text());
      }
    }
  }

  @Test
  void whatTheFilmSaysStandsBehindItsPictures() {
    GenerationOptions options = GenerationOptions.builder().maxTokens(4).build();
    AnswerRequest request = AnswerRequest.of("Who?", options);
    Cue cue = Cue.of(Duration.ZERO, Duration.ofSeconds(2), "Hello", Cue.Origin.SPEECH);
    Cue later =
        Cue.of(Duration.ofSeconds(5), Duration.ofSeconds(6), "EXIT", Cue.Origin.SCREEN_TEXT);
    try (AnswerGenerator generator = bundle(CheckpointImport.Precision.FP32).openGenerator();
        AnswerSession session = generator.open(view())) {
      GeneratedAnswer without = session.answer(request, TokenListener.NONE);
      GeneratedAnswer with =
          session.answer(request.withCues(List.of(later, cue)), TokenListener.NONE);
      assertThat(with.cues()).containsExactly(cue, later);
      assertThat(with.promptTokens()).isGreaterThan(without.promptTokens());
      assertThat(session.answer(request, TokenListener.NONE).tokens()).isEqualTo(without.tokens());
    }
  }

  @ParameterizedTest
  @EnumSource(CheckpointImport.Precision.class)
  void everyPrecisionAnswersConversations(CheckpointImport.Precision precision) {
    GenerationOptions options = GenerationOptions.builder().maxTokens(8).build();
    try (AnswerGenerator generator = bundle(precision).openGenerator();
        AnswerSession session = generator.open(view())) {
      GeneratedAnswer first = session.answer(AnswerRequest.of("Who?", options), TokenListener.NONE);
      assertThat(first.tokens().length).isBetween(1, 8);
      AnswerRequest second =
          AnswerRequest.of("And why? <unk>", options)
              .withSystemPrompt("Be brief.")
              .withHistory(List.of(new Conversation.Turn("Who?", "A man. </s><unk> ###")));
      assertThat(session.answer(second, TokenListener.NONE).finishReason())
          .isIn(FinishReason.LENGTH, FinishReason.STOP);
    }
  }

  @Test
  void oneSlotIsEnough() {
    MovieView all = view();
    MemorySlot slot = all.memory().slots().get(0);
    MovieView one =
        MovieView.of(new MemorySnapshot(slot.shape(), List.of(slot), slot.frames(), 0))
            .at(Duration.ofSeconds(4));
    GenerationOptions options = GenerationOptions.builder().maxTokens(4).build();
    try (AnswerGenerator generator = bundle(CheckpointImport.Precision.FP32).openGenerator();
        AnswerSession session = generator.open(one)) {
      assertThat(
              session
                  .answer(AnswerRequest.of("What is it?", options), TokenListener.NONE)
                  .tokens()
                  .length)
          .isBetween(1, 4);
    }
  }

  @Test
  void moreSlotsThanPositionsAreRefused() {
    TokenShape shape = view().memory().shape();
    List<MemorySlot> slots = new ArrayList<>();
    for (int i = 0; i < 1025; i++) {
      slots.add(
          MemorySlot.of(
              MemorySlot.Tier.LONG_TERM,
              Duration.ofSeconds(i),
              Duration.ofSeconds(i + 1L),
              1,
              Duration.ofSeconds(i),
              0,
              shape,
              FloatBuffer.allocate(shape.floats())));
    }
    GenerationOptions options = GenerationOptions.builder().maxTokens(1).build();
    try (AnswerGenerator generator = bundle(CheckpointImport.Precision.FP32).openGenerator()) {
      assertThat(generator.maxSlots(shape)).hasValue(1024);
      for (int count : new int[] {256, 257, 1024}) {
        try (AnswerSession session = generator.open(view(shape, slots.subList(0, count)))) {
          session.answer(AnswerRequest.of("What?", options), TokenListener.NONE);
        }
      }
      try (AnswerSession session = generator.open(view(shape, slots))) {
        assertThatThrownBy(
                () -> session.answer(AnswerRequest.of("What?", options), TokenListener.NONE))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("1025 slots")
            .hasMessageContaining("1024");
      }
    }
  }

  private static MovieView view(TokenShape shape, List<MemorySlot> slots) {
    return MovieView.of(new MemorySnapshot(shape, slots, slots.size(), 0));
  }

  @Test
  void theOriginalsPresetsAreTheDefaults() {
    ModelDefaults defaults = bundle(CheckpointImport.Precision.FP32).defaults();
    assertThat(defaults.sampling()).hasValue(FrameSampling.ORIGINAL);
    assertThat(defaults.memoryStrategy()).hasValue("moviechat");
    assertThat(defaults.shortTermFrames()).hasValue(18);
    assertThat(defaults.consolidateTo()).hasValue(2);
    assertThat(defaults.longTermSlots()).hasValue(256);
    assertThat(
            bundle(CheckpointImport.Precision.FP32)
                .generationDefaults()
                .map(GenerationOptions::maxTokens))
        .hasValue(300);
  }

  @Test
  void aProjectorOfAnotherImportIsRefused(@TempDir Path folder) throws IOException {
    Path bundle = folder.resolve("bundle");
    try (var files = Files.walk(root.resolve("FP32"))) {
      for (Path file : files.toList()) {
        Files.copy(file, bundle.resolve(root.resolve("FP32").relativize(file).toString()));
      }
    }
    Path projector = bundle.resolve("onnx/memory_projector.onnx");
    Files.delete(projector);
    Files.copy(bundle.resolve("onnx/embed_tokens.onnx"), projector);
    assertThatThrownBy(() -> ModelBundle.at(bundle).openGenerator())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("memory_projector.onnx");
  }
}
