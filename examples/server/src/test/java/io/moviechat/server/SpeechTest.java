package io.moviechat.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.moviechat.library.Film;
import io.moviechat.llm.langchain4j.MovieTools;
import io.moviechat.speech.Cue;
import io.moviechat.tinymodel.EmbeddedSpeech;
import io.moviechat.tinyworld.SpokenFilm;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Both commands with {@code --speech}: what a film says is heard, found, and told with answers. */
class SpeechTest {
  private static final String QUESTION = "What is said at the end?";

  @Test
  void aFilmThatSpeaks(@TempDir Path folder) throws Exception {
    Path allowed = Files.createDirectories(folder.resolve("allowed"));
    Path clip = allowed.resolve("spoken.mp4");
    SpokenFilm.write(clip);
    Settings settings = new Settings();
    new CommandLine(settings)
        .parseArgs(
            "--speech",
            new EmbeddedSpeech().folder().toString(),
            "--allow",
            allowed.toString(),
            "--home",
            folder.resolve("home").toString());
    try (Fixture fixture = Fixture.open(settings.open())) {
      Film film = fixture.watched(clip);
      List<Cue> cues = film.with(movie -> movie.cues().list());
      assertThat(cues).hasSizeGreaterThan(5).allMatch(cue -> cue.origin() == Cue.Origin.SPEECH);

      String query = URLEncoder.encode(cues.get(0).text(), StandardCharsets.UTF_8);
      JsonNode hits =
          Fixture.json(fixture.get("/api/films/" + film.id() + "/search?q=" + query)).path("hits");
      assertThat(hits.findValuesAsText("text")).contains(cues.get(0).text());
      assertThat(hits.findValuesAsText("origin")).isNotEmpty().containsOnly("speech");

      String last = cues.get(cues.size() - 1).text();
      assertThat(MovieTools.of(fixture.films.library(), allowed).askVideo(film.id(), QUESTION))
          .contains("\nThe film's words:\nSaid 00:00:")
          .contains("\"" + last + "\"");
      try (McpSyncClient client =
          McpClient.sync(
                  HttpClientStreamableHttpTransport.builder(
                          "http://127.0.0.1:" + fixture.server.address().getPort())
                      .endpoint("/mcp")
                      .build())
              .requestTimeout(Duration.ofSeconds(60))
              .build()) {
        client.initialize();
        Map<String, Object> arguments = Map.of("handle", film.id(), "question", QUESTION);
        Map<?, ?> answer =
            (Map<?, ?>)
                client
                    .callTool(CallToolRequest.builder("ask_video").arguments(arguments).build())
                    .structuredContent();
        assertThat((List<?>) answer.get("cues"))
            .anySatisfy(cue -> assertThat(((Map<?, ?>) cue).get("text")).isEqualTo(last));
      }
    }
  }
}
