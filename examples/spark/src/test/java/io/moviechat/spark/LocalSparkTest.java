package io.moviechat.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moviechat.MovieChat;
import io.moviechat.batch.MovieBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.SparkFiles;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One JVM, two tasks at a time. */
class LocalSparkTest {
  private static final List<String> QUESTIONS = List.of("What happens?", "Is there a ball?");

  @TempDir static Path shared;
  private static List<String> films;
  private static Path plain;
  private static SparkSession spark;

  @TempDir Path folder;

  @BeforeAll
  static void start() throws IOException {
    films = Films.write(shared.resolve("films"), 6);
    plain = shared.resolve("plain");
    try (MovieChat chat = MovieChat.create()) {
      MovieBatch.builder(chat, plain)
          .questions(QUESTIONS)
          .build()
          .run(films.stream().map(film -> Path.of(film).toUri()).toList());
    }
    spark =
        SparkSession.builder()
            .master("local[2]")
            .appName("moviechat")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.local.dir", shared.resolve("local").toString())
            .config("spark.sql.warehouse.dir", shared.resolve("warehouse").toString())
            .config("spark.hadoop.fs.copied.impl", CopiedFileSystem.class.getName())
            .getOrCreate();
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private BatchSpec.Builder spec() {
    return BatchSpec.builder(ChatOpener.onClassPath(), folder.resolve("out").toString())
        .questions(QUESTIONS);
  }

  private List<FilmRow> watch(MovieLibraryJob job, List<String> paths) {
    return job.watch(spark.createDataset(paths, Encoders.STRING())).collectAsList();
  }

  @Test
  void givesTheBytesThatOneMachineGives() throws IOException {
    MovieLibraryJob job = new MovieLibraryJob(spark, spec().build());

    List<FilmRow> rows = watch(job, films);

    assertThat(rows).extracting(FilmRow::getFilm).containsExactlyInAnyOrderElementsOf(films);
    assertThat(rows).extracting(FilmRow::getStatus).containsOnly("DONE");
    assertThat(rows).allMatch(row -> row.getFrames() > 0 && row.getSlots() > 0);
    assertThat(Content.of(folder.resolve("out"))).isEqualTo(Content.of(plain));
    assertThat(job.films()).isEqualTo(6);
    assertThat(job.frames()).isEqualTo(rows.stream().mapToLong(FilmRow::getFrames).sum());
    assertThat(job.modelLoads()).isLessThanOrEqualTo(1);

    Map<String, String> before = Content.of(folder.resolve("out"));
    assertThat(watch(new MovieLibraryJob(spark, spec().build()), films))
        .extracting(FilmRow::getStatus)
        .containsOnly("KEPT");
    assertThat(Content.of(folder.resolve("out"))).isEqualTo(before);
  }

  @Test
  void aFilmThatCannotBeWatchedIsARow() throws IOException {
    Path broken = Files.writeString(folder.resolve("broken.mp4"), "rubbish");
    List<String> paths =
        List.of(
            films.get(0),
            broken.toString(),
            folder.resolve("missing.mp4").toString(),
            "copied:///missing.mp4",
            "nosuchscheme://host/film.mp4",
            films.get(0));
    MovieLibraryJob job = new MovieLibraryJob(spark, spec().build());

    List<FilmRow> rows = watch(job, paths);

    assertThat(rows).hasSize(5);
    assertThat(rows)
        .filteredOn(row -> row.getStatus().equals("DONE"))
        .extracting(FilmRow::getFilm)
        .containsExactly(films.get(0));
    assertThat(rows)
        .filteredOn(row -> row.getStatus().equals("FAILED"))
        .hasSize(4)
        .allMatch(row -> row.getError() != null && row.getMemory() == null);
    assertThat(job.failures()).isEqualTo(4);
  }

  @Test
  void asksFromMemoriesAlone() {
    MovieLibraryJob job = new MovieLibraryJob(spark, spec().questions(List.of()).build());
    List<FilmRow> watched = watch(job, films.subList(0, 3));

    List<AnswerRow> answers =
        job.ask(spark.createDataset(watched, Encoders.bean(FilmRow.class)), QUESTIONS)
            .collectAsList();

    assertThat(answers).hasSize(6).allMatch(row -> row.getError() == null);
    assertThat(answers).extracting(AnswerRow::getAnswer).doesNotContainNull();
    List<FilmRow> spoilt = new ArrayList<>(watched);
    spoilt.get(0).setMemory(null);
    assertThat(
            job.ask(spark.createDataset(spoilt, Encoders.bean(FilmRow.class)), QUESTIONS).count())
        .isEqualTo(4);
  }

  @Test
  void remoteFilmsAreCopiedOnceAndNotLeftBehind() throws IOException {
    List<String> remote = films.stream().map(film -> "copied://" + film).toList();
    CopiedFileSystem.opened.set(0);

    List<FilmRow> rows = watch(new MovieLibraryJob(spark, spec().build()), remote);

    assertThat(rows).extracting(FilmRow::getStatus).containsOnly("DONE");
    assertThat(rows).extracting(FilmRow::getFilm).containsExactlyInAnyOrderElementsOf(remote);
    assertThat(CopiedFileSystem.opened).hasValue(6);
    assertThat(Content.copies(Path.of(SparkFiles.getRootDirectory()))).isZero();
    assertThat(watch(new MovieLibraryJob(spark, spec().build()), remote))
        .extracting(FilmRow::getStatus)
        .containsOnly("KEPT");
    assertThat(CopiedFileSystem.opened).hasValue(6);
  }

  @Test
  void aModelThatDoesNotOpenIsTriedOnce() {
    ChatOpener broken = ChatOpener.bundle(folder.resolve("nowhere").toString());
    BatchSpec spec = BatchSpec.builder(broken, folder.resolve("out").toString()).build();
    MovieLibraryJob job = new MovieLibraryJob(spark, spec);

    assertThatThrownBy(() -> watch(job, films)).hasStackTraceContaining("could not be opened");
    assertThat(ExecutorModel.failures()).isEqualTo(1);
  }

  @Test
  void otherSettingsOnTheSameFolderFailTheJobAndSayWhy() {
    watch(new MovieLibraryJob(spark, spec().build()), films.subList(0, 1));
    ChatOpener other =
        (gpu, cpus) ->
            MovieChat.builder()
                .sampling(io.moviechat.FrameSampling.every(java.time.Duration.ofSeconds(2)))
                .build();
    BatchSpec spec = BatchSpec.builder(other, folder.resolve("out").toString()).build();
    assertThatThrownBy(() -> watch(new MovieLibraryJob(spark, spec), films))
        .hasStackTraceContaining("was begun with other settings");
  }
}
