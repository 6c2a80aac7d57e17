package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.google.common.util.concurrent.Uninterruptibles;
import io.moviechat.FinishReason;
import io.moviechat.GenerationOptions;
import io.moviechat.InferenceException;
import io.moviechat.TokenListener;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class OnnxAnswerSessionTest {
  private static OnnxAnswerGenerator generator;
  private static List<String> ownersBefore;

  @BeforeAll
  static void open() {
    ownersBefore = NativeOwner.openOwners();
    generator = (OnnxAnswerGenerator) ModelBundle.at(TestData.smolVlm()).openGenerator();
  }

  @AfterAll
  static void close() {
    generator.close();
    assertThat(NativeOwner.openOwners()).isEqualTo(ownersBefore);
  }

  private static GenerationOptions.Builder options() {
    return GenerationOptions.builder().maxTokens(16);
  }

  private static GeneratedAnswer ask(MovieView view, String question, GenerationOptions options) {
    try (AnswerSession session = generator.open(view)) {
      return session.answer(AnswerRequest.of(question, options), TokenListener.NONE);
    }
  }

  @Test
  void aSecondQuestionReadsOnlyItselfAndGetsTheSameAnswer() {
    MovieView view = Views.ofSlots(20);
    GenerationOptions options = options().build();
    GeneratedAnswer alone = ask(Views.ofSlots(20), "And then?", options);
    try (OnnxAnswerSession session = (OnnxAnswerSession) generator.open(view)) {
      assertThat(session.sharedBytes()).isZero();
      session.answer(AnswerRequest.of("What happens first?", options), TokenListener.NONE);
      long shared = session.sharedBytes();
      assertThat(shared).isPositive();
      GeneratedAnswer second =
          session.answer(AnswerRequest.of("And then?", options), TokenListener.NONE);
      assertThat(second.tokens()).isEqualTo(alone.tokens());
      assertThat(session.sharedBytes()).isEqualTo(shared);
      try (OnnxAnswerSession other = (OnnxAnswerSession) generator.open(view)) {
        assertThat(other.sharedBytes()).isEqualTo(shared);
      }
    }
    try (OnnxAnswerSession later = (OnnxAnswerSession) generator.open(view)) {
      assertThat(later.sharedBytes()).isZero();
    }
  }

  @Test
  void anotherSystemPromptIsNotAnsweredFromTheFirstOnesCaches() {
    MovieView view = Views.ofSlots(2);
    AnswerRequest strict =
        AnswerRequest.of("Why?", options().build()).withSystemPrompt("Answer in one word.");
    GeneratedAnswer alone;
    try (AnswerSession session = generator.open(Views.ofSlots(2))) {
      alone = session.answer(strict, TokenListener.NONE);
    }
    try (AnswerSession session = generator.open(view)) {
      session.answer(AnswerRequest.of("Why?", options().build()), TokenListener.NONE);
      assertThat(session.answer(strict, TokenListener.NONE).tokens()).isEqualTo(alone.tokens());
    }
  }

  @Test
  void samplingRepeatsWithItsSeedAndDiffersWithAnother() {
    MovieView view = Views.ofSlots(2);
    GenerationOptions.Builder hot = options().temperature(3).topK(50).topP(0.95).minP(0.001);
    GeneratedAnswer first = ask(view, "What?", hot.seed(1).build());
    assertThat(ask(view, "What?", hot.seed(1).build()).tokens()).isEqualTo(first.tokens());
    assertThat(ask(view, "What?", hot.seed(2).build()).tokens()).isNotEqualTo(first.tokens());
  }

  @Test
  void samplingFromOneTokenIsGreedy() {
    MovieView view = Views.ofSlots(2);
    GeneratedAnswer greedy = ask(view, "What?", options().build());
    assertThat(ask(view, "What?", options().temperature(1).topK(1).build()).tokens())
        .isEqualTo(greedy.tokens());
    assertThat(ask(view, "What?", options().temperature(1).topP(1e-9).build()).tokens())
        .isEqualTo(greedy.tokens());
    assertThat(ask(view, "What?", options().temperature(1).minP(0.999999).build()).tokens())
        .isEqualTo(greedy.tokens());
    assertThat(ask(view, "What?", options().temperature(1e-6).build()).tokens())
        .isEqualTo(greedy.tokens());
  }

  @Test
  void aRepetitionPenaltyKeepsTokensFromComingAgain() {
    MovieView view = Views.ofSlots(2);
    GenerationOptions heavy = options().maxTokens(40).repetitionPenalty(100).build();
    GeneratedAnswer answer = ask(view, "What?", heavy);
    assertThat(answer.tokens()).doesNotHaveDuplicates();
  }

  @Test
  void endsBeforeAStopStringEvenIfItCrossesTokens() {
    MovieView view = Views.ofSlots(2);
    String whole = ask(view, "What?", options().maxTokens(30).build()).text();
    assumeThat(whole.length()).isGreaterThan(12);
    for (int from = 1; from + 4 < whole.length(); from += 3) {
      String stop = whole.substring(from, from + 4);
      StringBuilder streamed = new StringBuilder();
      GenerationOptions options = options().maxTokens(30).stopStrings(List.of(stop)).build();
      try (AnswerSession session = generator.open(view)) {
        GeneratedAnswer answer =
            session.answer(AnswerRequest.of("What?", options), streamed::append);
        assertThat(answer.text()).isEqualTo(whole.substring(0, whole.indexOf(stop)));
        assertThat(streamed.toString()).isEqualTo(answer.text());
        assertThat(answer.finishReason()).isEqualTo(FinishReason.STOP);
      }
    }
  }

  @Test
  void doesNotEndBeforeTheLeastLength() {
    MovieView view = Views.ofSlots(1);
    GeneratedAnswer answer = ask(view, "What?", options().minTokens(16).build());
    assertThat(answer.tokens().length).isEqualTo(16);
    assertThat(answer.finishReason()).isEqualTo(FinishReason.LENGTH);
  }

  @Test
  void timesOutWithTheTextSoFar() {
    MovieView view = Views.ofSlots(3);
    GenerationOptions options =
        options().maxTokens(500).minTokens(500).timeout(Duration.ofSeconds(2)).build();
    StringBuilder streamed = new StringBuilder();
    try (AnswerSession session = generator.open(view)) {
      GeneratedAnswer answer =
          session.answer(
              AnswerRequest.of("What?", options),
              text -> { // a listener slow enough for any machine to run out of time
                streamed.append(text);
                Uninterruptibles.sleepUninterruptibly(Duration.ofMillis(100));
              });
      assertThat(answer.finishReason()).isEqualTo(FinishReason.TIMEOUT);
      assertThat(answer.text()).isEqualTo(streamed.toString());
      assertThat(answer.tokens().length).isLessThan(500);
    }
  }

  @Test
  void beamsFindWhatANaiveSearchFinds() {
    MovieView view = Views.ofSlots(1);
    int beams = 3;
    int length = 4;
    // The naive search asks anew for each beginning, with tokens forced one by one.
    record Path(List<Integer> ids, double score) {}
    List<Path> paths = List.of(new Path(List.of(), 0));
    for (int step = 0; step < length; step++) {
      List<Path> longer = new ArrayList<>();
      for (Path path : paths) {
        float[] logits = logitsAfter(view, path.ids());
        logits[generator.spec().endIds().iterator().next()] = Float.NEGATIVE_INFINITY;
        double sum = 0;
        for (float logit : logits) {
          sum += Math.exp(logit);
        }
        for (int id = 0; id < logits.length; id++) {
          List<Integer> ids = new ArrayList<>(path.ids());
          ids.add(id);
          longer.add(new Path(ids, path.score() + logits[id] - Math.log(sum)));
        }
      }
      longer.sort(Comparator.comparingDouble(Path::score).reversed());
      paths = longer.subList(0, beams);
    }
    GeneratedAnswer answer =
        ask(
            view,
            "What?",
            GenerationOptions.builder().maxTokens(length).minTokens(length).beams(beams).build());
    assertThat(answer.tokens())
        .containsExactly(paths.get(0).ids().stream().mapToInt(Integer::intValue).toArray());
  }

  private static float[] logitsAfter(MovieView view, List<Integer> forced) {
    List<float[]> seen = new ArrayList<>();
    ModelBundle bundle =
        ModelBundle.at(TestData.smolVlm())
            .withLogitsProcessors(
                (generated, logits) -> {
                  int done = generated.remaining();
                  if (done == forced.size()) {
                    float[] copy = new float[logits.remaining()];
                    logits.duplicate().get(copy);
                    seen.add(copy);
                  } else {
                    logits.put(forced.get(done), 1e6f);
                  }
                });
    try (var forcing = bundle.openGenerator();
        AnswerSession session = forcing.open(view)) {
      session.answer(
          AnswerRequest.of(
              "What?", GenerationOptions.builder().maxTokens(forced.size() + 1).build()),
          TokenListener.NONE);
    }
    return seen.get(0);
  }

  @Test
  void aLongPromptIsRefusedWithItsNumbers() {
    MovieView view = Views.ofSlots(60);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ask(view, "What?", options().build()))
        .withMessageContaining("960 of them visual, from 60 memory slots")
        .withMessageContaining("at most 1024");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ask(Views.ofSlots(1), "why ".repeat(2000), options().build()))
        .withMessageContaining("at most 1024");
  }

  @Test
  void theLargestMemoryFitsAndSaysSo() {
    int most = generator.maxSlots(Views.SMOL).orElseThrow();
    assertThat(most).isBetween(5, 60);
    GeneratedAnswer answer = ask(Views.ofSlots(most), "What happens?", options().build());
    assertThat(answer.promptTokens()).isLessThan(1024);
  }

  @Test
  void anEmptyQuestionIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ask(Views.ofSlots(1), " \n", options().build()))
        .withMessageContaining("empty");
  }

  @Test
  void foreverIsATimeout() {
    GenerationOptions forever = options().timeout(ChronoUnit.FOREVER.getDuration()).build();
    assertThat(ask(Views.ofSlots(0), "What?", forever).finishReason())
        .isNotEqualTo(FinishReason.TIMEOUT);
  }

  @Test
  void aMemoryOfNothingIsAnsweredFromTextAlone() {
    GeneratedAnswer answer = ask(Views.ofSlots(0), "What?", options().build());
    assertThat(answer.promptTokens()).isPositive();
  }

  @Test
  void visualTokensThatAreNotNumbersAreRefused() {
    float[] broken = Views.random(Views.SMOL, 1);
    broken[77] = Float.NaN;
    MovieView view =
        Views.of(
            Optional.empty(),
            io.moviechat.MemorySlot.of(
                io.moviechat.MemorySlot.Tier.LONG_TERM,
                Duration.ZERO,
                Duration.ofSeconds(1),
                1,
                Duration.ZERO,
                1,
                Views.SMOL,
                java.nio.FloatBuffer.wrap(broken)));
    assertThatThrownBy(() -> ask(view, "What?", options().build()))
        .isInstanceOf(InferenceException.class)
        .hasMessageContaining("slot 0")
        .hasFieldOrPropertyWithValue("retriable", false);
  }

  @Test
  void manyQuestionsAtOnceAreAnsweredAsAlone() {
    List<GeneratedAnswer> alone = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      alone.add(ask(Views.ofSlots(i), "Question " + i, options().build()));
    }
    List<CompletableFuture<GeneratedAnswer>> together = new ArrayList<>();
    for (int round = 0; round < 4; round++) {
      for (int i = 0; i < 6; i++) {
        int n = i;
        together.add(
            CompletableFuture.supplyAsync(
                () -> ask(Views.ofSlots(n), "Question " + n, options().build())));
      }
    }
    for (int i = 0; i < together.size(); i++) {
      assertThat(together.get(i).join().tokens()).isEqualTo(alone.get(i % 6).tokens());
    }
  }

  @Test
  void tokensComeInTurnsWhenSeveralAsk() throws Exception {
    AtomicInteger shortDone = new AtomicInteger();
    GenerationOptions endless = options().maxTokens(400).minTokens(400).build();
    CompletableFuture<Integer> slow =
        CompletableFuture.supplyAsync(
            () -> {
              ask(Views.ofSlots(1), "A long story", endless);
              return shortDone.get();
            });
    Thread.sleep(30);
    for (int i = 0; i < 3; i++) {
      ask(Views.ofSlots(1), "Short", options().maxTokens(2).build());
      shortDone.incrementAndGet();
    }
    assertThat(slow.join()).isPositive();
  }
}
