package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.moviechat.FinishReason;
import io.moviechat.GenerationOptions;
import io.moviechat.InferenceException;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What holds for the answers of every family, whatever positions and states its decoder has: the
 * same answer however a prompt is read and whoever else asks.
 */
class FamilyAnswersTest {
  private static final GenerationOptions OPTIONS =
      GenerationOptions.builder().maxTokens(12).minTokens(12).build();

  static Stream<String> families() {
    return TestData.models().stream().map(folder -> folder.getFileName().toString());
  }

  /** A bundle and a memory of five slots that it reads. */
  private record Subject(ModelBundle bundle, BundleSpec spec, TokenShape shape) {
    static Subject of(String family) {
      Path folder = TestData.resource("fixtures").resolve(family);
      JsonNode expected = FixturesGoldenTest.json(folder.resolve("expected.json"));
      ModelBundle bundle = FixturesGoldenTest.bundle(folder, expected, 0);
      BundleSpec spec = bundle.read(Device.CPU);
      int rows = expected.path("visual_tokens_per_frame").asInt();
      return new Subject(bundle, spec, new TokenShape(rows, spec.decoder().width()));
    }

    MovieView view() {
      return Views.ofSlots(shape, 5);
    }

    OnnxAnswerGenerator open(int chunk) {
      return bundle.openGenerator(spec, Device.CPU, chunk);
    }
  }

  private static int[] ask(
      OnnxAnswerGenerator generator, MovieView view, String question, GenerationOptions options) {
    try (AnswerSession session = generator.open(view)) {
      return session.answer(AnswerRequest.of(question, options), TokenListener.NONE).tokens();
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void aPromptInPartsIsTheSamePrompt(String family) {
    Subject subject = Subject.of(family);
    List<int[]> answers = new ArrayList<>();
    for (int chunk : new int[] {0, 1, 7, 16}) {
      try (OnnxAnswerGenerator generator = subject.open(chunk)) {
        answers.add(ask(generator, subject.view(), "What happens?", OPTIONS));
      }
    }
    assertThat(answers).allSatisfy(answer -> assertThat(answer).isEqualTo(answers.get(0)));
  }

  @ParameterizedTest
  @MethodSource("families")
  void questionsShareAPrefixAndNothingElse(String family) {
    Subject subject = Subject.of(family);
    List<String> owners = NativeOwner.openOwners();
    GenerationOptions beams =
        GenerationOptions.builder().maxTokens(8).minTokens(8).beams(3).build();
    try (OnnxAnswerGenerator generator = subject.open(0)) {
      int[] alone = ask(generator, subject.view(), "And then?", OPTIONS);
      int[] aloneByBeams = ask(generator, subject.view(), "And then?", beams);
      MovieView view = subject.view();
      try (OnnxAnswerSession session = (OnnxAnswerSession) generator.open(view)) {
        session.answer(AnswerRequest.of("What happens first?", OPTIONS), TokenListener.NONE);
        assertThat(session.sharedBytes()).isPositive();
        assertThat(ask(generator, view, "And then?", OPTIONS)).isEqualTo(alone);
        assertThat(ask(generator, view, "And then?", beams)).isEqualTo(aloneByBeams);
        // One that ends in the middle leaves the prefix as it was.
        AtomicInteger asked = new AtomicInteger();
        AnswerRequest cancelled =
            AnswerRequest.of("Why is that so?", OPTIONS)
                .withCancelled(() -> asked.incrementAndGet() > 3);
        assertThat(session.answer(cancelled, TokenListener.NONE).finishReason())
            .isEqualTo(FinishReason.CANCELLED);
        assertThat(ask(generator, view, "And then?", OPTIONS)).isEqualTo(alone);
        List<CompletableFuture<int[]>> together = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          together.add(
              CompletableFuture.supplyAsync(() -> ask(generator, view, "And then?", OPTIONS)));
        }
        together.forEach(answer -> assertThat(answer.join()).isEqualTo(alone));
      }
      // The only session works in the shared caches themselves, and leaves them as they were.
      try (OnnxAnswerSession session = (OnnxAnswerSession) generator.open(view)) {
        for (int i = 0; i < 3; i++) {
          AtomicInteger asked = new AtomicInteger();
          AnswerRequest cancelled =
              AnswerRequest.of("Why is that so?", OPTIONS)
                  .withCancelled(() -> asked.incrementAndGet() > 2);
          session.answer(cancelled, TokenListener.NONE);
          assertThat(session.sharedBytes()).isPositive();
          AnswerRequest request = AnswerRequest.of("And then?", OPTIONS);
          assertThat(session.answer(request, TokenListener.NONE).tokens()).isEqualTo(alone);
        }
      }
    }
    assertThat(NativeOwner.openOwners()).isEqualTo(owners);
  }

  @ParameterizedTest
  @MethodSource("families")
  void aStepWrittenWhereItReadsIsTheSame(String family) {
    Subject subject = Subject.of(family);
    try (OnnxAnswerGenerator generator = subject.open(0)) {
      Decoder decoder = generator.decoder();
      // Those two have a single layer of each kind; there is nothing to be saved.
      boolean rings = !family.matches("vlm-tiny-(gemma4|qwen3-5)");
      assertThat(decoder.rings() != null).isEqualTo(rings);
      try (Lane lane = new Lane(decoder, 64);
          Lane copying = new Lane(decoder, 64)) {
        KvBlock block = lane.step(decoder.nothing(), 1, 40);
        KvBlock copied = copying.step(decoder.nothing(), 1, 40);
        for (int i = 2; i < 20; i++) {
          KvBlock before = copied.retain();
          copied = copying.step(before, i, 40);
          KvBlock written = lane.step(block, i, 40);

          assertThat(copied).isNotSameAs(before);
          assertThat(written == block).isEqualTo(rings);
          assertThat(lane.logits()).isEqualTo(copying.logits());
          for (int cache = 0; cache < subject.spec.decoder().caches().size(); cache++) {
            assertThat(written.cache(cache).buffer()).isEqualTo(copied.cache(cache).buffer());
          }
          copying.release(before);
          block = written;
        }
        assertThat(block.length()).isEqualTo(19);
        lane.release(block);
        copying.release(copied);
      }
    }
  }

  @Test
  void aStepThatFailsLeavesNothingBehindThatLooksWhole() {
    Subject subject = Subject.of("vlm-tiny-llava-onevision");
    try (OnnxAnswerGenerator generator = subject.open(0);
        Lane lane = new Lane(generator.decoder(), 64)) {
      KvBlock block = lane.step(generator.decoder().nothing(), 1, 40);
      block.nextPosition(Long.MAX_VALUE);
      assertThatThrownBy(() -> lane.step(block, 2, 40)).isInstanceOf(InferenceException.class);
      assertThat(block.length()).isZero();
      lane.release(block);
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void guessesChangeNoAnswer(String family) {
    Subject subject = Subject.of(family);
    GenerationOptions greedy = GenerationOptions.builder().maxTokens(80).minTokens(60).build();
    GenerationOptions sampled = greedy.toBuilder().temperature(0.3).topK(3).seed(5).build();
    GenerationOptions penalised = greedy.toBuilder().repetitionPenalty(1.05).build();
    try (OnnxAnswerGenerator generator = subject.open(0)) {
      for (GenerationOptions options : List.of(greedy, sampled, penalised)) {
        int[] plain = ask(generator, subject.view(), "red red red red fish", options);
        for (int guesses : new int[] {1, 5, 64}) {
          GenerationOptions guessing = options.toBuilder().promptLookup(guesses).build();
          assertThat(ask(generator, subject.view(), "red red red red fish", guessing))
              .isEqualTo(plain);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void anInterruptEndsAnAnswerAndIsKept(String family) {
    Subject subject = Subject.of(family);
    GenerationOptions endless = GenerationOptions.builder().maxTokens(900).minTokens(900).build();
    try (OnnxAnswerGenerator generator = subject.open(0);
        AnswerSession session = generator.open(subject.view())) {
      StringBuilder heard = new StringBuilder();
      GeneratedAnswer answer =
          session.answer(
              AnswerRequest.of("A long story", endless),
              text -> {
                heard.append(text);
                Thread.currentThread().interrupt();
              });
      assertThat(Thread.interrupted()).isTrue();
      assertThat(answer.finishReason()).isEqualTo(FinishReason.CANCELLED);
      assertThat(answer.tokens().length).isLessThan(100);
      assertThat(answer.text()).isEqualTo(heard.toString());
    }
  }
}
