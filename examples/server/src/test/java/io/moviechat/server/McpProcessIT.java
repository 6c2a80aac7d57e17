package io.moviechat.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.ServerParameters;
import io.modelcontextprotocol.client.transport.StdioClientTransport;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import java.io.BufferedReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code moviechat mcp} as a process of its own, as a desktop program starts it. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class McpProcessIT {
  @TempDir private Path folder;

  private List<String> command() {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-cp",
        System.getProperty("java.class.path"),
        "io.moviechat.server.ServerMain",
        "mcp",
        "--allow",
        folder.toString(),
        "--home",
        folder.resolve("home").toString());
  }

  /** The first half of a film, with holes. */
  private Path broken() throws Exception {
    byte[] whole = Files.readAllBytes(Fixture.clip(folder, "whole.mp4", 3));
    byte[] damaged = whole.clone();
    for (int i = damaged.length / 4; i < damaged.length * 3 / 4; i += 97) {
      damaged[i] = (byte) (damaged[i] * 31 + 7);
    }
    Files.write(folder.resolve("damaged.mp4"), damaged);
    return Files.write(folder.resolve("cut.mp4"), Arrays.copyOf(whole, whole.length / 2));
  }

  @Test
  void standardOutputCarriesTheProtocolAndNothingElseWhateverTheFilmIs() throws Exception {
    broken();
    Process process =
        new ProcessBuilder(command()).redirectError(folder.resolve("err").toFile()).start();
    List<String> requests = new ArrayList<>();
    requests.add(
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
            + "\"2025-03-26\",\"capabilities\":{},\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}");
    requests.add("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
    List<String> films = List.of("whole.mp4", "cut.mp4", "damaged.mp4");
    for (int i = 0; i < films.size(); i++) {
      requests.add(
          "{\"jsonrpc\":\"2.0\",\"id\":"
              + (i + 2)
              + ",\"method\":\"tools/call\",\"params\":{\"name\":\"watch_video\",\"arguments\":"
              + "{\"path\":\""
              + films.get(i)
              + "\",\"wait_seconds\":50}}}");
    }
    List<JsonNode> answers = new ArrayList<>();
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      try (Writer in = process.outputWriter(StandardCharsets.UTF_8)) {
        for (String request : requests) {
          in.write(request + "\n");
          in.flush();
          if (request.contains("\"id\"")) {
            JsonNode answer = Fixture.json(out.readLine()); // throws on what is no JSON
            assertThat(answer.path("jsonrpc").asText()).isEqualTo("2.0");
            answers.add(answer);
          }
        }
      }
      assertThat(out.lines()).allSatisfy(line -> assertThat(line).startsWith("{\"jsonrpc\""));
    }
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("ends with its client").isTrue();
    assertThat(process.exitValue()).isZero();
    assertThat(answers).hasSize(4);
    assertThat(answers.get(0).path("result").path("protocolVersion").asText())
        .isEqualTo("2025-03-26");
    JsonNode whole = answers.get(1).path("result");
    assertThat(whole.path("structuredContent").path("state").asText()).isEqualTo("ready");
    assertThat(answers.get(2).path("result").path("isError").asBoolean()).isTrue();
  }

  @Test
  void theSdksClientWorksOverPipes() throws Exception {
    Fixture.clip(folder, "clip.mp4", 3);
    List<String> command = command();
    StdioClientTransport transport =
        new StdioClientTransport(
            ServerParameters.builder(command.get(0))
                .args(command.subList(1, command.size()))
                .build(),
            Tools.mapper());
    try (McpSyncClient client =
        McpClient.sync(transport).requestTimeout(Duration.ofSeconds(90)).build()) {
      client.initialize();
      Map<?, ?> watched =
          (Map<?, ?>)
              client
                  .callTool(
                      CallToolRequest.builder("watch_video")
                          .arguments(Map.of("path", "clip.mp4", "wait_seconds", 50))
                          .build())
                  .structuredContent();
      assertThat(watched.get("state")).isEqualTo("ready");
      Map<?, ?> answer =
          (Map<?, ?>)
              client
                  .callTool(
                      CallToolRequest.builder("ask_video")
                          .arguments(
                              Map.of(
                                  "handle",
                                  watched.get("handle"),
                                  "question",
                                  "How many scenes are in the video?"))
                          .build())
                  .structuredContent();
      assertThat((String) answer.get("answer")).isNotBlank();
    }
  }
}
