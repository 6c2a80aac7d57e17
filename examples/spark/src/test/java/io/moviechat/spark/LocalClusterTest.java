package io.moviechat.spark;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.MovieChat;
import io.moviechat.VideoLocation;
import io.moviechat.batch.MovieBatch;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import io.moviechat.tinyworld.MovieWriter;
import io.moviechat.tinyworld.Movies;
import io.moviechat.video.FfmpegVideoSourceProvider;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A driver and two executors, each a process. */
class LocalClusterTest {
  private static final List<String> QUESTIONS = List.of("What happens?");

  @TempDir static Path shared;
  private static List<String> films;
  private static Path plain;
  private static SparkSession spark;

  @TempDir Path folder;

  @BeforeAll
  static void start() throws IOException {
    films = Films.write(shared.resolve("films"), 8);
    plain = shared.resolve("plain");
    try (MovieChat chat = MovieChat.create()) {
      MovieBatch.builder(chat, plain)
          .questions(QUESTIONS)
          .build()
          .run(films.stream().map(film -> Path.of(film).toUri()).toList());
    }
    spark = session("local-cluster[2,1,1024]", shared);
  }

  static SparkSession session(String master, Path folder) throws IOException {
    Path home = Path.of(System.getenv("SPARK_HOME"));
    Files.createDirectories(home.resolve("jars")); // empty: executors take this JVM's class path
    return SparkSession.builder()
        .master(master)
        .appName("moviechat")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.executor.memory", "512m")
        .config("spark.executor.extraClassPath", absoluteClassPath())
        .config("spark.sql.warehouse.dir", folder.resolve("warehouse").toString())
        .getOrCreate();
  }

  /** Executors run in another folder, where relative entries lead nowhere. */
  private static String absoluteClassPath() {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .map(entry -> Path.of(entry).toAbsolutePath().toString())
        .collect(Collectors.joining(File.pathSeparator));
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static List<FilmRow> watch(MovieLibraryJob job) {
    return job.watch(spark.createDataset(films, Encoders.STRING())).collectAsList();
  }

  @Test
  void loadsOneModelInEachExecutorAndGivesTheSameBytes() throws IOException {
    Path out = folder.resolve("out");
    BatchSpec spec =
        BatchSpec.builder(new Fresh(out.toString()), out.toString()).questions(QUESTIONS).build();
    MovieLibraryJob job = new MovieLibraryJob(spark, spec);

    List<FilmRow> rows = watch(job);

    assertThat(rows).hasSize(8).extracting(FilmRow::getStatus).containsOnly("DONE");
    long executors = rows.stream().map(FilmRow::getExecutor).distinct().count();
    assertThat(executors).isEqualTo(2);
    assertThat(job.modelLoads()).isEqualTo(executors);
    assertThat(Content.of(out)).isEqualTo(Content.of(plain));

    MovieLibraryJob again = new MovieLibraryJob(spark, spec);
    assertThat(watch(again)).extracting(FilmRow::getStatus).containsOnly("KEPT");
    assertThat(again.modelLoads()).isZero();
  }

  @Test
  void oneFilmInPartsGivesTheBytesOfOnePass() throws IOException {
    Path film = folder.resolve("long.mp4");
    MovieWriter.write(Movies.needle(300, 8, 1), film, 96);
    Path whole = folder.resolve("whole");
    try (MovieChat chat = MovieChat.create()) {
      MovieBatch.builder(chat, whole).questions(QUESTIONS).build().run(List.of(film.toUri()));
    }
    Path out = folder.resolve("out");
    BatchSpec spec =
        BatchSpec.builder(ChatOpener.onClassPath(), out.toString()).questions(QUESTIONS).build();

    FilmRow row = new MovieLibraryJob(spark, spec).watchInParts(film.toString(), 4);

    assertThat(row.getStatus()).isEqualTo("DONE");
    assertThat(row.getFrames()).isGreaterThan(250);
    assertThat(Content.of(out)).isEqualTo(Content.of(whole));
  }

  @Test
  void outlivesAnExecutorThatIsKilled() throws IOException {
    Path out = folder.resolve("out");
    String marker = folder.resolve("killed").toString();
    BatchSpec spec =
        BatchSpec.builder(new Deadly(marker, films.get(3)), out.toString())
            .questions(QUESTIONS)
            .build();
    MovieLibraryJob job = new MovieLibraryJob(spark, spec);

    List<FilmRow> rows = watch(job);

    assertThat(Files.exists(Path.of(marker))).isTrue();
    assertThat(rows).extracting(FilmRow::getFilm).containsExactlyInAnyOrderElementsOf(films);
    assertThat(rows).extracting(FilmRow::getStatus).isSubsetOf("DONE", "KEPT");
    assertThat(Content.of(out)).isEqualTo(Content.of(plain));
  }

  /** Settings that no test before had, so that each executor opens a model for them. */
  private record Fresh(String settings) implements ChatOpener {
    @Override
    @MustBeClosed
    public MovieChat open(java.util.OptionalInt gpu, int cpus) {
      return MovieChat.create();
    }
  }

  /** Ends its JVM at once when a film is opened for the first time. */
  private record Deadly(String marker, String film) implements ChatOpener {
    @Override
    @MustBeClosed
    public MovieChat open(java.util.OptionalInt gpu, int cpus) {
      FfmpegVideoSourceProvider real = new FfmpegVideoSourceProvider();
      VideoSourceProvider deadly =
          new VideoSourceProvider() {
            @Override
            public String name() {
              return "deadly";
            }

            @Override
            public boolean accepts(VideoLocation location) {
              return real.accepts(location);
            }

            @Override
            @MustBeClosed
            public VideoSource open(VideoLocation location) {
              if (location.uri().equals(Path.of(film).toUri())) {
                try {
                  Files.createFile(Path.of(marker));
                  Runtime.getRuntime().halt(7);
                } catch (IOException e) {
                  // It has been killed once.
                }
              }
              return real.open(location);
            }
          };
      return MovieChat.builder().video(deadly).build();
    }
  }
}
