package io.moviechat.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.moviechat.library.Film;
import io.moviechat.tinyworld.MovieWriter;
import io.moviechat.tinyworld.Movies;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The tools through the SDK's own client over HTTP; {@link McpProcessIT} has the pipes. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ToolsTest {
  @TempDir private Path folder;

  private final List<McpSchema.ProgressNotification> progress =
      Collections.synchronizedList(new ArrayList<>());

  private McpSyncClient client(Fixture fixture) {
    McpSyncClient client =
        McpClient.sync(
                HttpClientStreamableHttpTransport.builder(
                        "http://127.0.0.1:" + fixture.server.address().getPort())
                    .endpoint("/mcp")
                    .build())
            .requestTimeout(Duration.ofSeconds(60))
            .progressConsumer(progress::add)
            .build();
    client.initialize();
    return client;
  }

  private static CallToolResult call(
      McpSyncClient client, String tool, Map<String, Object> arguments) {
    return client.callTool(CallToolRequest.builder(tool).arguments(arguments).build());
  }

  private static Map<?, ?> json(CallToolResult result) {
    assertThat(result.isError()).as("%s", result).isNotEqualTo(true);
    return (Map<?, ?>) result.structuredContent();
  }

  private static String text(CallToolResult result) {
    StringBuilder text = new StringBuilder();
    for (McpSchema.Content content : result.content()) {
      if (content instanceof McpSchema.TextContent some) {
        text.append(some.text());
      }
    }
    return text.toString();
  }

  @Test
  void anAgentWatchesAsksLooksAndForgets() throws Exception {
    try (Fixture fixture = Fixture.open(folder);
        McpSyncClient client = client(fixture)) {
      assertThat(client.listTools().tools())
          .extracting(McpSchema.Tool::name)
          .containsExactlyInAnyOrder(
              "watch_video",
              "watch_status",
              "cancel_watch",
              "ask_video",
              "ask_at",
              "list_memories",
              "storyboard",
              "forget");
      assertThat(client.listTools().tools())
          .allSatisfy(tool -> assertThat(tool.annotations().openWorldHint()).isFalse());
      fixture.clip("clip.mp4", 3);
      Map<?, ?> watched =
          json(call(client, "watch_video", Map.of("path", "clip.mp4", "wait_seconds", 50)));
      assertThat(watched.get("state")).isEqualTo("ready");
      String handle = (String) watched.get("handle");

      CallToolResult answer =
          call(
              client,
              "ask_video",
              Map.of("handle", handle, "question", "How many scenes are in the video?"));
      assertThat((String) json(answer).get("answer")).isNotBlank();
      assertThat((List<?>) json(answer).get("evidence")).isNotEmpty();
      assertThat(text(answer)).contains("[00:00-");
      assertThat(json(answer).get("watched_whole")).isEqualTo(true);

      CallToolResult then =
          call(
              client,
              "ask_at",
              Map.of("handle", handle, "time", "00:02", "question", "What is on screen now?"));
      for (Object slot : (List<?>) json(then).get("evidence")) {
        assertThat(((Number) ((Map<?, ?>) slot).get("start")).doubleValue()).isLessThanOrEqualTo(2);
      }

      CallToolResult board = call(client, "storyboard", Map.of("handle", handle));
      McpSchema.ImageContent image = (McpSchema.ImageContent) board.content().get(0);
      assertThat(image.mimeType()).isEqualTo("image/png");
      assertThat(Base64.getDecoder().decode(image.data()))
          .startsWith(0x89, 'P', 'N', 'G')
          .hasSizeLessThan(1_000_000);
      assertThat(text(board)).contains("1: 00:00-");

      McpSchema.ReadResourceResult memory =
          client.readResource(
              McpSchema.ReadResourceRequest.builder("moviechat://memory/" + handle).build());
      assertThat(((McpSchema.TextResourceContents) memory.contents().get(0)).text())
          .contains("slot_spans");
      McpSchema.ReadResourceResult picture =
          client.readResource(
              McpSchema.ReadResourceRequest.builder(
                      "moviechat://memory/" + handle + "/storyboard.png")
                  .build());
      assertThat(((McpSchema.BlobResourceContents) picture.contents().get(0)).blob()).isNotEmpty();
      assertThat(client.listPrompts().prompts())
          .extracting(McpSchema.Prompt::name)
          .containsExactlyInAnyOrder("summarise_film", "find_moment");
      assertThat(
              client
                  .getPrompt(
                      McpSchema.GetPromptRequest.builder("summarise_film")
                          .arguments(Map.of("path", "a.mp4"))
                          .build())
                  .messages()
                  .get(0)
                  .content()
                  .toString())
          .contains("a.mp4");

      assertThat((List<?>) json(call(client, "list_memories", Map.of())).get("films")).hasSize(1);
      assertThat(
              ((Number) json(call(client, "forget", Map.of("handle", handle))).get("freed_bytes"))
                  .longValue())
          .isPositive();
      assertThat((List<?>) json(call(client, "list_memories", Map.of())).get("films")).isEmpty();
    }
  }

  @Test
  void aStoryboardOfMoreSlotsThanAPictureShowsJoinsTheMostAlike() throws Exception {
    try (Fixture fixture = Fixture.open(folder);
        McpSyncClient client = client(fixture)) {
      MovieWriter.write(
          Movies.needle(600, 20, 7), fixture.films.folders().allowed().get(0).resolve("a.mp4"), 96);
      Map<?, ?> film =
          json(call(client, "watch_video", Map.of("path", "a.mp4", "wait_seconds", 50)));
      assertThat((Integer) film.get("slots")).isGreaterThan(120);
      String table =
          text(call(client, "storyboard", Map.of("handle", film.get("handle"), "max_width", 512)));
      assertThat(table).contains("\n120: ").doesNotContain("\n121: ");
    }
  }

  @Test
  void aFilmMayHaveASmallerMemory() throws Exception {
    try (Fixture fixture = Fixture.open(folder);
        McpSyncClient client = client(fixture)) {
      fixture.clip("clip.mp4", 3);
      Map<?, ?> watched =
          json(call(client, "watch_video", Map.of("path", "clip.mp4", "wait_seconds", 50)));
      Map<?, ?> coarse =
          json(
              call(
                  client,
                  "watch_video",
                  Map.of("path", "clip.mp4", "wait_seconds", 50, "memory_slots", 8)));
      assertThat(coarse.get("handle")).as("another memory").isNotEqualTo(watched.get("handle"));
      assertThat((Integer) coarse.get("slots"))
          .isLessThanOrEqualTo(8)
          .isLessThan((Integer) watched.get("slots"));
      failed(
          client,
          "watch_video",
          Map.of("path", "clip.mp4", "wait_seconds", 50, "memory_slots", 1),
          "at least");
    }
  }

  @Test
  void aLongWatchReturnsInTimeTellsProgressAndIsAskedMeanwhile() throws Exception {
    var gated = new Fixture.GatedModel();
    gated.frames.drainPermits();
    try (Fixture fixture = Fixture.open(folder, gated::chat, Long.MAX_VALUE, () -> Long.MAX_VALUE);
        McpSyncClient client = client(fixture)) {
      fixture.clip("clip.mp4", 3);
      Thread frames =
          new Thread(
              () -> {
                for (int i = 0; i < 14; i++) {
                  gated.frames.release();
                  try {
                    Thread.sleep(250);
                  } catch (InterruptedException e) {
                    return;
                  }
                }
              });
      frames.start();
      long start = System.nanoTime();
      Map<?, ?> watching =
          json(
              client.callTool(
                  CallToolRequest.builder("watch_video")
                      .arguments(Map.of("path", "clip.mp4", "wait_seconds", 4))
                      .progressToken("token")
                      .build()));
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
      assertThat(watching.get("state")).isEqualTo("watching");
      frames.join();
      assertThat(progress).isNotEmpty();
      assertThat(progress)
          .allSatisfy(each -> assertThat(each.progressToken()).isEqualTo("token"))
          .extracting(McpSchema.ProgressNotification::progress)
          .isSorted()
          .doesNotHaveDuplicates();

      String handle = (String) watching.get("handle");
      CallToolResult answer =
          call(client, "ask_video", Map.of("handle", handle, "question", "Who?"));
      assertThat(json(answer).get("watched_whole")).isEqualTo(false);
      assertThat(((Number) json(answer).get("watched_to")).doubleValue()).isPositive();
      assertThat(text(answer)).contains("still being watched");

      Film film = fixture.films.film(handle);
      Thread ending = new Thread(() -> gated.frames.release(2));
      ending.start();
      assertThat(json(call(client, "cancel_watch", Map.of("handle", handle))).get("state"))
          .isEqualTo("forgotten");
      assertThat(film.state()).isEqualTo(Film.State.FORGOTTEN);
      assertThat(fixture.films.library().bytes()).isZero();
    }
  }

  @Test
  void whatCannotBeDoneIsAResultThatSaysWhy() throws Exception {
    var gated = new Fixture.GatedModel();
    try (Fixture fixture = Fixture.open(folder, gated::chat, Long.MAX_VALUE, () -> Long.MAX_VALUE);
        McpSyncClient client = client(fixture)) {
      failed(client, "watch_video", Map.of("path", "/etc/passwd"), "--allow");
      failed(client, "watch_video", Map.of("path", "../../etc/passwd"), "--allow");
      failed(
          client,
          "ask_video",
          Map.of("handle", "0123456789abcdef", "question", "Who?"),
          "there is no film");
      failed(client, "ask_video", Map.of("question", "Who?"), "handle");
      failed(client, "ask_video", Map.of("handle", "x"), "question");
      failed(client, "watch_video", Map.of("path", "a.mp4", "wait_seconds", 500), "wait_seconds");
      java.nio.file.Files.writeString(
          fixture.films.folders().allowed().get(0).resolve("notes.mp4"), "no film");
      failed(client, "watch_video", Map.of("path", "notes.mp4"), "notes.mp4");
      Film film = fixture.watched(fixture.clip("clip.mp4", 3));
      failed(
          client,
          "ask_at",
          Map.of("handle", film.id(), "time", "soon", "question", "Who?"),
          "not a time");
      failed(
          client,
          "ask_at",
          Map.of("handle", film.id(), "time", 1e6, "question", "Who?"),
          "outside");
    }
  }

  private static void failed(
      McpSyncClient client, String tool, Map<String, Object> arguments, String why) {
    CallToolResult result = call(client, tool, arguments);
    assertThat(result.isError()).as("%s", result).isTrue();
    assertThat(text(result)).contains(why).doesNotContain("\tat ");
  }

  @Test
  void twoAgentsShareTheFilms() throws Exception {
    var gated = new Fixture.GatedModel();
    try (Fixture fixture = Fixture.open(folder, gated::chat, Long.MAX_VALUE, () -> Long.MAX_VALUE);
        McpSyncClient one = client(fixture);
        McpSyncClient other = client(fixture)) {
      fixture.clip("clip.mp4", 3);
      Object first = json(call(one, "watch_video", Map.of("path", "clip.mp4"))).get("handle");
      Object second = json(call(other, "watch_video", Map.of("path", "clip.mp4"))).get("handle");
      assertThat(second).isEqualTo(first);
      Object answer =
          json(call(other, "ask_video", Map.of("handle", first, "question", "Who?"))).get("answer");
      assertThat(answer).isNotNull();
    }
  }
}
