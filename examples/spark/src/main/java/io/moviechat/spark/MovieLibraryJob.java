package io.moviechat.spark;

import com.google.common.hash.Hashing;
import io.moviechat.Conversation;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.SplitWatch;
import io.moviechat.batch.FilmResult;
import io.moviechat.batch.MovieBatch;
import java.io.IOException;
import java.io.Serializable;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.LongAccumulator;
import scala.Tuple2;

/**
 * Watches and asks films on a Spark cluster. A row is a film: its path goes to an executor, a few
 * numbers come back; memories and answers are files in the folder of the {@link BatchSpec}.
 *
 * <p>What is done is not done again: repeat a job, let Spark retry a task or evaluate a Dataset
 * twice, and films that are {@code _DONE} cost a look at two files. A film that cannot be watched
 * is a row with its reason; a task fails only for the machinery (no model, no disk).
 *
 * <p>Thread-safe.
 */
public final class MovieLibraryJob {
  private static final String HADOOP = "spark.hadoop.";

  private final SparkSession spark;
  private final BatchSpec spec;
  private final Counters counters;
  private final Map<String, String> hadoop = new HashMap<>();

  /** A job whose counters start at zero. */
  public MovieLibraryJob(SparkSession spark, BatchSpec spec) {
    this.spark = Objects.requireNonNull(spark, "spark");
    this.spec = Objects.requireNonNull(spec, "spec");
    this.counters = new Counters(spark);
    for (Tuple2<String, String> setting : spark.sparkContext().getConf().getAll()) {
      if (setting._1().startsWith(HADOOP)) {
        hadoop.put(setting._1().substring(HADOOP.length()), setting._2());
      }
    }
  }

  /**
   * Watches films, and asks them the questions of the specification. The list goes through the
   * driver, to give each film a task of its own, the longest files first.
   *
   * @param films paths that every executor sees, {@code http} addresses, or addresses of Hadoop's
   *     file systems; one that is there twice counts once
   * @return one row a film; evaluated when it is used
   */
  public Dataset<FilmRow> watch(Dataset<String> films) {
    List<Tuple2<String, Long>> lengths =
        new ArrayList<>(
            films
                .distinct()
                .mapPartitions(
                    new Lengths(hadoop), Encoders.tuple(Encoders.STRING(), Encoders.LONG()))
                .collectAsList());
    lengths.sort(
        Comparator.comparing((Tuple2<String, Long> film) -> film._2())
            .reversed()
            .thenComparing(Tuple2::_1));
    List<String> longestFirst = lengths.stream().map(Tuple2::_1).toList();
    return spark
        .createDataset(parallel(longestFirst), Encoders.STRING())
        .mapPartitions(new Watch(spec, counters, hadoop), Encoders.bean(FilmRow.class));
  }

  private org.apache.spark.rdd.RDD<String> parallel(List<String> films) {
    return JavaSparkContext.fromSparkContext(spark.sparkContext())
        .parallelize(films, Math.max(1, films.size()))
        .rdd();
  }

  /**
   * Watches one long film in parts, each a task, and joins them: what comes of it is what {@link
   * #watch} gives, to the bit. The parts lie in the folder of the specification until they are
   * joined. Evaluated at once.
   *
   * @param film a path that every executor sees
   * @param parts about how many, at least 1
   * @throws RuntimeException of Spark's if the strategy or the film cannot be split; its cause says
   *     why
   */
  public FilmRow watchInParts(String film, int parts) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    List<Integer> numbers = IntStream.range(0, parts).boxed().toList();
    InParts work = new InParts(spec, counters, film, parts);
    long watched =
        spark
            .createDataset(context.parallelize(numbers, parts).rdd(), Encoders.INT())
            .mapPartitions(work, Encoders.INT())
            .collectAsList()
            .size();
    if (watched != parts) {
      throw new IllegalStateException(watched + " of " + parts + " parts came back");
    }
    return spark
        .createDataset(List.of(film), Encoders.STRING())
        .coalesce(1)
        .mapPartitions(new JoinParts(work), Encoders.bean(FilmRow.class))
        .collectAsList()
        .get(0);
  }

  /**
   * Asks films that were watched, from their memories: nothing is decoded, and each memory is
   * opened once. Answers are rows only; those of {@link BatchSpec.Builder#questions} are files too.
   *
   * @return one row for each film with a memory and each question; evaluated when it is used
   */
  public Dataset<AnswerRow> ask(Dataset<FilmRow> films, List<String> questions) {
    return films.mapPartitions(
        new Ask(spec, counters, List.copyOf(questions)), Encoders.bean(AnswerRow.class));
  }

  /** Films done until now, failed ones included; what was evaluated twice counts twice. */
  public long films() {
    return counters.films.value();
  }

  /** Films that could not be watched. */
  public long failures() {
    return counters.failures.value();
  }

  /** Frames of all films. */
  public long frames() {
    return counters.frames.value();
  }

  /** How often a model was opened: once per executor that had something to do. */
  public long modelLoads() {
    return counters.modelLoads.value();
  }

  /**
   * The least {@code spark.executor.memoryOverhead} for a model: its weights 1.3 times, for what
   * the runtime keeps beside them, and a gibibyte for decoded pictures and libraries.
   *
   * @param bundle the model's folder, as this machine sees it
   * @throws IOException if it cannot be read
   */
  public static long memoryOverheadBytes(Path bundle) throws IOException {
    long weights = 0;
    try (var files = Files.walk(bundle)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        weights += Files.size(file);
      }
    }
    return weights + weights * 3 / 10 + (1L << 30);
  }

  private static final class Counters implements Serializable {
    private static final long serialVersionUID = 1L;

    private final LongAccumulator films;
    private final LongAccumulator failures;
    private final LongAccumulator frames;
    private final LongAccumulator modelLoads;

    Counters(SparkSession spark) {
      this.films = spark.sparkContext().longAccumulator("moviechat films");
      this.failures = spark.sparkContext().longAccumulator("moviechat failures");
      this.frames = spark.sparkContext().longAccumulator("moviechat frames");
      this.modelLoads = spark.sparkContext().longAccumulator("moviechat model loads");
    }
  }

  /** Looks how long the files are. */
  private static final class Lengths
      implements MapPartitionsFunction<String, Tuple2<String, Long>> {
    private static final long serialVersionUID = 1L;

    private final HashMap<String, String> hadoop;

    Lengths(Map<String, String> hadoop) {
      this.hadoop = new HashMap<>(hadoop);
    }

    @Override
    public Iterator<Tuple2<String, Long>> call(Iterator<String> films) {
      Configuration settings = LocalFilm.configuration(hadoop);
      List<Tuple2<String, Long>> lengths = new ArrayList<>();
      films.forEachRemaining(
          film -> lengths.add(new Tuple2<>(film, LocalFilm.length(film, settings))));
      return lengths.iterator();
    }
  }

  /** One film after another, each when its row is wanted. */
  private static final class Watch implements MapPartitionsFunction<String, FilmRow> {
    private static final long serialVersionUID = 1L;

    private final BatchSpec spec;
    private final Counters counters;
    private final HashMap<String, String> hadoop;

    Watch(BatchSpec spec, Counters counters, Map<String, String> hadoop) {
      this.spec = spec;
      this.counters = counters;
      this.hadoop = new HashMap<>(hadoop);
    }

    @Override
    public Iterator<FilmRow> call(Iterator<String> films) {
      if (!films.hasNext()) {
        return Collections.emptyIterator(); // no model for nothing
      }
      TaskContext task = TaskContext.get();
      MovieChat chat = ExecutorModel.chat(spec.chat(), task, counters.modelLoads);
      MovieBatch batch =
          MovieBatch.builder(chat, Path.of(spec.out()))
              .questions(spec.questions())
              .checkpointEvery(spec.checkpointEvery())
              .build();
      Configuration settings = LocalFilm.configuration(hadoop);
      return new Iterator<>() {
        @Override
        public boolean hasNext() {
          return films.hasNext();
        }

        @Override
        public FilmRow next() {
          return row(films.next(), batch, settings, task);
        }
      };
    }

    private FilmRow row(String film, MovieBatch batch, Configuration settings, TaskContext task) {
      long start = System.nanoTime();
      FilmRow row = new FilmRow();
      row.setFilm(film);
      row.setExecutor(SparkEnv.get().executorId());
      try {
        fill(row, film(film, batch, settings, task));
      } catch (IOException | IllegalArgumentException e) {
        row.setStatus(FilmResult.Status.FAILED.name());
        row.setError(Optional.ofNullable(e.getMessage()).orElse(e.toString()));
      }
      row.setWatchMs(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
      counters.films.add(1);
      counters.frames.add(row.getFrames());
      counters.failures.add(row.getError() == null ? 0 : 1);
      return row;
    }

    private FilmResult film(String film, MovieBatch batch, Configuration settings, TaskContext task)
        throws IOException {
      Optional<Path> note = LocalFilm.note(film, Path.of(spec.out()), settings);
      if (note.isPresent() && Files.exists(note.get())) {
        Optional<FilmResult> kept =
            batch.kept(LocalFilm.address(film), Files.readString(note.get()));
        if (kept.isPresent()) {
          return kept.get();
        }
      }
      try (LocalFilm local = LocalFilm.open(film, note, settings, task)) {
        FilmResult result = batch.film(local.uri(), task::isInterrupted);
        if (result.memory().isPresent()) {
          local.done(result.fingerprint().orElseThrow());
        }
        return result;
      }
    }

    private static void fill(FilmRow row, FilmResult result) {
      row.setStatus(result.status().name());
      row.setFingerprint(result.fingerprint().orElse(null));
      row.setError(result.error().orElse(null));
      row.setRetriable(result.isRetriable());
      row.setMemory(result.memory().map(Path::toString).orElse(null));
      row.setFrames(result.frames());
      row.setSlots(result.slots());
      row.setSeconds(result.duration().toMillis() / 1e3);
    }
  }

  /** Parts of one film. */
  private static final class InParts implements MapPartitionsFunction<Integer, Integer> {
    private static final long serialVersionUID = 1L;

    private final BatchSpec spec;
    private final Counters counters;
    private final String film;
    private final int parts;

    InParts(BatchSpec spec, Counters counters, String film, int parts) {
      this.spec = spec;
      this.counters = counters;
      this.film = film;
      this.parts = parts;
    }

    @Override
    public Iterator<Integer> call(Iterator<Integer> numbers) throws IOException {
      SplitWatch split = plan();
      List<Integer> done = new ArrayList<>();
      while (numbers.hasNext()) {
        int part = numbers.next();
        if (part < split.parts()) { // a short film has fewer than were asked for
          Files.createDirectories(folder());
          split.watchSegment(part, file(part));
        }
        done.add(part);
      }
      return done.iterator();
    }

    MovieChat chat() {
      return ExecutorModel.chat(spec.chat(), TaskContext.get(), counters.modelLoads);
    }

    SplitWatch plan() {
      return SplitWatch.plan(chat(), Path.of(film), parts);
    }

    Path folder() {
      String name = Hashing.sha256().hashString(film, StandardCharsets.UTF_8).toString();
      return Path.of(spec.out()).resolve("_PARTS").resolve(name);
    }

    Path file(int part) {
      return folder().resolve("part-" + part);
    }
  }

  /** Joins them and does what is left. */
  private static final class JoinParts implements MapPartitionsFunction<String, FilmRow> {
    private static final long serialVersionUID = 1L;

    private final InParts work;

    JoinParts(InParts work) {
      this.work = work;
    }

    @Override
    public Iterator<FilmRow> call(Iterator<String> films) throws IOException {
      SplitWatch split = work.plan();
      List<Path> files = IntStream.range(0, split.parts()).mapToObj(work::file).toList();
      URI film = Path.of(films.next()).toUri();
      Path memory =
          MovieBatch.builder(work.chat(), Path.of(work.spec.out())).build().memoryFile(film);
      try (Movie movie = split.join(files)) {
        Files.createDirectories(memory.getParent());
        movie.memory().save(memory);
      }
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
      Files.deleteIfExists(work.folder());
      // Answers and _DONE, from the memory that is there now.
      return new Watch(work.spec, work.counters, Map.of()).call(List.of(work.film).iterator());
    }
  }

  /** All questions to one film after another. */
  private static final class Ask implements MapPartitionsFunction<FilmRow, AnswerRow> {
    private static final long serialVersionUID = 1L;

    private final BatchSpec spec;
    private final Counters counters;
    private final List<String> questions;

    Ask(BatchSpec spec, Counters counters, List<String> questions) {
      this.spec = spec;
      this.counters = counters;
      this.questions = questions;
    }

    @Override
    public Iterator<AnswerRow> call(Iterator<FilmRow> films) {
      TaskContext task = TaskContext.get();
      List<AnswerRow> rows = new ArrayList<>();
      while (films.hasNext()) {
        FilmRow film = films.next();
        String memory = film.getMemory();
        if (memory != null) {
          ask(film, ExecutorModel.chat(spec.chat(), task, counters.modelLoads), memory, rows);
        }
      }
      return rows.iterator();
    }

    private void ask(FilmRow film, MovieChat chat, String memory, List<AnswerRow> rows) {
      try (Movie movie = chat.open(Path.of(memory))) {
        for (String question : questions) {
          AnswerRow row = new AnswerRow();
          row.setFilm(film.getFilm());
          row.setQuestion(question);
          try (Conversation conversation = movie.conversation()) {
            row.setAnswer(conversation.ask(question).text());
          } catch (RuntimeException e) {
            row.setError(Optional.ofNullable(e.getMessage()).orElse(e.toString()));
          }
          rows.add(row);
        }
      }
    }
  }
}
