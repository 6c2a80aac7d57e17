package io.moviechat.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.management.OperatingSystemMXBean;
import io.moviechat.library.Film;
import java.lang.management.ManagementFactory;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * The figures of docs/server.md, "Under load": {@code -Dtest=LoadTest -Dmoviechat.load=true}. What
 * is answered is checked, how fast is only printed. Clients and server share the process and its
 * processor time.
 */
@EnabledIfSystemProperty(named = "moviechat.load", matches = "true")
class LoadTest {
  private static final String QUESTION = "How many scenes are in the video?";
  private static final OperatingSystemMXBean MACHINE =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  @TempDir private Path folder;

  @BeforeAll
  static void tellOfTheMachine() {
    System.out.printf(
        Locale.ROOT,
        "%d cores, JDK %s, load average %.1f%n",
        MACHINE.getAvailableProcessors(),
        Runtime.version(),
        MACHINE.getSystemLoadAverage());
  }

  private interface Client<T> {
    T call(int number) throws Exception;
  }

  /** Lets so many clients do something at once, and prints what it took. */
  private static <T> List<T> atOnce(String what, int clients, Client<T> client) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(clients);
    List<Callable<T>> calls = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      int number = i;
      calls.add(() -> client.call(number));
    }
    long wall = System.nanoTime();
    long processor = MACHINE.getProcessCpuTime();
    List<T> results = new ArrayList<>();
    for (Future<T> result : threads.invokeAll(calls)) {
      results.add(result.get());
    }
    System.out.printf(
        Locale.ROOT,
        "%s: %.1f s, %.1f s of processor time%n",
        what,
        (System.nanoTime() - wall) / 1e9,
        (MACHINE.getProcessCpuTime() - processor) / 1e9);
    threads.shutdown();
    return results;
  }

  private static String answered(Fixture fixture, Path clip, String name) throws Exception {
    String film = "/api/films/" + Fixture.json(fixture.upload(clip, name)).path("handle").asText();
    Fixture.events(fixture.get(film + "/events").body());
    List<Map.Entry<String, JsonNode>> events =
        Fixture.events(fixture.send("POST", film + "/asks", Map.of("question", QUESTION)).body());
    Map.Entry<String, JsonNode> last = events.get(events.size() - 1);
    assertThat(last.getKey()).isEqualTo("answer");
    return film + " " + last.getValue().path("text").asText();
  }

  @Test
  void twentyUploadsAtOnce() throws Exception {
    List<Path> clips = new ArrayList<>();
    for (int seed = 0; seed < 20; seed++) {
      clips.add(Fixture.clip(folder, "clip" + seed + ".mp4", seed));
    }
    List<String> alone = new ArrayList<>();
    try (Fixture fixture = Fixture.open(folder.resolve("alone"))) {
      for (Path clip : clips) {
        alone.add(answered(fixture, clip, "clip.mp4"));
      }
    }
    try (Fixture fixture = Fixture.open(folder.resolve("same"))) {
      List<String> answers =
          atOnce(
              "20 uploads of one film at once, watched and asked",
              20,
              i -> answered(fixture, clips.get(0), i + ".mp4"));
      assertThat(answers).containsOnly(alone.get(0));
      assertThat(fixture.films.library().films()).hasSize(1);
    }
    try (Fixture fixture = Fixture.open(folder.resolve("different"))) {
      List<String> answers =
          atOnce(
              "20 uploads of 20 films at once, watched and asked",
              20,
              i -> answered(fixture, clips.get(i), i + ".mp4"));
      assertThat(answers).isEqualTo(alone);
    }
  }

  @Test
  void fiftyReadersOfEvents() throws Exception {
    try (Fixture fixture = Fixture.open(folder)) {
      Path clip = fixture.clip("clip.mp4", 3);
      Film film =
          fixture.films.open(
              clip.toString(), Optional.of(java.time.Duration.ofMillis(20)), OptionalInt.empty());
      List<List<Map.Entry<String, JsonNode>>> heard =
          atOnce(
              "50 readers of one film's events",
              50,
              i -> Fixture.events(fixture.get("/api/films/" + film.id() + "/events").body()));
      Set<Integer> counts = new HashSet<>();
      for (List<Map.Entry<String, JsonNode>> events : heard) {
        counts.add(events.size());
        assertThat(events.get(events.size() - 1).getKey()).isEqualTo("end");
        assertThat(
                events.stream()
                    .filter(event -> event.getKey().equals("film"))
                    .map(event -> event.getValue().path("watchedTo").asDouble()))
            .isSorted();
      }
      System.out.println("events that each of them heard: " + counts);
    }
  }

  @Test
  void rangesOfALargeFile() throws Exception {
    try (Fixture fixture = Fixture.open(folder)) {
      Path clip = fixture.clip("clip.mp4", 3);
      Film film = fixture.watched(clip);
      byte[] large = Arrays.copyOf(Files.readAllBytes(clip), 200 << 20); // as a long film is
      new SplittableRandom(1).nextBytes(large);
      Files.write(clip, large);
      int clients = 16;
      int each = 250;
      List<long[]> nanos =
          atOnce(
              clients + " players, " + each + " ranges each, up to 1 MiB of 200",
              clients,
              i -> {
                SplittableRandom random = new SplittableRandom(i);
                long[] times = new long[each];
                for (int n = 0; n < each; n++) {
                  int from = random.nextInt(large.length - (1 << 20));
                  int to = from + random.nextInt(1 << 20);
                  HttpRequest part =
                      fixture
                          .request("/api/films/" + film.id() + "/video")
                          .header("Range", "bytes=" + from + "-" + to)
                          .build();
                  long start = System.nanoTime();
                  HttpResponse<byte[]> bytes =
                      fixture.http.send(part, HttpResponse.BodyHandlers.ofByteArray());
                  times[n] = System.nanoTime() - start;
                  assertThat(bytes.statusCode()).isEqualTo(206);
                  assertThat(Arrays.equals(bytes.body(), Arrays.copyOfRange(large, from, to + 1)))
                      .isTrue();
                }
                return times;
              });
      print("a range took", nanos.stream().flatMapToLong(Arrays::stream).toArray());
    }
  }

  @Test
  void clientsThatLeave() throws Exception {
    var gated = new Fixture.GatedModel();
    gated.words = Integer.MAX_VALUE;
    try (Fixture fixture =
        Fixture.open(folder, gated::chat, Long.MAX_VALUE, () -> Long.MAX_VALUE)) {
      Film film = fixture.watched(fixture.clip("clip.mp4", 3));
      String page = "/api/films/" + film.id() + "/asks";
      String chat = "/v1/chat/completions";
      String said =
          "{\"model\":\""
              + film.id()
              + "\",\"messages\":[{\"role\":\"user\",\"content\":\"Who?\"}]";
      for (int wordMillis : new int[] {10, Integer.MAX_VALUE}) {
        gated.wordMillis = wordMillis;
        String when = wordMillis == 10 ? "a word each 10 ms" : "before the first word";
        leave(fixture, gated, "page, " + when, page, "{\"question\":\"Who?\"}");
        leave(fixture, gated, "chat, streamed, " + when, chat, said + ",\"stream\":true}");
        leave(fixture, gated, "chat, whole, " + when, chat, said + "}");
      }
    }
  }

  /** Prints the time from a client's leaving to the end of the answer that it asked for. */
  private static void leave(
      Fixture fixture, Fixture.GatedModel gated, String what, String path, String question)
      throws Exception {
    SplittableRandom random = new SplittableRandom(1);
    long[] nanos = new long[50];
    for (int i = 0; i < nanos.length; i++) {
      long left;
      try (Socket client = fixture.post(path, question)) {
        Fixture.until(() -> gated.answering.get() > 0);
        Thread.sleep(random.nextInt(300)); // anywhere between two looks of the server
        left = System.nanoTime();
        assertThat(client.isClosed()).isFalse();
      }
      gated.cancelled.acquire();
      nanos[i] = System.nanoTime() - left;
      Fixture.until(() -> gated.answering.get() == 0);
    }
    print("a client leaves (" + what + "), its answer ends after", nanos);
  }

  private static void print(String what, long[] nanos) {
    Arrays.sort(nanos);
    System.out.printf(
        Locale.ROOT,
        "%s %.1f ms (median), %.1f ms (95 of 100), %.1f ms (longest of %d)%n",
        what,
        nanos[nanos.length / 2] / 1e6,
        nanos[nanos.length * 95 / 100] / 1e6,
        nanos[nanos.length - 1] / 1e6,
        nanos.length);
  }
}
