package io.moviechat.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Eight clients do at random what clients do, on loopback. Five seconds; an hour by {@code
 * -Dmoviechat.soak.seconds=3600}. What is left at the end must not grow with the time.
 */
class RandomUseTest {
  private static final int CLIENTS = 8;
  private static final int PARTS = 10;
  private static final Duration TIME =
      Duration.ofSeconds(Long.getLong("moviechat.soak.seconds", 5));
  private static final String QUESTION = "How many scenes are in the video?";

  @TempDir private Path folder;

  private final Map<String, AtomicInteger> done = new ConcurrentHashMap<>();

  @Test
  void nothingIsLeftBehind() throws Exception {
    List<Path> clips = new ArrayList<>();
    for (int seed = 1; seed <= 3; seed++) {
      clips.add(Fixture.clip(folder, "clip" + seed + ".mp4", seed));
    }
    try (Fixture fixture = Fixture.open(folder)) {
      work(fixture, clips, Duration.ofSeconds(2)); // what grows once
      long threads = threads();
      long heap = heap();
      done.clear();
      List<Long> resident = new ArrayList<>();
      for (int part = 0; part < PARTS; part++) {
        work(fixture, clips, TIME.dividedBy(PARTS));
        resident.add(residentMiB());
        if (TIME.toMinutes() > 0) {
          System.out.printf(
              "%s of %s parts: %s, resident %s MiB%n", part + 1, PARTS, done, resident);
        }
      }
      Fixture.until(() -> threads() <= threads + 2);
      long after = heap();
      System.out.printf(
          "random use for %s by %d clients: %s; heap %d -> %d MiB, threads %d -> %d, resident after"
              + " each tenth %s MiB%n",
          TIME, CLIENTS, done, heap >> 20, after >> 20, threads, threads(), resident);
      assertThat(after - heap).isLessThan(64L << 20);
      assertThat(done.keySet()).doesNotContain("5xx");
    }
  }

  private void work(Fixture fixture, List<Path> clips, Duration time) throws Exception {
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    List<Callable<Void>> loops = new ArrayList<>();
    long end = System.nanoTime() + time.toNanos();
    for (int i = 0; i < CLIENTS; i++) {
      SplittableRandom random = new SplittableRandom(i);
      loops.add(
          () -> {
            while (System.nanoTime() < end) {
              act(fixture, clips, random);
            }
            return null;
          });
    }
    for (Future<Void> loop : clients.invokeAll(loops)) {
      loop.get();
    }
    clients.shutdown();
  }

  private void act(Fixture fixture, List<Path> clips, SplittableRandom random) throws Exception {
    JsonNode films = Fixture.json(fixture.get("/api/films")).path("films");
    int what = films.isEmpty() ? 0 : random.nextInt(12);
    String film =
        films.isEmpty()
            ? ""
            : "/api/films/" + films.get(random.nextInt(films.size())).path("handle").asText();
    switch (what) {
      case 0 -> note("upload", fixture.upload(clips.get(random.nextInt(clips.size())), "a.mp4"));
      case 1 -> note("events", fixture.get(film + "/events"));
      case 2 -> {
        int from = random.nextInt(20_000);
        HttpRequest part =
            fixture
                .request(film + "/video")
                .header("Range", "bytes=" + from + "-" + (from + random.nextInt(100_000)))
                .build();
        note("range", fixture.http.send(part, HttpResponse.BodyHandlers.ofString()));
      }
      case 3 -> note("slots", fixture.get(film + "/slots"));
      case 4 -> {
        if (random.nextInt(5) == 0) {
          note("forget", fixture.send("DELETE", film, Map.of()));
        }
      }
      case 5 -> {
        String question = "{\"question\":\"" + QUESTION + "\"}";
        HttpResponse<InputStream> left =
            fixture.http.send(
                fixture
                    .request(film + "/asks")
                    .POST(HttpRequest.BodyPublishers.ofString(question))
                    .build(),
                HttpResponse.BodyHandlers.ofInputStream());
        left.body().close(); // leaves at once
        count("ask and leave");
      }
      case 6 -> note("search", fixture.get(film + "/search?q=red%20fish"));
      case 7 -> {
        Map<String, Object> said = Map.of("role", "user", "content", QUESTION);
        note(
            "chat",
            fixture.send(
                "POST",
                "/v1/chat/completions",
                Map.of("model", film.substring(film.length() - 16), "messages", List.of(said))));
      }
      case 8 ->
          note(
              "ask at",
              fixture.send("POST", film + "/asks", Map.of("question", QUESTION, "at", 1)));
      default -> note("ask", fixture.send("POST", film + "/asks", Map.of("question", QUESTION)));
    }
  }

  private void note(String what, HttpResponse<String> response) {
    count(response.statusCode() >= 500 ? "5xx" : what);
  }

  private void count(String what) {
    done.computeIfAbsent(what, any -> new AtomicInteger()).incrementAndGet();
  }

  /** What the operating system holds for this process; -1 where it does not say. */
  private static long residentMiB() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return -1;
    }
    try (Stream<String> lines = Files.lines(status)) {
      return lines
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) >> 10)
          .findFirst()
          .orElse(-1);
    }
  }

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("moviechat-"))
        .filter(thread -> !thread.getName().startsWith("moviechat-http"))
        .filter(thread -> !thread.getName().startsWith("moviechat-task"))
        .count();
  }

  private static long heap() throws InterruptedException {
    for (int i = 0; i < 3; i++) {
      System.gc();
      Thread.sleep(100);
    }
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }
}
