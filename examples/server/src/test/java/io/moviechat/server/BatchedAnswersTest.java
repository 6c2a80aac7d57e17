package io.moviechat.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.moviechat.ModelException;
import io.moviechat.library.Film;
import io.moviechat.tinymodel.EmbeddedModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code --batch-answers}. */
class BatchedAnswersTest {
  private static final List<String> QUESTIONS =
      List.of(
          "What color is the car?",
          "Where is the dog?",
          "What happens first?",
          "What happens at the end?");

  @TempDir Path folder;

  @Test
  void questionsAskedAtOnceAreAnsweredAsAlone() throws Exception {
    Path allowed = Files.createDirectories(folder.resolve("allowed"));
    Path clip = Fixture.clip(allowed, "clip.mp4", 3);
    List<String> alone = new ArrayList<>();
    try (Fixture fixture = open(allowed, "alone")) {
      Film film = fixture.watched(clip);
      for (String question : QUESTIONS) {
        alone.add(ask(fixture, film, question));
      }
    }
    ExecutorService askers = Executors.newFixedThreadPool(QUESTIONS.size());
    try (Fixture fixture = open(allowed, "batched", "--batch-answers")) {
      Film film = fixture.watched(clip);
      List<Callable<String>> asks = new ArrayList<>();
      QUESTIONS.forEach(question -> asks.add(() -> ask(fixture, film, question)));
      List<String> together = new ArrayList<>();
      for (Future<String> answer : askers.invokeAll(asks)) {
        together.add(answer.get());
      }
      assertThat(together).isEqualTo(alone).doesNotContain("");
    } finally {
      askers.shutdownNow();
    }
  }

  @Test
  void theSmallModelRefuses() {
    assertThatThrownBy(() -> settings("--home", folder.toString(), "--batch-answers").open())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("--model");
  }

  private Fixture open(Path allowed, String home, String... more) throws Exception {
    Stream<String> fixed =
        Stream.of(
            "--model",
            new EmbeddedModel().folder().toString(),
            "--allow",
            allowed.toString(),
            "--home",
            folder.resolve(home).toString());
    return Fixture.open(
        settings(Stream.concat(fixed, Stream.of(more)).toArray(String[]::new)).open());
  }

  private static Settings settings(String... options) {
    Settings settings = new Settings();
    new CommandLine(settings).parseArgs(options);
    return settings;
  }

  private static String ask(Fixture fixture, Film film, String question) throws Exception {
    List<Map.Entry<String, JsonNode>> events =
        Fixture.events(
            fixture
                .send("POST", "/api/films/" + film.id() + "/asks", Map.of("question", question))
                .body());
    StringBuilder answer = new StringBuilder();
    for (Map.Entry<String, JsonNode> event : events) {
      assertThat(event.getKey()).isNotEqualTo("failed");
      if (event.getKey().equals("token")) {
        answer.append(event.getValue().path("text").asText());
      }
    }
    return answer.toString();
  }
}
