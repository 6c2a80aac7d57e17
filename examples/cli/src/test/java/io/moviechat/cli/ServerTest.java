package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model behind a server answers in place of one in a folder. */
class ServerTest {
  private static final String STREAM =
      "data: {\"choices\":[{\"delta\":{\"content\":\"Colours.\"},\"finish_reason\":\"stop\"}]}"
          + "\n\ndata: [DONE]\n\n";

  @TempDir static Path folder;

  private final List<String> requests = Collections.synchronizedList(new ArrayList<>());
  private HttpServer server;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/v1/chat/completions",
        exchange -> {
          requests.add(
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
          byte[] stream = STREAM.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, stream.length);
          exchange.getResponseBody().write(stream);
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private String[] args(String command, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                command,
                "--server",
                "http://127.0.0.1:" + server.getAddress().getPort() + "/v1",
                "--chat-model",
                "some-vlm",
                "--max-images",
                "2",
                "--video",
                Clips.good(folder, 5).toString()));
    args.addAll(List.of(more));
    return args.toArray(String[]::new);
  }

  @Test
  void answers_a_question_from_pictures() {
    Ran ran = Ran.command(args("ask", "-q", "What is there?", "--verbose"));

    assertThat(ran.exitCode()).as(ran.err()).isZero();
    assertThat(ran.out()).isEqualTo("Colours.\n");
    assertThat(ran.err()).contains("time: watching ", "first text after ");
    assertThat(requests).hasSize(1);
    assertThat(requests.get(0).split("data:image/jpeg")).hasSize(3);
    assertThat(requests.get(0)).contains("\"model\":\"some-vlm\"", "What is there?");
  }

  @Test
  void chats() {
    Ran ran = Ran.typing("What is there?\nAnd why?\n", args("chat"));

    assertThat(ran.out()).isEqualTo("Colours.\nColours.\n");
    assertThat(requests.get(1)).contains("What is there?", "And why?");
  }

  @Test
  void a_server_that_is_not_there_is_named() {
    int port = server.getAddress().getPort();
    server.stop(0);

    Ran ran = Ran.command(args("ask", "-q", "What is there?"));

    assertThat(ran.exitCode()).isEqualTo(1);
    assertThat(ran.err())
        .contains("some-vlm at 127.0.0.1:" + port + " cannot be reached", "refused");
  }
}
