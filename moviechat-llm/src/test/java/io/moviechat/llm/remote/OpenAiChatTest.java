package io.moviechat.llm.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.moviechat.Conversation;
import io.moviechat.FinishReason;
import io.moviechat.Frame;
import io.moviechat.GenerationOptions;
import io.moviechat.InferenceException;
import io.moviechat.MemorySlot;
import io.moviechat.TokenListener;
import io.moviechat.llm.Views;
import io.moviechat.speech.Cue;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against a real HTTP server that checks the requests. */
class OpenAiChatTest {
  private static final String KEY = "sk-very-secret-4711";

  private HttpServer server;
  private ExecutorService threads;
  private final ConcurrentLinkedQueue<JsonNode> requests = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<String> keys = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<Consumer<HttpExchange>> script =
      new ConcurrentLinkedQueue<>();

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    threads = Executors.newCachedThreadPool();
    server.setExecutor(threads);
    server.createContext(
        "/v1/chat/completions",
        exchange -> {
          requests.add(new ObjectMapper().readTree(exchange.getRequestBody()));
          keys.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
          Consumer<HttpExchange> step = script.poll();
          try (exchange) {
            if (step == null) {
              exchange.sendResponseHeaders(404, -1);
            } else {
              step.accept(exchange);
            }
          } catch (UncheckedIOException e) {
            // The client went away, as some tests want.
          }
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
    threads.shutdownNow();
  }

  private OpenAiChat.Builder builder() {
    return OpenAiChat.builder(
            URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/v1"), "tiny")
        .apiKey(KEY)
        .retries(2, Duration.ofMillis(10));
  }

  private static void send(HttpExchange exchange, String... pieces) {
    try {
      exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
      exchange.sendResponseHeaders(200, 0);
      OutputStream out = exchange.getResponseBody();
      for (String piece : pieces) {
        out.write(piece.getBytes(StandardCharsets.UTF_8));
        out.flush();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void fail(HttpExchange exchange, int status, String body) {
    try {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(status, bytes.length);
      exchange.getResponseBody().write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String delta(String text) {
    return "data: {\"choices\":[{\"delta\":{\"content\":\"" + text + "\"}}]}\n\n";
  }

  private static String finish(String reason) {
    return "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"" + reason + "\"}]}\n\n";
  }

  private static final String USAGE =
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":321,\"completion_tokens\":7}}\n\n";
  private static final String DONE = "data: [DONE]\n\n";

  private static final MovieView.Pictures FRAMES =
      (moment, format) -> Optional.of(Frame.of(moment, 8, 6, ByteBuffer.wrap(new byte[3 * 8 * 6])));

  private static MovieView view() {
    MovieView view =
        Views.of(
            Optional.of(Duration.ofSeconds(95)),
            Views.slot(MemorySlot.Tier.LONG_TERM, 0, 70, 12, 1),
            Views.slot(MemorySlot.Tier.SHORT_TERM, 70, 95, 1, 2),
            Views.slot(MemorySlot.Tier.CURRENT, 95, 95, 1, 3));
    return view.with(FRAMES);
  }

  private static GeneratedAnswer ask(OpenAiChat chat, AnswerRequest request) {
    try (AnswerSession session = chat.open(view())) {
      return session.answer(request, TokenListener.NONE);
    }
  }

  private static AnswerRequest question() {
    return AnswerRequest.of("What now?", GenerationOptions.DEFAULT);
  }

  private static final List<Cue> CUES =
      List.of(
          Cue.of(
              Duration.ofSeconds(80), Duration.ofSeconds(84), "EXIT\n42", Cue.Origin.SCREEN_TEXT),
          Cue.of(Duration.ofSeconds(3), Duration.ofSeconds(5), "Say \"hello\"", Cue.Origin.SPEECH));

  @Test
  void whatTheFilmSaysStandsBeforeItsPictures() {
    script.add(exchange -> send(exchange, delta("Yes."), finish("stop"), USAGE, DONE));
    try (OpenAiChat chat = builder().build()) {
      assertThat(ask(chat, question().withCues(CUES)).cues())
          .extracting(Cue::text)
          .containsExactly("Say \"hello\"", "EXIT\n42");
    }
    JsonNode messages = requests.element().path("messages");
    JsonNode content = messages.path(messages.size() - 1).path("content");
    assertThat(content.path(0).path("text").asText())
        .isEqualTo("Said 00:00:03 to 00:00:05: \"Say 'hello'\"\nFrames from 00:00:00 to 00:01:10:");
    assertThat(content.path(2).path("text").asText())
        .startsWith("Written 00:01:20 to 00:01:24: \"EXIT 42\"\nFrame from 00:01:10");
    assertThat(content.path(4).path("text").asText()).startsWith("Frame now");
  }

  @Test
  void sendsPicturesWithTheirTimesAndStreamsTheAnswer() throws IOException {
    script.add(
        exchange ->
            send(
                exchange,
                ": a comment\n\n",
                delta("A "),
                "data: {\"choices\":[{\"delta\":{\"content\":\"r\u00e4",
                "bbit\"}}]}\r\n\r\n",
                finish("stop"),
                USAGE,
                DONE));
    try (OpenAiChat chat = builder().build();
        AnswerSession session = chat.open(view())) {
      List<String> pieces = new ArrayList<>();
      AnswerRequest request =
          AnswerRequest.of(
                  "What now?",
                  GenerationOptions.builder()
                      .maxTokens(9)
                      .temperature(0.5)
                      .topP(0.9)
                      .topK(7)
                      .seed(3)
                      .stopStrings(List.of("END"))
                      .build())
              .withSystemPrompt("Be brief.")
              .withHistory(List.of(new Conversation.Turn("Who?", "Nobody.")));
      GeneratedAnswer answer = session.answer(request, pieces::add);
      assertThat(answer.text()).isEqualTo("A r\u00e4bbit");
      assertThat(pieces).containsExactly("A ", "r\u00e4bbit");
      assertThat(answer.finishReason()).isEqualTo(FinishReason.STOP);
      assertThat(answer.promptTokens()).isEqualTo(321);
    }
    JsonNode sent = requests.remove();
    assertThat(sent.path("model").asText()).isEqualTo("tiny");
    assertThat(sent.path("stream").asBoolean()).isTrue();
    assertThat(sent.path("max_tokens").asInt()).isEqualTo(9);
    assertThat(sent.path("temperature").asDouble()).isEqualTo(0.5);
    assertThat(sent.path("top_p").asDouble()).isEqualTo(0.9);
    assertThat(sent.path("top_k").asInt()).isEqualTo(7);
    assertThat(sent.path("seed").asInt()).isEqualTo(3);
    assertThat(sent.path("stop").path(0).asText()).isEqualTo("END");
    JsonNode messages = sent.path("messages");
    assertThat(messages.path(0).path("role").asText()).isEqualTo("system");
    JsonNode content = messages.path(1).path("content");
    assertThat(content.path(0).path("text").asText())
        .isEqualTo("Frames from 00:00:00 to 00:01:10:");
    assertThat(content.path(2).path("text").asText()).isEqualTo("Frame from 00:01:10:");
    assertThat(content.path(4).path("text").asText()).isEqualTo("Frame now, at 00:01:35:");
    assertThat(content.path(6).path("text").asText()).isEqualTo("Who?");
    String url = content.path(1).path("image_url").path("url").asText();
    assertThat(url).startsWith("data:image/jpeg;base64,");
    byte[] jpeg = Base64.getDecoder().decode(url.substring(url.indexOf(',') + 1));
    assertThat(ImageIO.read(new ByteArrayInputStream(jpeg)).getWidth()).isEqualTo(8);
    assertThat(messages.path(2).path("role").asText()).isEqualTo("assistant");
    assertThat(messages.path(3).path("content").asText()).isEqualTo("What now?");
    assertThat(keys).containsExactly("Bearer " + KEY);
  }

  @Test
  void triesAgainAfterRefusals() {
    script.add(exchange -> fail(exchange, 429, "slow down"));
    script.add(exchange -> fail(exchange, 503, "busy"));
    script.add(exchange -> send(exchange, delta("ok"), finish("length"), DONE));
    try (OpenAiChat chat = builder().build()) {
      GeneratedAnswer answer = ask(chat, question());
      assertThat(answer.text()).isEqualTo("ok");
      assertThat(answer.finishReason()).isEqualTo(FinishReason.LENGTH);
    }
    assertThat(requests).hasSize(3);
  }

  @Test
  void givesUpWithTheServersWordsButWithoutTheKey() {
    for (int i = 0; i < 3; i++) {
      script.add(exchange -> fail(exchange, 500, "cannot use " + KEY));
    }
    try (OpenAiChat chat = builder().build()) {
      assertThatThrownBy(() -> ask(chat, question()))
          .isInstanceOf(InferenceException.class)
          .hasMessageContaining("failed 3 times")
          .hasMessageContaining("HTTP 500: cannot use ***")
          .hasMessageNotContaining(KEY)
          .hasFieldOrPropertyWithValue("retriable", true);
    }
  }

  @Test
  void aBadRequestIsNotTriedAgain() {
    script.add(exchange -> fail(exchange, 400, "no such model"));
    try (OpenAiChat chat = builder().build()) {
      assertThatThrownBy(() -> ask(chat, question()))
          .isInstanceOf(InferenceException.class)
          .hasMessageContaining("HTTP 400: no such model")
          .hasFieldOrPropertyWithValue("retriable", false);
    }
    assertThat(requests).hasSize(1);
  }

  @Test
  void whoCannotBeReachedOrSaysNothingInTimeMayBeAskedAgain() throws IOException {
    int free;
    try (ServerSocket socket = new ServerSocket(0)) {
      free = socket.getLocalPort();
    }
    URI nobody = URI.create("http://127.0.0.1:" + free + "/v1");
    try (OpenAiChat chat = OpenAiChat.builder(nobody, "test-model").build()) {
      assertThatThrownBy(() -> ask(chat, question()))
          .isInstanceOf(InferenceException.class)
          .hasMessageContaining("refused; does the server run?")
          .hasFieldOrPropertyWithValue("retriable", true);
    }
    URI nowhere = URI.create("http://no-such-host.invalid/v1");
    try (OpenAiChat chat = OpenAiChat.builder(nowhere, "test-model").build()) {
      assertThatThrownBy(() -> ask(chat, question()))
          .isInstanceOf(InferenceException.class)
          .hasMessageContaining("no such host")
          .hasFieldOrPropertyWithValue("retriable", false);
    }
    CountDownLatch end = new CountDownLatch(1);
    script.add(
        exchange -> {
          try {
            end.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    try (OpenAiChat chat = builder().timeout(Duration.ofMillis(300)).build()) {
      assertThatThrownBy(() -> ask(chat, question()))
          .isInstanceOf(InferenceException.class)
          .hasMessageContaining("gave no answer within")
          .hasFieldOrPropertyWithValue("retriable", true);
    } finally {
      end.countDown();
    }
  }

  @Test
  void aRedirectIsNotFollowed() {
    script.add(
        exchange -> {
          exchange.getResponseHeaders().set("Location", "http://127.0.0.1:1/steal");
          fail(exchange, 302, "");
        });
    try (OpenAiChat chat = builder().build()) {
      assertThatThrownBy(() -> ask(chat, question())).hasMessageContaining("HTTP 302");
    }
  }

  @Test
  void aStreamThatBreaksOffBeforeAnyTextIsTriedAgain() {
    script.add(exchange -> send(exchange, ": hello\n\n"));
    script.add(exchange -> send(exchange, delta("ok"), finish("stop")));
    try (OpenAiChat chat = builder().build()) {
      assertThat(ask(chat, question()).text()).isEqualTo("ok");
    }
  }

  @Test
  void aStreamThatBreaksOffLaterFails() {
    script.add(exchange -> send(exchange, delta("half an")));
    try (OpenAiChat chat = builder().build()) {
      assertThatThrownBy(() -> ask(chat, question()))
          .isInstanceOf(InferenceException.class)
          .hasMessageContaining("after part of the answer")
          .hasFieldOrPropertyWithValue("retriable", true);
    }
  }

  @Test
  void nonsenseAndErrorsInTheStreamFail() {
    script.add(exchange -> send(exchange, "data: {nonsense\n\n"));
    script.add(exchange -> send(exchange, "data: {\"error\":{\"message\":\"oom\"}}\n\n"));
    script.add(exchange -> send(exchange, "data: " + "x".repeat(2 << 20)));
    try (OpenAiChat chat = builder().build()) {
      assertThatThrownBy(() -> ask(chat, question())).hasMessageContaining("not JSON");
      assertThatThrownBy(() -> ask(chat, question())).hasMessageContaining("oom");
      assertThatThrownBy(() -> ask(chat, question())).hasMessageContaining("line of more than");
    }
  }

  @Test
  void endsAtAStopStringAcrossPieces() {
    script.add(exchange -> send(exchange, delta("one E"), delta("ND two"), DONE));
    try (OpenAiChat chat = builder().build()) {
      GenerationOptions options = GenerationOptions.builder().stopStrings(List.of("END")).build();
      assertThat(ask(chat, AnswerRequest.of("Why?", options)).text()).isEqualTo("one ");
    }
  }

  @Test
  void aStalledServerTimesOutAndCancellingEndsTheWait() {
    Consumer<HttpExchange> stall =
        exchange -> {
          send(exchange, delta("wait"));
          try {
            Thread.sleep(20_000);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        };
    script.add(stall);
    script.add(stall);
    try (OpenAiChat chat = builder().timeout(Duration.ofMillis(700)).build()) {
      GeneratedAnswer late = ask(chat, question());
      assertThat(late.finishReason()).isEqualTo(FinishReason.TIMEOUT);
      assertThat(late.text()).isEqualTo("wait");
    }
    try (OpenAiChat chat = builder().build();
        AnswerSession session = chat.open(view())) {
      AtomicBoolean cancelled = new AtomicBoolean();
      AnswerRequest request =
          AnswerRequest.of("Why?", GenerationOptions.DEFAULT).withCancelled(cancelled::get);
      GeneratedAnswer answer = session.answer(request, text -> cancelled.set(true));
      assertThat(answer.finishReason()).isEqualTo(FinishReason.CANCELLED);
    }
  }

  @Test
  void fewerPicturesThanSlotsAreSpreadEvenly() {
    script.add(exchange -> send(exchange, delta("ok"), DONE));
    try (OpenAiChat chat = builder().maxImages(2).build()) {
      ask(chat, question());
    }
    String sent = requests.remove().toString();
    assertThat(sent)
        .contains("Frames from 00:00:00")
        .contains("Frame now")
        .doesNotContain("Frame from 00:01:10");
  }

  @Test
  void saysWhenThereIsNoVideoToTakePicturesFrom() {
    try (OpenAiChat chat = builder().build();
        AnswerSession session = chat.open(Views.ofSlots(2))) {
      assertThatThrownBy(() -> session.answer(question(), TokenListener.NONE))
          .isInstanceOf(InferenceException.class)
          .hasMessageContaining("video is not at hand")
          .hasFieldOrPropertyWithValue("retriable", false);
    }
  }

  @Test
  void refusesWhatItCannotDo() {
    try (OpenAiChat chat = builder().build()) {
      assertThatIllegalArgumentException()
          .isThrownBy(
              () ->
                  ask(
                      chat,
                      AnswerRequest.of("Why?", GenerationOptions.builder().beams(2).build())));
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OpenAiChat.builder(URI.create("file:///etc/passwd"), "x"));
    assertThatIllegalArgumentException().isThrownBy(() -> builder().apiKey("a\nb"));
    assertThat(requests).isEmpty();
  }

  @Test
  void isClosedOnceAndForAll() {
    OpenAiChat chat = builder().build();
    AnswerSession session = chat.open(view());
    chat.close();
    assertThatIllegalStateException()
        .isThrownBy(() -> session.answer(question(), TokenListener.NONE));
    assertThatIllegalStateException().isThrownBy(() -> chat.open(view()));
  }
}
