package io.moviechat.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.moviechat.library.Film;
import io.moviechat.tinyworld.Actor;
import io.moviechat.tinyworld.Movies;
import io.moviechat.tinyworld.Script;
import io.moviechat.tinyworld.World;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ApiTest {
  @TempDir private Path folder;

  // ---- With the embedded model ----

  @Test
  void uploadsWatchesAndAnswersWithTheTimesItRestsOn() throws Exception {
    Path clip = Fixture.clip(folder, "clip.mp4", 3);
    try (Fixture fixture = Fixture.open(folder)) {
      JsonNode health = Fixture.json(fixture.get("/api/health"));
      assertThat(health.path("status").asText()).isEqualTo("up");
      assertThat(health.path("warning").asText()).contains("small model").contains("--model");
      HttpResponse<String> uploaded = fixture.upload(clip, "My%20film.mp4");
      assertThat(uploaded.statusCode()).isEqualTo(201);
      String handle = Fixture.json(uploaded).path("handle").asText();
      List<Map.Entry<String, JsonNode>> events =
          Fixture.events(fixture.get("/api/films/" + handle + "/events").body());
      assertThat(events.get(events.size() - 1).getKey()).isEqualTo("end");
      JsonNode film = Fixture.json(fixture.get("/api/films/" + handle));
      assertThat(film.path("title").asText()).isEqualTo("My film.mp4");
      assertThat(film.path("state").asText()).isEqualTo("ready");

      String asked = "/api/films/" + handle + "/asks";
      List<Map.Entry<String, JsonNode>> answer =
          Fixture.events(
              fixture
                  .send("POST", asked, Map.of("question", "How many scenes are in the video?"))
                  .body());
      StringBuilder streamed = new StringBuilder();
      answer.stream()
          .filter(event -> event.getKey().equals("token"))
          .forEach(event -> streamed.append(event.getValue().path("text").asText()));
      JsonNode whole = answer.get(answer.size() - 1).getValue();
      assertThat(answer.get(answer.size() - 1).getKey()).isEqualTo("answer");
      assertThat(whole.path("text").asText()).isEqualTo(streamed.toString()).isNotBlank();
      assertThat(whole.path("evidence")).isNotEmpty();
      assertThat(whole.path("watchedWhole").asBoolean()).isTrue();

      List<Map.Entry<String, JsonNode>> moment =
          Fixture.events(
              fixture
                  .send("POST", asked, Map.of("question", "What is on screen now?", "at", 2.5))
                  .body());
      JsonNode then = moment.get(moment.size() - 1).getValue();
      then.path("evidence")
          .forEach(slot -> assertThat(slot.path("start").asDouble()).isLessThanOrEqualTo(2.5));

      JsonNode slots = Fixture.json(fixture.get("/api/films/" + handle + "/slots")).path("slots");
      long picture = slots.get(0).path("picture").asLong();
      HttpResponse<byte[]> jpeg =
          fixture.http.send(
              fixture.request("/api/films/" + handle + "/pictures/" + picture + ".jpg").build(),
              HttpResponse.BodyHandlers.ofByteArray());
      assertThat(jpeg.body()).startsWith(0xff, 0xd8);
      HttpResponse<byte[]> board =
          fixture.http.send(
              fixture.request("/api/films/" + handle + "/storyboard.png").build(),
              HttpResponse.BodyHandlers.ofByteArray());
      assertThat(board.body()).startsWith(0x89, 'P', 'N', 'G');
      assertThat(fixture.get("/api/films/" + handle + "/memory").statusCode()).isEqualTo(200);

      assertThat(
              Fixture.json(
                      fixture.send("PATCH", "/api/films/" + handle, Map.of("title", "Tea <b>now")))
                  .path("title")
                  .asText())
          .isEqualTo("Tea <b>now");
      assertThat(fixture.send("DELETE", "/api/films/" + handle, Map.of()).statusCode())
          .isEqualTo(200);
      assertThat(fixture.get("/api/films/" + handle).statusCode()).isEqualTo(404);
      assertThat(fixture.films.uploads()).isEmptyDirectory();
    }
  }

  @Test
  void findsTheMomentsThatWordsDescribe() throws Exception {
    try (Fixture fixture = Fixture.open(folder)) {
      Film film = fixture.watched(fixture.clip("clip.mp4", 3));
      String search = "/api/films/" + film.id() + "/search?q=";
      for (Script.Segment scene : Movies.ofScenes(2, World.Split.SEEN, 3).segments()) {
        Actor actor = scene.scene().actors().get(0);
        String words = actor.colour().word() + "%20" + actor.kind().word();
        JsonNode best = Fixture.json(fixture.get(search + words)).path("hits").path(0);
        assertThat(best.path("start").asDouble()).as(words).isLessThan(scene.endMillis() / 1e3);
        assertThat(best.path("end").asDouble()).as(words).isGreaterThan(scene.startMillis() / 1e3);
        assertThat(best.path("reason").asText()).isEqualTo("picture");
      }
      JsonNode last = Fixture.json(fixture.get(search + "at%20the%20end&most=1")).path("hits");
      assertThat(last).hasSize(1);
      assertThat(last.get(0).path("reason").asText()).isEqualTo("time");
      assertThat(Fixture.json(fixture.get(search + "nothing")).path("hits")).isEmpty();
      refused(fixture.get(search + "%20"), 400, "what to look for");
      refused(fixture.get(search + "x".repeat(301)), 400, "what to look for");
      refused(fixture.get(search + "fish&most=0"), 400, "from 1 to 99");
    }
  }

  @Test
  void findsWhatIsSaid() throws Exception {
    var gated = new Fixture.GatedModel();
    try (Fixture fixture =
        Fixture.open(folder, gated::chat, Long.MAX_VALUE, () -> Long.MAX_VALUE)) {
      Path clip = fixture.clip("clip.mp4", 3);
      Fixture.subtitles(clip);
      Film film = fixture.watched(clip);
      JsonNode hits =
          Fixture.json(fixture.get("/api/films/" + film.id() + "/search?q=trains")).path("hits");
      assertThat(hits).hasSize(1);
      assertThat(hits.get(0).path("reason").asText()).isEqualTo("words");
      assertThat(hits.get(0).path("cues").toString()).contains("The train leaves at noon.");
      assertThat(hits.get(0).path("best").asDouble()).isEqualTo(2);
    }
  }

  @Test
  void aModelWithoutAScorerSaysThatItCannotSearch() throws Exception {
    var gated = new Fixture.GatedModel();
    try (Fixture fixture =
        Fixture.open(folder, gated::chat, Long.MAX_VALUE, () -> Long.MAX_VALUE)) {
      Film film = fixture.watched(fixture.clip("clip.mp4", 3));
      refused(fixture.get("/api/films/" + film.id() + "/search?q=fish"), 409, "no scorer");
      assertThat(Fixture.json(fixture.get("/api/health")).has("warning")).isFalse();
    }
  }

  @Test
  void twentyUploadsAtOnceGiveOneFilmAndEqualAnswers() throws Exception {
    Path clip = Fixture.clip(folder, "clip.mp4", 5);
    try (Fixture fixture = Fixture.open(folder)) {
      ExecutorService clients = Executors.newFixedThreadPool(20);
      List<Callable<String>> calls = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        String name = "copy" + i + ".mp4";
        calls.add(
            () -> {
              String handle = Fixture.json(fixture.upload(clip, name)).path("handle").asText();
              Fixture.events(fixture.get("/api/films/" + handle + "/events").body());
              String body =
                  fixture
                      .send(
                          "POST",
                          "/api/films/" + handle + "/asks",
                          Map.of("question", "How many scenes are in the video?"))
                      .body();
              List<Map.Entry<String, JsonNode>> events = Fixture.events(body);
              JsonNode last = events.get(events.size() - 1).getValue();
              return handle + " " + last.path("text").asText() + last.path("message").asText();
            });
      }
      Set<String> answers = new HashSet<>();
      for (Future<String> answer : clients.invokeAll(calls)) {
        answers.add(answer.get());
      }
      clients.shutdown();
      assertThat(answers).hasSize(1);
      try (Stream<Path> files = Files.list(fixture.films.uploads())) {
        assertThat(files).hasSize(1);
      }
    }
  }

  // ---- What is refused ----

  @Test
  void refusesWhatIsNoVideoTooLargeOrForbiddenAndSaysWhy() throws Exception {
    Path text = Files.writeString(folder.resolve("notes.mp4"), "This is no film.");
    Path clip = Fixture.clip(folder, "outside.mp4", 3);
    var gated = new Fixture.GatedModel();
    try (Fixture fixture = Fixture.open(folder, gated::chat, 1_000, () -> Long.MAX_VALUE)) {
      refused(fixture.upload(text, "notes.mp4"), 422, "notes.mp4 is no video");
      refused(fixture.upload(clip, "big.mp4"), 413, "1000 bytes at most");
      refused(fixture.send("POST", "/api/films", Map.of("path", clip.toString())), 403, "--allow");
      refused(fixture.send("POST", "/api/films", Map.of("path", "../outside.mp4")), 403, "--allow");
      Path link = fixture.films.folders().allowed().get(0).resolve("link.mp4");
      Files.createSymbolicLink(link, clip);
      refused(fixture.send("POST", "/api/films", Map.of("path", "link.mp4")), 403, "--allow");
      refused(fixture.send("POST", "/api/films", Map.of()), 400, "path");
      refused(fixture.send("POST", "/api/films", List.of()), 400, "JSON object");
      refused(fixture.get("/api/films/0123456789abcdef"), 404, "there is no film");
      refused(fixture.get("/api/nothing"), 404, "/api/nothing");
      try (Stream<Path> files = Files.list(fixture.films.uploads())) {
        assertThat(files).isEmpty();
      }
    }
  }

  @Test
  void refusesUploadsWhenTheDiskIsFull() throws Exception {
    Path clip = Fixture.clip(folder, "clip.mp4", 3);
    var gated = new Fixture.GatedModel();
    try (Fixture fixture = Fixture.open(folder, gated::chat, Long.MAX_VALUE, () -> 1_000)) {
      refused(fixture.upload(clip, "clip.mp4"), 507, "disk is too full");
      assertThat(fixture.films.uploads()).isEmptyDirectory();
    }
  }

  private static void refused(HttpResponse<String> response, int status, String why)
      throws IOException {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(Fixture.json(response).path("error").path("message").asText()).contains(why);
  }

  @Test
  void answersToPagesOfItsOwnOnly() throws Exception {
    var gated = new Fixture.GatedModel();
    try (Fixture fixture =
        Fixture.open(folder, gated::chat, Long.MAX_VALUE, () -> Long.MAX_VALUE)) {
      for (String path : List.of("/", "/api/films", "/v1/models", "/mcp")) {
        assertThat(raw(fixture, "GET " + path, "Host: evil.example")).contains(" 403 ");
        assertThat(raw(fixture, "GET " + path, host(fixture), "Origin: http://evil.example"))
            .contains(" 403 ");
        assertThat(
                raw(
                    fixture,
                    "GET " + path,
                    host(fixture),
                    "Sec-Fetch-Site: cross-site",
                    "Sec-Fetch-Mode: no-cors"))
            .contains(" 403 ");
      }
      HttpResponse<String> page = fixture.get("/");
      assertThat(page.statusCode()).isEqualTo(200);
      assertThat(page.headers().firstValue("Content-Security-Policy").orElse(""))
          .contains("default-src 'none'")
          .doesNotContain("unsafe");
      assertThat(fixture.get("/vendor/").statusCode()).isBetween(400, 499);
      assertThat(fixture.get("/..%2f..%2fetc/passwd").statusCode()).isBetween(400, 499);
    }
  }

  @Test
  void elsewhereThanLoopbackATokenIsNeeded() throws Exception {
    var gated = new Fixture.GatedModel();
    try (Fixture fixture =
        Fixture.open(
            folder, gated::chat, Long.MAX_VALUE, () -> Long.MAX_VALUE, Optional.of("secret"))) {
      assertThat(fixture.get("/api/films").statusCode()).isEqualTo(401);
      assertThat(fixture.get("/?token=wrong").statusCode()).isEqualTo(401);
      HttpResponse<String> entered = fixture.get("/?token=secret");
      assertThat(entered.statusCode()).isEqualTo(302);
      String cookie = entered.headers().firstValue("Set-Cookie").orElseThrow();
      assertThat(cookie).contains("HttpOnly").contains("SameSite=Strict");
      for (String[] header :
          new String[][] {
            {"Cookie", cookie.substring(0, cookie.indexOf(';'))}, {"Authorization", "Bearer secret"}
          }) {
        assertThat(
                fixture
                    .http
                    .send(
                        fixture.request("/api/films").header(header[0], header[1]).build(),
                        HttpResponse.BodyHandlers.ofString())
                    .statusCode())
            .isEqualTo(200);
      }
    }
    assertThatThrownBy(
            () ->
                WebServer.start(
                    null,
                    java.net.InetAddress.getByName("0.0.0.0"),
                    0,
                    Optional.empty(),
                    (Uploads) null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("token");
  }

  // ---- Bytes of videos ----

  @Test
  void sendsTheRangesThatPlayersAskFor() throws Exception {
    var gated = new Fixture.GatedModel();
    try (Fixture fixture =
        Fixture.open(folder, gated::chat, Long.MAX_VALUE, () -> Long.MAX_VALUE)) {
      Path clip = fixture.clip("clip.mp4", 3);
      byte[] all = Files.readAllBytes(clip);
      Film film = fixture.watched(clip);
      String path = "/api/films/" + film.id() + "/video";
      int size = all.length;
      range(fixture, path, "bytes=0-0", 206, all, 0, 1);
      range(fixture, path, "bytes=5-", 206, all, 5, size);
      range(fixture, path, "bytes=-500", 206, all, size - 500, size);
      range(fixture, path, "bytes=10-" + (size + 100), 206, all, 10, size);
      range(fixture, path, "bytes=-" + (size + 100), 206, all, 0, size);
      range(fixture, path, "bytes=0-1,5-6", 200, all, 0, size);
      range(fixture, path, "lines=1-2", 200, all, 0, size);
      for (String beyond : List.of("bytes=" + size + "-", "bytes=9-3", "bytes=-0")) {
        HttpResponse<String> refused =
            fixture.http.send(
                fixture.request(path).header("Range", beyond).build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(refused.statusCode()).as(beyond).isEqualTo(416);
        assertThat(refused.headers().firstValue("Content-Range")).contains("bytes */" + size);
      }
      HttpResponse<Void> head =
          fixture.http.send(
              fixture.request(path).method("HEAD", HttpRequest.BodyPublishers.noBody()).build(),
              HttpResponse.BodyHandlers.discarding());
      assertThat(head.headers().firstValue("Accept-Ranges")).contains("bytes");
      assertThat(head.headers().firstValueAsLong("Content-Length")).hasValue(size);
      assertThat(head.headers().firstValue("Content-Type")).contains("video/mp4");
      String tag = head.headers().firstValue("ETag").orElseThrow();
      assertThat(conditional(fixture, path, tag)).isEqualTo(206);
      assertThat(conditional(fixture, path, "\"other\"")).isEqualTo(200);
    }
  }

  private static int conditional(Fixture fixture, String path, String tag) throws Exception {
    return fixture
        .http
        .send(
            fixture.request(path).header("Range", "bytes=0-9").header("If-Range", tag).build(),
            HttpResponse.BodyHandlers.discarding())
        .statusCode();
  }

  private static void range(
      Fixture fixture, String path, String range, int status, byte[] all, int from, int to)
      throws Exception {
    HttpResponse<byte[]> part =
        fixture.http.send(
            fixture.request(path).header("Range", range).build(),
            HttpResponse.BodyHandlers.ofByteArray());
    assertThat(part.statusCode()).as(range).isEqualTo(status);
    assertThat(part.body()).as(range).isEqualTo(java.util.Arrays.copyOfRange(all, from, to));
  }

  @Test
  void aFilmThatIsDeletedWhileItPlaysPlaysOn() throws Exception {
    var gated = new Fixture.GatedModel();
    Path clip = Fixture.clip(folder, "clip.mp4", 3);
    try (Fixture fixture =
        Fixture.open(folder, gated::chat, Long.MAX_VALUE, () -> Long.MAX_VALUE)) {
      String handle = Fixture.json(fixture.upload(clip, "clip.mp4")).path("handle").asText();
      Film film = fixture.films.film(handle);
      film.await(Fixture.SOON);
      HttpResponse<InputStream> playing =
          fixture.http.send(
              fixture.request("/api/films/" + handle + "/video").build(),
              HttpResponse.BodyHandlers.ofInputStream());
      try (InputStream bytes = playing.body()) {
        int first = bytes.read();
        fixture.send("DELETE", "/api/films/" + handle, Map.of());
        assertThat(1 + bytes.readAllBytes().length).isEqualTo((int) Files.size(clip));
        assertThat(first).isZero();
      }
      assertThat(fixture.get("/api/films/" + handle + "/video").statusCode()).isEqualTo(404);
    }
  }

  // ---- Clients that come and go ----

  @Test
  void aClientThatLeavesEndsItsAnswer() throws Exception {
    var gated = new Fixture.GatedModel();
    gated.words = Integer.MAX_VALUE;
    try (Fixture fixture =
        Fixture.open(folder, gated::chat, Long.MAX_VALUE, () -> Long.MAX_VALUE)) {
      Film film = fixture.watched(fixture.clip("clip.mp4", 3));
      String api = "/api/films/" + film.id() + "/asks";
      String chat = "{\"model\":\"" + film.id() + "\",\"messages\":[";
      String said = "{\"role\":\"user\",\"content\":\"Who?\"}]";
      Map<String, String> asked =
          Map.of(
              "page", "{\"question\":\"Who?\"}",
              "streamed", chat + said + ",\"stream\":true}",
              "whole", chat + said + "}");
      for (Map.Entry<String, String> each : asked.entrySet()) {
        String path = each.getKey().equals("page") ? api : "/v1/chat/completions";
        for (int wordMillis : new int[] {10, Integer.MAX_VALUE}) { // in mid word, and before one
          gated.wordMillis = wordMillis;
          try (Socket client = fixture.post(path, each.getValue())) {
            Fixture.until(() -> gated.answering.get() > 0);
            assertThat(client.isClosed()).isFalse();
          }
          // Nothing else ends this answer: the test would wait for ever.
          gated.cancelled.acquire();
          Fixture.until(() -> gated.answering.get() == 0);
        }
      }
    }
  }

  @Test
  void fiftyPagesListenToOneFilm() throws Exception {
    var gated = new Fixture.GatedModel();
    gated.frames.drainPermits();
    try (Fixture fixture =
        Fixture.open(folder, gated::chat, Long.MAX_VALUE, () -> Long.MAX_VALUE)) {
      Film film = fixture.films.watch(fixture.clip("clip.mp4", 3));
      List<CompletableFuture<HttpResponse<String>>> readers = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        readers.add(
            fixture.http.sendAsync(
                fixture.request("/api/films/" + film.id() + "/events").build(),
                HttpResponse.BodyHandlers.ofString()));
      }
      gated.frames.release(10);
      Thread.sleep(500);
      assertThat(fixture.get("/api/films").statusCode()).isEqualTo(200);
      gated.frames.release(1_000);
      for (CompletableFuture<HttpResponse<String>> reader : readers) {
        List<Map.Entry<String, JsonNode>> events = Fixture.events(reader.get().body());
        assertThat(events.get(events.size() - 1).getValue().path("state").asText())
            .isEqualTo("ready");
        double before = -1;
        for (Map.Entry<String, JsonNode> event : events) {
          if (event.getKey().equals("film")) {
            double now = event.getValue().path("watchedTo").asDouble();
            assertThat(now).isGreaterThanOrEqualTo(before);
            before = now;
          }
        }
      }
    }
  }

  @Test
  void anUploadThatIsCutOffLeavesNothing() throws Exception {
    var gated = new Fixture.GatedModel();
    try (Fixture fixture =
        Fixture.open(folder, gated::chat, Long.MAX_VALUE, () -> Long.MAX_VALUE)) {
      try (Socket client = fixture.connect()) {
        OutputStream out = client.getOutputStream();
        out.write(
            ("PUT /api/films?name=half.mp4 HTTP/1.1\r\n"
                    + host(fixture)
                    + "\r\nContent-Length: 1000000\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        out.write(new byte[1_000]);
        out.flush();
        Fixture.until(() -> !isEmpty(fixture.films.uploads()));
      }
      Fixture.until(() -> isEmpty(fixture.films.uploads()));
      assertThat(fixture.films.uploads()).isEmptyDirectory();
      assertThat(fixture.films.library().films()).isEmpty();
    }
  }

  private static boolean isEmpty(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.findAny().isEmpty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void goesOnAfterARestartInMidWatch() throws Exception {
    var gated = new Fixture.GatedModel();
    gated.frames.drainPermits();
    String handle;
    int all;
    try (Fixture fixture =
        Fixture.open(folder, gated::chat, Long.MAX_VALUE, () -> Long.MAX_VALUE)) {
      Film film = fixture.films.watch(fixture.clip("clip.mp4", 3));
      handle = film.id();
      gated.frames.release(12);
      Fixture.until(() -> fixture.films.snapshot(film).filter(m -> m.framesSeen() > 9).isPresent());
      all = (int) (film.duration().orElseThrow().toMillis() / 250);
      Thread stopping = new Thread(fixture.films.library()::close);
      stopping.start();
      Fixture.until(
          () -> {
            gated.frames.release(); // what is in flight when it is told to stop
            return !stopping.isAlive();
          });
    }
    gated.frames.release(1_000);
    int before = gated.encoded.get();
    try (Fixture fixture =
        Fixture.open(folder, gated::chat, Long.MAX_VALUE, () -> Long.MAX_VALUE)) {
      fixture.films.resumeInterrupted();
      Film film = fixture.films.film(handle);
      assertThat(film.await(Fixture.SOON)).isTrue();
      assertThat(film.state()).as("%s", film.failure()).isEqualTo(Film.State.READY);
      assertThat(gated.encoded.get() - before).isLessThan(all);
    }
  }

  // ---- By hand ----

  private static String host(Fixture fixture) {
    return "Host: 127.0.0.1:" + fixture.server.address().getPort();
  }

  private static String raw(Fixture fixture, String request, String... headers) throws IOException {
    try (Socket client = fixture.connect()) {
      String text =
          request
              + " HTTP/1.1\r\n"
              + String.join("\r\n", headers)
              + "\r\nConnection: close\r\n\r\n";
      client.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
      return new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
