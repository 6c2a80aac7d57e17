package io.moviechat.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.moviechat.Conversation;
import io.moviechat.library.Film;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ChatProtocolTest {
  private static final String QUESTION = "How many scenes are in the video?";

  @TempDir private Path folder;

  private static Map<String, Object> ask(String model, Object content, boolean stream) {
    return Map.of(
        "model",
        model,
        "stream",
        stream,
        "messages",
        List.of(
            Map.of("role", "system", "content", "Be short."),
            Map.of("role", "user", "content", content)));
  }

  @Test
  void aFilmIsAModelAndStreamsWhatItAnswersWhole() throws Exception {
    try (Fixture fixture = Fixture.open(folder)) {
      Film film = fixture.watched(fixture.clip("clip.mp4", 3));
      JsonNode models = Fixture.json(fixture.get("/v1/models")).path("data");
      String id = models.get(0).path("id").asText();
      assertThat(id).isEqualTo("clip.mp4@" + film.id());
      assertThat(Fixture.json(fixture.get("/v1/models/" + id))).isEqualTo(models.get(0));
      assertThat(fixture.get("/v1/models/none").statusCode()).isEqualTo(404);

      HttpResponse<String> whole =
          fixture.send("POST", "/v1/chat/completions", ask(id, QUESTION, false));
      JsonNode json = Fixture.json(whole);
      String text = json.path("choices").get(0).path("message").path("content").asText();
      assertThat(text).isNotBlank();
      assertThat(json.path("choices").get(0).path("finish_reason").asText()).isEqualTo("stop");
      assertThat(json.path("moviechat").path("evidence")).isNotEmpty();
      assertThat(json.path("usage").path("prompt_tokens").asInt()).isPositive();

      String body =
          fixture
              .send(
                  "POST",
                  "/v1/chat/completions",
                  ask(id, List.of(Map.of("type", "text", "text", QUESTION)), true))
              .body();
      List<JsonNode> chunks = new ArrayList<>();
      Fixture.events(body).forEach(event -> chunks.add(event.getValue()));
      StringBuilder streamed = new StringBuilder();
      chunks.forEach(
          chunk ->
              streamed.append(
                  chunk.path("choices").get(0).path("delta").path("content").asText("")));
      assertThat(streamed.toString()).isEqualTo(text);
      assertThat(chunks.get(0).path("choices").get(0).path("delta").path("role").asText())
          .isEqualTo("assistant");
      assertThat(
              chunks.get(chunks.size() - 1).path("choices").get(0).path("finish_reason").asText())
          .isEqualTo("stop");
      assertThat(body.strip()).endsWith("data: [DONE]");
    }
  }

  @Test
  void takesAVideoAlongWithTheQuestion() throws Exception {
    var gated = new Fixture.GatedModel();
    try (Fixture fixture =
        Fixture.open(folder, gated::chat, Long.MAX_VALUE, () -> Long.MAX_VALUE)) {
      Path clip = fixture.clip("clip.mp4", 3);
      String data =
          "data:video/mp4;base64," + Base64.getEncoder().encodeToString(Files.readAllBytes(clip));
      for (String address : List.of(clip.toString(), clip.toUri().toString(), data)) {
        List<Map<String, Object>> content =
            List.of(
                Map.of("type", "video_url", "video_url", Map.of("url", address)),
                Map.of("type", "text", "text", "Who?"));
        HttpResponse<String> answer =
            fixture.send("POST", "/v1/chat/completions", ask("any", content, false));
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      }
      assertThat(fixture.films.library().films()).as("the same content is one film").hasSize(1);
    }
  }

  /** An answer that has not seen the picture would look as if it had. */
  @Test
  void refusesWhatItWouldHaveToLeaveOut() throws Exception {
    try (Fixture fixture = Fixture.open(folder)) {
      String id = "clip.mp4@" + fixture.watched(fixture.clip("clip.mp4", 3)).id();
      Map<String, Object> picture =
          Map.of("type", "image_url", "image_url", Map.of("url", "data:image/png;base64,AAAA"));
      HttpResponse<String> answer =
          fixture.send(
              "POST",
              "/v1/chat/completions",
              ask(id, List.of(picture, Map.of("type", "text", "text", QUESTION)), false));
      assertThat(answer.statusCode()).isEqualTo(400);
      assertThat(answer.body()).contains("image_url").contains("text and video_url");

      Map<String, Object> two = new HashMap<>(ask(id, QUESTION, false));
      two.put("n", 2);
      HttpResponse<String> several = fixture.send("POST", "/v1/chat/completions", two);
      assertThat(several.statusCode()).isEqualTo(400);
      assertThat(several.body()).contains("'n' is 2");
    }
  }

  private static Map<String, Object> says(String role, Object content) {
    return Map.of("role", role, "content", content);
  }

  private static Object about(String video, String words) {
    return List.of(
        Map.of("type", "video_url", "video_url", Map.of("url", video)),
        Map.of("type", "text", "text", words));
  }

  @Test
  void questionsThatWereAnsweredAreTheTurnsBefore() throws Exception {
    var gated = new Fixture.GatedModel();
    try (Fixture fixture =
        Fixture.open(folder, gated::chat, Long.MAX_VALUE, () -> Long.MAX_VALUE)) {
      Film film = fixture.watched(fixture.clip("clip.mp4", 3));
      Film other = fixture.watched(fixture.clip("other.mp4", 4));
      List<Map<String, Object>> messages =
          new ArrayList<>(
              List.of(
                  says("system", "Be short."),
                  says("assistant", "Hello, ask me."),
                  says("user", about(film.id(), "Who comes?")),
                  says("assistant", "A fish."),
                  says("user", "Was this stopped?"),
                  says("user", "What colour is it?"),
                  says("assistant", "Red."),
                  says("user", "And then?")));
      Map<String, Object> request = Map.of("model", "any", "messages", messages);
      JsonNode reply = Fixture.json(fixture.send("POST", "/v1/chat/completions", request));
      assertThat(reply.path("model").asText()).contains(film.id());
      assertThat(reply.path("moviechat").path("forgotten_turns").asInt(-1)).isZero();
      assertThat(gated.history)
          .containsExactly(
              new Conversation.Turn("Who comes?", "A fish."),
              new Conversation.Turn("What colour is it?", "Red."));

      messages.add(says("assistant", "It swims."));
      messages.add(says("user", about(other.id(), "And in this one?")));
      reply = Fixture.json(fixture.send("POST", "/v1/chat/completions", request));
      assertThat(reply.path("model").asText()).contains(other.id());
      assertThat(gated.history).as("what was said of another film").isEmpty();
    }
  }

  @Test
  void countsTokensAtTheEndOfAStreamIfAskedTo() throws Exception {
    try (Fixture fixture = Fixture.open(folder)) {
      Film film = fixture.watched(fixture.clip("clip.mp4", 3));
      Map<String, Object> request = new HashMap<>(ask(film.id(), QUESTION, true));
      request.put("stream_options", Map.of("include_usage", true));
      List<Map.Entry<String, JsonNode>> chunks =
          Fixture.events(fixture.send("POST", "/v1/chat/completions", request).body());
      JsonNode last = chunks.get(chunks.size() - 1).getValue();
      assertThat(last.path("choices").isEmpty()).isTrue();
      assertThat(last.path("usage").path("completion_tokens").asInt()).isPositive();
    }
  }

  @Test
  void aSlowReplyBeginsWithEmptyLinesAndIsTheSame() throws Exception {
    var gated = new Fixture.GatedModel();
    gated.words = 4;
    gated.wordMillis = 300; // longer than a client is left without a sign
    try (Fixture fixture =
        Fixture.open(folder, gated::chat, Long.MAX_VALUE, () -> Long.MAX_VALUE)) {
      Film film = fixture.watched(fixture.clip("clip.mp4", 3));
      HttpResponse<String> slow =
          fixture.send("POST", "/v1/chat/completions", ask(film.id(), "Who?", false));
      assertThat(slow.body()).startsWith("\n");
      assertThat(slow.headers().firstValue("Content-Type").orElse("")).contains("json");
      assertThat(Fixture.json(slow).path("choices").get(0).path("message").path("content").asText())
          .isEqualTo("word0. word1. word2. word3. ");
    }
  }

  @Test
  void refusesInTheProtocolsForm() throws Exception {
    var gated = new Fixture.GatedModel();
    try (Fixture fixture =
        Fixture.open(folder, gated::chat, Long.MAX_VALUE, () -> Long.MAX_VALUE)) {
      List<Map<String, Object>> remote =
          List.of(
              Map.of("type", "video_url", "video_url", Map.of("url", "http://example.com/a.mp4")),
              Map.of("type", "text", "text", "Who?"));
      refused(fixture, ask("any", remote, false), 403, "fetches nothing");
      refused(fixture, ask("gpt-4o", "Who?", true), 400, "which film");
      refused(fixture, ask("x@0123456789abcdef", "Who?", true), 404, "there is no film");
      refused(fixture, Map.of("model", "x"), 400, "messages");
      List<Object> answered = List.of(says("user", "Who?"), says("assistant", "A fish."));
      refused(fixture, Map.of("model", "x", "messages", answered), 400, "last message");
    }
  }

  private static void refused(Fixture fixture, Object request, int status, String why)
      throws Exception {
    HttpResponse<String> response = fixture.send("POST", "/v1/chat/completions", request);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    JsonNode error = Fixture.json(response).path("error");
    assertThat(error.path("message").asText()).contains(why);
    assertThat(error.path("type").asText()).isEqualTo("invalid_request_error");
  }
}
