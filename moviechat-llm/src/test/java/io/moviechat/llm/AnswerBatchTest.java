package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.moviechat.FinishReason;
import io.moviechat.GenerationOptions;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AnswerBatchTest {
  private static final List<String> QUESTIONS =
      List.of(
          "What happens?",
          "Who is the man that comes in at the very beginning, and what does he want of her?",
          "Why?",
          "Is it day or night in the second half?");

  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void end() {
    threads.shutdownNow();
  }

  static Stream<String> families() {
    return TestData.models().stream().map(folder -> folder.getFileName().toString());
  }

  private static GenerationOptions.Builder options(int tokens) {
    return GenerationOptions.builder().maxTokens(tokens).minTokens(tokens);
  }

  /** Of different length, so that some end before others. */
  private static GenerationOptions options(List<String> questions, String question) {
    return options(12 + 5 * questions.indexOf(question)).build();
  }

  /** A bundle, and views of memories that its decoder reads. */
  private record Subject(ModelBundle bundle, TokenShape shape) {
    static Subject of(String family) {
      Path folder = TestData.resource("fixtures").resolve(family);
      JsonNode expected = FixturesGoldenTest.json(folder.resolve("expected.json"));
      ModelBundle bundle = FixturesGoldenTest.bundle(folder, expected, 0);
      int rows = expected.path("visual_tokens_per_frame").asInt();
      int width = bundle.read(Device.CPU).decoder().width();
      return new Subject(bundle, new TokenShape(rows, width));
    }

    OnnxAnswerGenerator openAlone() {
      return (OnnxAnswerGenerator) bundle.openGenerator();
    }

    OnnxAnswerGenerator openBatched(Start start) {
      OnnxAnswerGenerator opened =
          (OnnxAnswerGenerator)
              bundle.withBatchedAnswers().withLogitsProcessors(start).openGenerator();
      start.generator.set(opened);
      return opened;
    }

    MovieView view(int slots) {
      return Views.ofSlots(shape, slots);
    }
  }

  private static GeneratedAnswer ask(
      OnnxAnswerGenerator generator,
      MovieView view,
      AnswerRequest request,
      TokenListener listener) {
    try (AnswerSession session = generator.open(view)) {
      return session.answer(request, listener);
    }
  }

  /**
   * Lets answers go on from their second token only once all of them have got there, and so are in
   * the batch; from then on none is left behind.
   */
  private static final class Start implements ModelBundle.LogitsProcessor {
    private final AtomicReference<OnnxAnswerGenerator> generator = new AtomicReference<>();
    private volatile CyclicBarrier begun = new CyclicBarrier(1);

    void of(int answers) {
      patience(Duration.ofMillis(1));
      Duration then = answers > 1 ? Duration.ofMinutes(1) : Duration.ofMillis(1);
      begun = new CyclicBarrier(answers, () -> patience(then));
    }

    private void patience(Duration patience) {
      generator.get().decoder().batch().ifPresent(all -> all.leastPatience = patience.toNanos());
    }

    @Override
    public void process(IntBuffer generated, FloatBuffer scores) {
      if (generated.remaining() == 1) {
        try {
          begun.await(1, TimeUnit.MINUTES);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
          throw new IllegalStateException(e);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void answersAreThoseThatEachWouldGetAlone(String family) throws Exception {
    Start start = new Start();
    Subject subject = Subject.of(family);
    List<String> owners = NativeOwner.openOwners();
    MovieView shared = subject.view(4);
    try (OnnxAnswerGenerator alone = subject.openAlone();
        OnnxAnswerGenerator batched = subject.openBatched(start)) {
      for (int count = 2; count <= QUESTIONS.size(); count++) {
        List<AnswerRequest> requests = new ArrayList<>();
        List<MovieView> views = new ArrayList<>();
        List<int[]> expected = new ArrayList<>();
        for (String question : QUESTIONS.subList(0, count)) {
          requests.add(AnswerRequest.of(question, options(QUESTIONS, question)));
          // One of another memory, and so of another prefix.
          views.add(requests.size() == 3 ? subject.view(2) : shared);
          int last = requests.size() - 1;
          expected.add(
              ask(alone, views.get(last), requests.get(last), TokenListener.NONE).tokens());
        }
        start.of(count);
        long before = batched.decoder().batch().map(AnswerBatch::runs).orElse(0L);
        List<Future<GeneratedAnswer>> answers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          MovieView view = views.get(i);
          AnswerRequest request = requests.get(i);
          answers.add(threads.submit(() -> ask(batched, view, request, TokenListener.NONE)));
        }
        for (int i = 0; i < count; i++) {
          assertThat(answers.get(i).get().tokens()).as(QUESTIONS.get(i)).isEqualTo(expected.get(i));
        }
        if (batched.decoder().batch().isPresent()) {
          // Each reads one token on the way in, then all go in step to the end of the longest.
          int longest = expected.stream().mapToInt(ids -> ids.length).max().orElseThrow();
          assertThat(batched.decoder().batch().get().runs() - before)
              .isBetween((long) longest - 1, (long) longest - 2 + count);
        }
      }
    }
    assertThat(NativeOwner.openOwners()).isEqualTo(owners);
  }

  @Test
  void someFamiliesCanAndSomeCannot() {
    try (OnnxAnswerGenerator can = Subject.of("vlm-tiny-smolvlm").openBatched(new Start());
        OnnxAnswerGenerator cannot = Subject.of("vlm-tiny-lfm2-vl").openBatched(new Start())) {
      assertThat(can.decoder().batch()).isPresent();
      assertThat(cannot.decoder().batch()).isEmpty();
    }
  }

  @Test
  void oneThatIsCancelledAndOneThatFailsEndByThemselves() throws Exception {
    Start start = new Start();
    Subject subject = Subject.of("vlm-tiny-smolvlm");
    List<String> owners = NativeOwner.openOwners();
    MovieView view = subject.view(3);
    try (OnnxAnswerGenerator alone = subject.openAlone();
        OnnxAnswerGenerator batched = subject.openBatched(start)) {
      AnswerRequest whole = AnswerRequest.of(QUESTIONS.get(0), options(40).build());
      int[] expected = ask(alone, view, whole, TokenListener.NONE).tokens();
      AtomicInteger asked = new AtomicInteger();
      AnswerRequest cancelled =
          AnswerRequest.of(QUESTIONS.get(1), options(40).build())
              .withCancelled(() -> asked.incrementAndGet() > 12);
      start.of(3);
      Future<GeneratedAnswer> first =
          threads.submit(() -> ask(batched, view, whole, TokenListener.NONE));
      Future<GeneratedAnswer> second =
          threads.submit(() -> ask(batched, view, cancelled, TokenListener.NONE));
      AtomicInteger pieces = new AtomicInteger();
      AnswerRequest third = AnswerRequest.of(QUESTIONS.get(2), options(40).build());
      Future<GeneratedAnswer> thirdAnswer =
          threads.submit(
              () ->
                  ask(
                      batched,
                      view,
                      third,
                      text -> {
                        if (pieces.incrementAndGet() == 5) {
                          throw new IllegalStateException("the listener failed");
                        }
                      }));
      assertThat(first.get().tokens()).isEqualTo(expected);
      assertThat(second.get().finishReason()).isEqualTo(FinishReason.CANCELLED);
      assertThat(second.get().tokens()).hasSizeBetween(1, 12);
      assertThatThrownBy(thirdAnswer::get)
          .isInstanceOf(ExecutionException.class)
          .hasRootCauseMessage("the listener failed");
      // And who asks afterwards is answered as ever.
      start.of(1);
      assertThat(ask(batched, view, whole, TokenListener.NONE).tokens()).isEqualTo(expected);
    }
    assertThat(NativeOwner.openOwners()).isEqualTo(owners);
  }

  @Test
  void anAnswerThatIsLateLeavesAGapAndNoTrace() throws Exception {
    Start start = new Start();
    Subject subject = Subject.of("vlm-tiny-smolvlm");
    MovieView view = subject.view(3);
    try (OnnxAnswerGenerator alone = subject.openAlone();
        OnnxAnswerGenerator batched = subject.openBatched(start)) {
      AnswerRequest many = AnswerRequest.of(QUESTIONS.get(0), options(150).build());
      AnswerRequest few = AnswerRequest.of(QUESTIONS.get(1), options(20).build());
      int[] manyExpected = ask(alone, view, many, TokenListener.NONE).tokens();
      int[] fewExpected = ask(alone, view, few, TokenListener.NONE).tokens();
      start.of(1); // nobody waits for the other, so that there are gaps
      Future<GeneratedAnswer> slow =
          threads.submit(() -> ask(batched, view, few, text -> LockSupport.parkNanos(20_000_000)));
      Future<GeneratedAnswer> fast =
          threads.submit(() -> ask(batched, view, many, TokenListener.NONE));
      assertThat(slow.get().tokens()).isEqualTo(fewExpected);
      assertThat(fast.get().tokens()).isEqualTo(manyExpected);
    }
  }
}
