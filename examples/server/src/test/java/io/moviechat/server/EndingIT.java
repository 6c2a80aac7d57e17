package io.moviechat.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.moviechat.MovieChat;
import io.moviechat.library.Film;
import io.moviechat.library.MovieLibrary;
import io.moviechat.tinyworld.Demo;
import io.moviechat.tinyworld.MovieWriter;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Both commands as processes that are told to end (SIGTERM) while they watch a film. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "there a process cannot be told, only killed")
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EndingIT {
  private static final int ENDED_BY_SIGTERM = 128 + 15;
  private static final String EVERY_FRAME = "0.02"; // so that watching takes its time

  @TempDir private Path folder;

  private Process start(String... command) throws IOException {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(List.of("-cp", System.getProperty("java.class.path")));
    line.add(ServerMain.class.getName());
    line.addAll(List.of(command));
    line.addAll(List.of("--allow", folder.toString(), "--home", home().toString()));
    return new ProcessBuilder(line).redirectError(folder.resolve("err").toFile()).start();
  }

  private Path home() {
    return folder.resolve("home");
  }

  private void film() throws IOException {
    MovieWriter.write(Demo.of(1).script(), folder.resolve("film.mp4"));
  }

  private String err() {
    try {
      return Files.readString(folder.resolve("err"));
    } catch (IOException e) {
      return "";
    }
  }

  private void endsAndKeepsWhatWasSeen(Process process) throws Exception {
    process.toHandle().destroy(); // Process.destroy() would close our end of its pipes too
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ends: %s", err()).isTrue();
    assertThat(process.exitValue()).isEqualTo(ENDED_BY_SIGTERM);
    assertThat(err()).doesNotContain("Exception");
    try (MovieChat chat = MovieChat.create();
        MovieLibrary library =
            MovieLibrary.builder(chat, home().toRealPath().resolve("memories")).build()) {
      assertThat(library.films()).hasSize(1);
      Film film = library.films().get(0);
      assertThat(film.state()).isEqualTo(Film.State.INTERRUPTED);
      assertThat(film.bytes()).as("a memory to go on from").isPositive();
    }
  }

  @Test
  void serveKeepsWhatItHasSeen() throws Exception {
    film();
    Process process = start("serve", "--port", "0", "--no-example");
    try {
      String said = "moviechat: open ";
      Fixture.until(() -> err().contains(said) || !process.isAlive());
      String address = err().substring(err().indexOf(said) + said.length()).split(" ", 2)[0];
      URI films = URI.create(address).resolve("/api/films");
      HttpClient http = HttpClient.newHttpClient();
      HttpRequest watch =
          HttpRequest.newBuilder(films)
              .POST(
                  HttpRequest.BodyPublishers.ofString(
                      "{\"path\":\"film.mp4\",\"every\":" + EVERY_FRAME + "}"))
              .build();
      String handle =
          Fixture.json(http.send(watch, HttpResponse.BodyHandlers.ofString()))
              .path("handle")
              .asText();
      HttpRequest look = HttpRequest.newBuilder(URI.create(films + "/" + handle)).build();
      JsonNode seen;
      do {
        seen = Fixture.json(http.send(look, HttpResponse.BodyHandlers.ofString()));
      } while (seen.path("frames").asInt() < 50);
      assertThat(seen.path("state").asText()).isEqualTo("watching");
      CompletableFuture<HttpResponse<String>> listener =
          http.sendAsync(
              HttpRequest.newBuilder(URI.create(films + "/" + handle + "/events")).build(),
              HttpResponse.BodyHandlers.ofString());
      endsAndKeepsWhatWasSeen(process);
      assertThat(listener.handle((response, failure) -> "over").get(60, TimeUnit.SECONDS))
          .isEqualTo("over");
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void mcpKeepsWhatItHasSeenAndSaysNothingMore() throws Exception {
    film();
    Process process = start("mcp");
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
        Writer in = process.outputWriter(StandardCharsets.UTF_8)) {
      say(
          in,
          "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
              + "\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},"
              + "\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}");
      assertThat(Fixture.json(out.readLine()).path("result").isEmpty()).isFalse();
      say(in, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
      JsonNode seen;
      do { // the same file and settings are the same film
        call(
            in, "{\"path\":\"film.mp4\",\"wait_seconds\":0,\"every_seconds\":" + EVERY_FRAME + "}");
        seen = Fixture.json(out.readLine()).path("result").path("structuredContent");
      } while (seen.path("frames").asInt() < 50);
      assertThat(seen.path("state").asText()).isEqualTo("watching");
      endsAndKeepsWhatWasSeen(process);
      assertThat(out.lines()).isEmpty();
    } finally {
      process.destroyForcibly();
    }
  }

  private static void call(Writer in, String arguments) throws IOException {
    say(
        in,
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{"
            + "\"name\":\"watch_video\",\"arguments\":"
            + arguments
            + "}}");
  }

  private static void say(Writer in, String line) throws IOException {
    in.write(line + "\n");
    in.flush();
  }
}
