package io.moviechat.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.WatchOptions;
import io.moviechat.batch.FilmResult;
import io.moviechat.batch.MovieBatch;
import io.moviechat.memory.MemoryStrategies;
import io.moviechat.tinyworld.MovieWriter;
import io.moviechat.tinyworld.Movies;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * The figures of docs/scale-out.md, with {@code -Dmoviechat.figures=60} (films): the same films by
 * MovieBatch and by Spark in turn, and executors' resident memory meanwhile. Prints a table to
 * {@code target/figures-*.txt}; holds nothing to a time.
 */
@EnabledIfSystemProperty(named = "moviechat.figures", matches = "\\d+")
class FiguresTest {
  private static final List<String> QUESTIONS = List.of("What happens?");

  @TempDir Path folder;
  private final List<String> films = new ArrayList<>();
  private final StringBuilder table = new StringBuilder();
  private int runs;

  @Test
  void measure() throws IOException, InterruptedException {
    int count = Integer.getInteger("moviechat.figures");
    for (int i = 0; i < count; i++) {
      Path file = folder.resolve("film-" + i + ".mp4");
      MovieWriter.write(Movies.needle(30 + 5 * (i % 10), 4, i), file, 96);
      films.add(file.toString());
    }
    row("what", "films", "frames", "seconds", "films/h", "processor s");
    row("---", "---", "---", "---", "---", "---");
    batch(1);
    spark("local[1]");
    spark("local-cluster[2,1,1024]");
    batch(2);
    spark("local[2]");
  }

  /** A sampler's pass against one that has to look at every frame. */
  @Test
  void measureSurvivors() {
    Path film = folder.resolve("long.mp4");
    MovieWriter.write(Movies.needle(2400, 40, 1), film, 96);
    films.add(film.toString());
    row("uniform(128) of one film of 10 minutes", "films", "frames", "seconds", "", "processor s");
    row("---", "---", "---", "---", "---", "---");
    try (MovieChat chat = MovieChat.builder().memory(MemoryStrategies.uniform(128)).build()) {
      WatchOptions all = WatchOptions.DEFAULT.withBreakpoints(List.of(Duration.ofSeconds(1)));
      for (int round = 0; round < 2; round++) {
        timed("all frames decoded and encoded", () -> frames(chat, film, all));
        timed("survivors only", () -> frames(chat, film, WatchOptions.DEFAULT));
      }
    }
  }

  private static long frames(MovieChat chat, Path film, WatchOptions options) {
    try (Movie movie = chat.watch(film, options)) {
      return movie.memory().snapshot().framesSeen();
    }
  }

  private void batch(int jobs) {
    try (MovieChat chat = MovieChat.create()) {
      // As an executor: the model is open before the clock starts, and used once.
      run(() -> watch(chat, jobs, films.subList(0, 1)));
      timed("MovieBatch, " + jobs + " jobs", () -> watch(chat, jobs, films));
    }
  }

  private long watch(MovieChat chat, int jobs, List<String> paths) {
    List<URI> uris = paths.stream().map(path -> Path.of(path).toUri()).toList();
    List<FilmResult> results =
        MovieBatch.builder(chat, out()).questions(QUESTIONS).jobs(jobs).build().run(uris);
    return results.stream().mapToLong(FilmResult::frames).sum();
  }

  private void spark(String master) throws IOException, InterruptedException {
    SparkSession spark = LocalClusterTest.session(master, folder);
    try {
      run(() -> watch(spark, films.subList(0, 2)));
      Map<Long, String> resident = new TreeMap<>();
      AtomicBoolean done = new AtomicBoolean();
      MovieLibraryJob job = job(spark);
      Thread sampler = new Thread(() -> sample(job, resident, done));
      sampler.start();
      timed("Spark " + master, () -> watch(spark, job, films));
      done.set(true);
      sampler.join();
      if (master.startsWith("local-cluster")) {
        resident.forEach((films, mib) -> row("executors after " + films, mib + " MiB"));
      }
    } finally {
      spark.stop();
    }
  }

  private MovieLibraryJob job(SparkSession spark) {
    return new MovieLibraryJob(
        spark,
        BatchSpec.builder(ChatOpener.onClassPath(), out().toString()).questions(QUESTIONS).build());
  }

  private long watch(SparkSession spark, List<String> paths) {
    return watch(spark, job(spark), paths);
  }

  private static long watch(SparkSession spark, MovieLibraryJob job, List<String> paths) {
    List<FilmRow> rows = job.watch(spark.createDataset(paths, Encoders.STRING())).collectAsList();
    assertThat(rows).extracting(FilmRow::getStatus).containsOnly("DONE");
    return rows.stream().mapToLong(FilmRow::getFrames).sum();
  }

  private Path out() {
    return folder.resolve("out-" + runs++);
  }

  private void timed(String what, Supplier<Long> work) {
    long start = System.nanoTime();
    double processor = processorSeconds();
    long frames = work.get();
    double spent = processorSeconds() - processor;
    double seconds = (System.nanoTime() - start) / 1e9;
    row(
        what,
        films.size(),
        frames,
        String.format(Locale.ROOT, "%.1f", seconds),
        String.format(Locale.ROOT, "%.0f", films.size() / seconds * 3600),
        String.format(Locale.ROOT, "%.1f", spent));
  }

  private static void run(Supplier<Long> work) {
    assertThat(work.get()).isPositive();
  }

  /** Processor time of this process and its executors: a busy machine does not stretch it. */
  private static double processorSeconds() {
    return Stream.concat(Stream.of(ProcessHandle.current()), ProcessHandle.current().descendants())
            .map(process -> process.info().totalCpuDuration().orElse(Duration.ZERO))
            .mapToLong(Duration::toMillis)
            .sum()
        / 1e3;
  }

  private void row(Object... cells) {
    for (Object cell : cells) {
      table.append("| ").append(cell).append(' ');
    }
    table.append("|\n");
    try {
      Files.writeString(Path.of("target", "figures-" + films.size() + ".txt"), table);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Resident memory of the executor processes, each ten films. */
  private static void sample(MovieLibraryJob job, Map<Long, String> resident, AtomicBoolean done) {
    while (!done.get()) {
      long films = job.films();
      if (films % 10 == 0 || films > 50) {
        List<String> each =
            ProcessHandle.current()
                .descendants()
                .filter(FiguresTest::isExecutor)
                .map(process -> String.valueOf(residentMib(process.pid())))
                .sorted()
                .toList();
        resident.put(films, String.join(" and ", each));
      }
      try {
        Thread.sleep(50);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private static boolean isExecutor(ProcessHandle process) {
    try {
      return Files.readString(Path.of("/proc", String.valueOf(process.pid()), "cmdline"))
          .contains("CoarseGrainedExecutorBackend");
    } catch (IOException e) {
      return false;
    }
  }

  private static long residentMib(long pid) {
    try {
      return Files.readAllLines(Path.of("/proc", String.valueOf(pid), "status")).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
          .findFirst()
          .orElse(0);
    } catch (IOException e) {
      return 0;
    }
  }
}
