package io.moviechat.llm.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moviechat.FinishReason;
import io.moviechat.Frame;
import io.moviechat.GenerationOptions;
import io.moviechat.InferenceException;
import io.moviechat.MemorySlot;
import io.moviechat.TokenListener;
import io.moviechat.llm.Views;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What servers of each kind send, byte for byte, over a real socket. The streams are written after
 * the servers' sources and published records, shortened to what differs.
 */
class OpenAiServersTest {
  private static final String OK = data("{'content':'ok'}", "'stop'") + "data: [DONE]\n\n";

  /** One event of a stream. */
  private static String data(String delta, String finish) {
    return "data: "
        + ("{'id':'c1','object':'chat.completion.chunk','choices':[{'index':0,'delta':"
                + delta
                + ",'logprobs':null,'finish_reason':"
                + finish
                + "}]}")
            .replace('\'', '"')
        + "\n\n";
  }

  private static GeneratedAnswer ask(RawServer server) {
    return ask(server, chat -> chat, GenerationOptions.DEFAULT);
  }

  private static GeneratedAnswer ask(
      RawServer server, UnaryOperator<OpenAiChat.Builder> settings, GenerationOptions options) {
    MovieView view = Views.of(Optional.empty(), Views.slot(MemorySlot.Tier.SHORT_TERM, 0, 9, 1, 2));
    view =
        view.with(
            (moment, format) ->
                Optional.of(Frame.of(moment, 8, 6, ByteBuffer.wrap(new byte[3 * 8 * 6]))));
    OpenAiChat.Builder builder =
        OpenAiChat.builder(server.address(), "some-vlm").retries(2, Duration.ofMillis(10));
    try (OpenAiChat chat = settings.apply(builder).build();
        AnswerSession session = chat.open(view)) {
      return session.answer(AnswerRequest.of("What now?", options), TokenListener.NONE);
    }
  }

  private static void assertFails(RawServer server, String... parts) {
    assertThatThrownBy(() -> ask(server))
        .isInstanceOf(InferenceException.class)
        .hasMessageContainingAll(parts)
        .hasMessageContaining("some-vlm at 127.0.0.1:" + server.address().getPort());
  }

  @ParameterizedTest
  @EnumSource
  void noServerIsOfferedHttp2WithoutTls(RawServer.Upgrade upgrade) throws IOException {
    try (RawServer server = new RawServer(upgrade).streams(OK)) {
      assertThat(ask(server).text()).isEqualTo("ok");
    }
    try (RawServer server = new RawServer(upgrade).streams(OK)) { // nor by a client of the caller's
      HttpClient own = HttpClient.newHttpClient();
      assertThat(ask(server, c -> c.httpClient(own), GenerationOptions.DEFAULT).text())
          .isEqualTo("ok");
      assertThat(server.requests.remove()).doesNotContainIgnoringCase("upgrade");
    }
  }

  @Test
  void vllmSendsARoleThoughtsApartAndUsageAtTheEnd() throws IOException {
    try (RawServer server = new RawServer(RawServer.Upgrade.DROPS_BODY)) {
      server.streams(
          data("{'role':'assistant','content':''}", "null")
              + data("{'reasoning_content':'Two cars? Yes.'}", "null")
              + data("{'reasoning':'Newer versions say it so.'}", "null")
              + data("{'content':'Two cars.'}", "null")
              + data("{'content':''}", "'stop'").replace("}]}", ",\"stop_reason\":null}]}")
              + "data:"
              + " {\"choices\":[],\"usage\":{\"prompt_tokens\":900,\"completion_tokens\":9}}\n\n"
              + "data: [DONE]\n\n");
      GeneratedAnswer answer = ask(server);
      assertThat(answer.text()).isEqualTo("Two cars.");
      assertThat(answer.promptTokens()).isEqualTo(900);
      assertThat(answer.finishReason()).isEqualTo(FinishReason.STOP);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          ollama     | {'role':'assistant','content':'ok'}                                     | 'stop'   | ok
          mistral    | {'content':[{'type':'text','text':'o'},{'type':'reference','reference_ids':[1]},{'type':'text','text':'k'}]} | 'stop' | ok
          magistral  | {'content':[{'type':'thinking','thinking':[{'type':'text','text':'hm'}]},{'type':'text','text':'ok'}]} | 'stop' | ok
          qwen       | {'content':'<think>\\nIs it ok?\\n</think>\\n\\nok'}                    | 'stop'   | ok
          tgi        | {'content':'ok'}                                                        | 'eos_token' | ok
          comparison | {'content':'<thin line'}                                                | 'stop'   | <thin line
          """)
  void answersComeInManyForms(String server, String delta, String finish, String text)
      throws IOException {
    try (RawServer raw = new RawServer(RawServer.Upgrade.IGNORES)) {
      raw.streams(data(delta, "null") + data("{}", finish) + "data: [DONE]\n\n");
      assertThat(ask(raw).text()).as(server).isEqualTo(text);
    }
  }

  @Test
  void thoughtsInTagsAreLeftOutAcrossPieces() throws IOException {
    try (RawServer server = new RawServer(RawServer.Upgrade.IGNORES)) {
      StringBuilder stream = new StringBuilder();
      for (char c : "<thinking>a < b</thinking> <b>ok</b>".toCharArray()) {
        stream.append(data("{'content':'" + c + "'}", "null"));
      }
      server.streams(stream + data("{}", "'stop'") + "data: [DONE]\n\n");
      assertThat(ask(server).text()).isEqualTo("<b>ok</b>");
    }
  }

  @Test
  void linesMayEndInCarriageReturnsAndCommentsKeepTheConnection() throws IOException {
    try (RawServer server = new RawServer(RawServer.Upgrade.IGNORES)) {
      server.streams(
          (": OPENROUTER PROCESSING\n\nretry: 3000\nid: 7\nevent: message\n" + OK)
              .replace("\n", "\r"));
      server.streams(OK.replace("\n", "\r\n").replace("data: ", "data:"));
      assertThat(ask(server).text()).isEqualTo("ok");
      assertThat(ask(server).text()).isEqualTo("ok");
    }
  }

  @Test
  void aProxyThatDoesNotStreamIsReadOnce() throws IOException {
    try (RawServer server = new RawServer(RawServer.Upgrade.IGNORES)) {
      String whole =
          "{\n \"object\": \"chat.completion\",\n \"choices\": [{\"message\": {\"role\":"
              + " \"assistant\", \"content\": \"ok\"}, \"finish_reason\": \"length\"}],\n"
              + " \"usage\": {\"prompt_tokens\": 7}\n}";
      server.then(200, "application/json", whole);
      GeneratedAnswer answer = ask(server);
      assertThat(answer.text()).isEqualTo("ok");
      assertThat(answer.finishReason()).isEqualTo(FinishReason.LENGTH);
      assertThat(answer.promptTokens()).isEqualTo(7);
      assertThat(server.requests).hasSize(1);
      server.then(200, "application/json", "{\"error\": {\"message\": \"no GPU\"}}");
      assertFails(server, "failed: no GPU");
      server.then(200, "text/html", "<html><body>Welcome to nginx</body></html>");
      assertFails(server, "a page, not an answer", "up to its version");
      assertThat(server.requests).hasSize(3);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          'content_filter' | {'content':'Two '}       | content filter took it after part of the answer
          'tool_calls'     | {'tool_calls':[{'id':'x'}]} | wanted to call a tool
          'function_call'  | {}                       | wanted to call a tool
          'abort'          | {'content':'Two '}       | another reason than its end: abort after part
          'error'          | {'content':'Two '}       | another reason than its end: error
          'stop'           | {'refusal':'I cannot.'}  | refused to answer: I cannot.
          'stop'           | {}                       | gave an empty answer
          'stop'           | {'content':'<think>hm'}  | was still thinking
          'length'         | {'reasoning_content':'hm'} | no answer within 256 tokens: the model was still thinking
          """)
  void nothingThatIsNoAnswerIsGivenAsOne(String finish, String delta, String message)
      throws IOException {
    try (RawServer server = new RawServer(RawServer.Upgrade.IGNORES)) {
      server.streams(data(delta, "null") + data("{}", finish) + "data: [DONE]\n\n");
      assertFails(server, message);
      assertThat(server.requests).hasSize(1);
    }
  }

  @Test
  void aCutAnswerSaysSo() throws IOException {
    try (RawServer server = new RawServer(RawServer.Upgrade.IGNORES)) {
      for (String finish : new String[] {"'length'", "'max_tokens'", "'model_length'"}) {
        server.streams(data("{'content':'Two'}", "null") + data("{}", finish));
        assertThat(ask(server).finishReason()).isEqualTo(FinishReason.LENGTH);
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          vllm      | data: {"error":{"message":"EngineCore died","type":"InternalServerError"}} | failed: EngineCore died
          sglang    | data: {"object":"error","message":"out of memory","code":500}             | failed: out of memory
          llama.cpp | error: {"code":500,"message":"slot unavailable"}                          | slot unavailable
          named     | event: error~data: {"message":"overloaded"}                               | overloaded
          """)
  void errorsWithinTheStreamAreTold(String kind, String event, String message) throws IOException {
    try (RawServer server = new RawServer(RawServer.Upgrade.IGNORES)) {
      server.streams(data("{'content':'Two '}", "null") + event.replace('~', '\n') + "\n\n");
      assertFails(server, message, "after part of the answer");
    }
  }

  @Test
  void anErrorOfNullIsNone() throws IOException {
    try (RawServer server = new RawServer(RawServer.Upgrade.IGNORES)) {
      server.streams(OK.replace("{\"id\"", "{\"error\":null,\"id\""));
      assertThat(ask(server).text()).isEqualTo("ok");
    }
  }

  @Test
  void whatNobodyAskedForIsLeftOutOnceRefused() throws IOException {
    String completionTokens =
        "{\"error\":{\"message\":\"Unsupported parameter: 'max_tokens' is not supported with this"
            + " model. Use 'max_completion_tokens' instead.\",\"param\":\"max_tokens\"}}";
    String temperature =
        "{\"error\":{\"message\":\"Unsupported value: 'temperature' does not support 0 with this"
            + " model. Only the default (1) value is supported.\",\"param\":\"temperature\"}}";
    String mistral =
        "{\"object\":\"error\",\"message\":{\"detail\":[{\"type\":\"extra_forbidden\",\"loc\":"
            + "[\"body\",\"stream_options\"]},{\"type\":\"extra_forbidden\",\"loc\":[\"body\",\"seed\"]}]}}";
    try (RawServer server = new RawServer(RawServer.Upgrade.IGNORES)) {
      server.then(400, "application/json", completionTokens);
      server.then(400, "application/json", temperature);
      server.then(422, "application/json", mistral);
      server.streams(OK);
      assertThat(ask(server).text()).isEqualTo("ok");
      assertThat(server.requests).hasSize(4);
      assertThat(server.requests.getLast())
          .contains("\"max_completion_tokens\":256")
          .doesNotContain("\"max_tokens\"", "\"temperature\"", "\"seed\"", "\"stream_options\"");
      // What was asked for is not given up behind the asker's back.
      server.then(400, "application/json", temperature);
      assertThatThrownBy(
              () -> ask(server, c -> c, GenerationOptions.builder().temperature(0.5).build()))
          .hasMessageContaining("HTTP 400")
          .hasMessageContaining("does not support 0");
    }
  }

  @Test
  void headersQueryAndParametersAreTheCallers() throws IOException {
    try (RawServer server = new RawServer(RawServer.Upgrade.IGNORES).streams(OK)) {
      URI azure = URI.create(server.address() + "/?api-version=2024-10-21");
      try (OpenAiChat chat =
              OpenAiChat.builder(azure, "deployed")
                  .header("api-key", "azure-secret")
                  .leaveOut("seed", "stream_options")
                  .rename("max_tokens", "max_completion_tokens")
                  .build();
          AnswerSession session = chat.open(Views.ofSlots(0))) {
        session.answer(AnswerRequest.of("What?", GenerationOptions.DEFAULT), TokenListener.NONE);
      }
      assertThat(server.requests.remove())
          .startsWith("POST /v1/chat/completions?api-version=2024-10-21 HTTP/1.1\r\n")
          .contains("api-key: azure-secret", "\"max_completion_tokens\"")
          .doesNotContain("\"seed\"", "\"stream_options\"", "Authorization");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OpenAiChat.builder(URI.create("http://me:pw@host/v1"), "x"));
    OpenAiChat.Builder builder = OpenAiChat.builder(URI.create("http://host/v1"), "x");
    assertThatIllegalArgumentException().isThrownBy(() -> builder.header("Host", "other"));
    assertThatIllegalArgumentException().isThrownBy(() -> builder.header("x", "a\nb"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          400 | {"object":"error","message":"At most 1 image(s) may be provided in one prompt."} | 1 pictures were sent: lower maxImages
          400 | {"error":{"message":"the request exceeds the available context size"}}           | -c of llama.cpp
          400 | {"message":"This model's maximum context length is 2048 tokens."}                 | --max-model-len of vLLM
          400 | {"error":{"message":"image input is not supported - hint: you may need to provide the mmproj"}} | one that sees pictures
          401 | {"error":{"message":"Incorrect API key provided"}}                               | is the key right
          404 | {"error":{"message":"The model `x` does not exist."}}                            | named as the server names it
          307 | moved                                                                            | redirects are not followed
          413 | too large                                                                        | lower maxImages
          429 | {"error":{"code":"insufficient_quota","message":"You exceeded your quota"}}      | HTTP 429
          """)
  void refusalsSayWhatToDo(int status, String body, String advice) throws IOException {
    try (RawServer server = new RawServer(RawServer.Upgrade.IGNORES)) {
      server.then(status, "application/json", body.replace('`', '\''));
      assertFails(server, "HTTP " + status, advice);
      assertThat(server.requests).hasSize(1);
    }
  }

  @Test
  void unreachableServersAreNamedAndNotTriedAgain() throws IOException {
    int port;
    try (ServerSocket taken = new ServerSocket(0)) {
      port = taken.getLocalPort();
    }
    assertThatThrownBy(() -> askAt("http://127.0.0.1:" + port + "/v1"))
        .isInstanceOf(InferenceException.class)
        .hasMessageContaining("m at 127.0.0.1:" + port + " cannot be reached")
        .hasMessageContaining("connection was refused");
    assertThatThrownBy(() -> askAt("http://no-such-host.invalid/v1"))
        .hasMessageContaining("m at no-such-host.invalid:80 cannot be reached: no such host");
  }

  private static void askAt(String address) {
    try (OpenAiChat chat =
            OpenAiChat.builder(URI.create(address), "m").retries(9, Duration.ofHours(1)).build();
        AnswerSession session = chat.open(Views.ofSlots(0))) {
      session.answer(AnswerRequest.of("What?", GenerationOptions.DEFAULT), TokenListener.NONE);
    }
  }

  @Test
  void silenceIsNoAnswer() throws IOException {
    try (RawServer server = new RawServer(RawServer.Upgrade.IGNORES)) {
      for (int i = 0; i < 3; i++) {
        server.then(503, "text/plain", "loading the model");
      }
      assertThatThrownBy(
              () ->
                  ask(
                      server,
                      c -> c.timeout(Duration.ofMillis(300)).retries(2, Duration.ofHours(1)),
                      GenerationOptions.DEFAULT))
          .hasMessageContaining(
              "gave no answer within PT0.3S; it failed before: HTTP 503: loading");
    }
  }
}
