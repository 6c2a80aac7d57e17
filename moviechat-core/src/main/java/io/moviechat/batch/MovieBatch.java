package io.moviechat.batch;

import com.google.common.hash.Hashing;
import com.google.common.util.concurrent.ThreadFactoryBuilder;
import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.Answer;
import io.moviechat.FrameSampling;
import io.moviechat.MemoryFileException;
import io.moviechat.MemorySnapshot;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.VideoException;
import io.moviechat.WatchOptions;
import io.moviechat.Watching;
import io.moviechat.internal.ResourceStack;
import io.moviechat.internal.VideoFingerprint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.DoubleConsumer;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches many films and asks each the same questions.
 *
 * <p>Everything goes to one folder: for each video {@code <fingerprint>/memory.safetensors}, {@code
 * answers.jsonl}, and {@code _DONE} when both are whole. So a run can be repeated at any time:
 * nothing that is done is done again, and nothing is lost when a run ends early. A film that is
 * being watched keeps a checkpoint to go on from. A film that cannot be watched is a {@link
 * FilmResult} with its reason; it does not end the run.
 *
 * <p>Thread-safe. Borrows its chat, which must stay open. One {@link #run} at a time writes to a
 * folder.
 */
public final class MovieBatch {
  private static final Logger log = LoggerFactory.getLogger(MovieBatch.class);
  private static final String SETTINGS = "_SETTINGS";
  private static final String LOCK = "_LOCK";
  private static final Pattern FINGERPRINT = Pattern.compile("[0-9a-f]{64}");
  private static final long POLL_MILLIS = 20;
  private static final long NANOS_BETWEEN_REPORTS = TimeUnit.MILLISECONDS.toNanos(500);

  private final MovieChat chat;
  private final Path out;
  private final List<String> questions;
  private final String asked;
  private final int jobs;
  private final long diskBytes;
  private final Duration checkpointEvery;
  private final Consumer<BatchProgress> progress;

  private MovieBatch(Builder settings, int jobs) {
    this.chat = settings.chat;
    this.out = settings.out;
    this.questions = settings.questions;
    this.asked =
        Hashing.sha256()
            .hashString(String.join("\n", questions), StandardCharsets.UTF_8)
            .toString();
    this.jobs = jobs;
    this.diskBytes = settings.diskBytes;
    this.checkpointEvery = settings.checkpointEvery;
    this.progress = settings.progress;
  }

  /**
   * Collects settings for a batch.
   *
   * @param chat with the model, the memory strategy and the sampling; stays the caller's
   * @param out the folder for everything; made if it is not there
   */
  public static Builder builder(MovieChat chat, Path out) {
    return new Builder(chat, out);
  }

  /** Films that are watched at the same time. */
  public int jobs() {
    return jobs;
  }

  /**
   * Does all films, the largest files first, and waits for them. A film that is listed twice counts
   * once.
   *
   * @param films absolute, with a scheme
   * @return one result a film, in the order of the list
   * @throws CancellationException if the calling thread is interrupted; what is done stays done
   * @throws IllegalStateException if another run writes to the folder
   * @throws UncheckedIOException if the folder cannot be written
   */
  public List<FilmResult> run(List<URI> films) {
    Map<URI, Long> sizes = new LinkedHashMap<>();
    films.forEach(film -> sizes.computeIfAbsent(film, MovieBatch::size));
    try (FileChannel channel =
            FileChannel.open(
                out.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = lock(channel)) {
      Run run = new Run(sizes);
      Map<URI, FilmResult> results = run.all();
      log.debug("released {}", lock);
      return List.copyOf(results.values());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private FileLock lock(FileChannel channel) throws IOException {
    Optional<FileLock> lock;
    try {
      lock = Optional.ofNullable(channel.tryLock());
    } catch (OverlappingFileLockException e) {
      lock = Optional.empty(); // held by this process
    }
    return lock.orElseThrow(
        () ->
            new IllegalStateException(
                out
                    + " is being written by another batch; wait for its end, or take another"
                    + " folder"));
  }

  private static long size(URI film) {
    try {
      return fileOf(film).isPresent() ? Files.size(fileOf(film).get()) : 0;
    } catch (IOException e) {
      return 0; // doing it will tell what is wrong with it
    }
  }

  private static Optional<Path> fileOf(URI film) {
    return "file".equals(film.getScheme()) ? Optional.of(Path.of(film)) : Optional.empty();
  }

  /**
   * Does one film on this thread: what an engine that spreads films over machines calls. Several
   * processes may do so with one folder; whichever ends last replaces equal files by equal ones.
   *
   * @param film absolute, with a scheme
   * @param stop asked now and then; once it says yes the pass ends, keeps a checkpoint for the next
   *     time, and this throws
   * @throws CancellationException if stopped, or this thread is interrupted
   */
  public FilmResult film(URI film, BooleanSupplier stop) {
    return film(film, stop, new ConcurrentHashMap<>(), fraction -> {});
  }

  /**
   * Where a film's memory is, or will be: who makes it elsewhere puts it there (and its folder),
   * and {@link #film} takes it from there.
   *
   * @throws VideoException if the film cannot be read
   */
  public Path memoryFile(URI film) {
    return new FilmFolder(out, fingerprint(film)).memory();
  }

  /**
   * The result of a film that is done already, told by its fingerprint alone.
   *
   * @param fingerprint of an earlier result
   * @return empty if something is left to do
   */
  public Optional<FilmResult> kept(URI film, String fingerprint) {
    if (!FINGERPRINT.matcher(fingerprint).matches()) {
      return Optional.empty();
    }
    FilmFolder folder = new FilmFolder(out, fingerprint);
    return folder
        .done()
        .filter(done -> done.asked().equals(asked))
        .map(done -> FilmResult.finished(film, FilmResult.Status.KEPT, folder, done));
  }

  private FilmResult film(
      URI film, BooleanSupplier stop, Map<String, URI> inThisRun, DoubleConsumer watched) {
    Optional<String> fingerprint = Optional.empty();
    try {
      fingerprint = Optional.of(fingerprint(film));
      FilmFolder folder = new FilmFolder(out, fingerprint.get());
      URI first = inThisRun.putIfAbsent(folder.fingerprint(), film);
      if (first != null && !first.equals(film)) {
        return FilmResult.duplicate(film, folder);
      }
      Optional<FilmResult> kept = kept(film, folder.fingerprint());
      if (kept.isPresent()) {
        return kept.get();
      }
      folder.create();
      folder.undo();
      FilmRecord record = work(film, folder, stop, watched);
      folder.writeDone(record);
      return FilmResult.finished(film, FilmResult.Status.DONE, folder, record);
    } catch (CancellationException e) {
      throw e;
    } catch (RuntimeException | IOException e) {
      log.info("{}: {}", film, e.toString());
      return FilmResult.failed(film, fingerprint, e);
    }
  }

  /** A hash of the content of a file, of the address of anything else. */
  private static String fingerprint(URI film) {
    Optional<Path> file = fileOf(film);
    if (file.isEmpty()) {
      return Hashing.sha256().hashString(film.toString(), StandardCharsets.UTF_8).toString();
    }
    return VideoFingerprint.of(file.get())
        .orElseThrow(
            () ->
                new VideoException(
                    Files.exists(file.get())
                        ? file.get() + " is no file that can be read"
                        : "there is no file " + file.get()));
  }

  private FilmRecord work(URI film, FilmFolder folder, BooleanSupplier stop, DoubleConsumer watched)
      throws IOException {
    try (Movie movie = movie(film, folder, stop, watched)) {
      MemorySnapshot snapshot = movie.memory().snapshot();
      if (!questions.isEmpty()) {
        folder.writeAnswers(answers(film, movie, stop));
      }
      return new FilmRecord(
          asked,
          questions.size(),
          snapshot.framesSeen(),
          snapshot.slots().size(),
          movie.duration(),
          Files.size(folder.memory()));
    }
  }

  /** The film's memory, from an earlier run if it is there. */
  @MustBeClosed
  private Movie movie(URI film, FilmFolder folder, BooleanSupplier stop, DoubleConsumer watched)
      throws IOException {
    if (Files.exists(folder.memory())) {
      try {
        return chat.open(folder.memory());
      } catch (MemoryFileException e) {
        log.warn("{} is watched again: {}", film, e.getMessage());
      }
    }
    requireDisk(folder);
    Optional<FileTime> modified = modified(film);
    try (ResourceStack opened = new ResourceStack()) {
      Movie movie = opened.open(() -> watch(film, folder, stop, watched));
      if (!fingerprint(film).equals(folder.fingerprint()) || !modified(film).equals(modified)) {
        Files.deleteIfExists(folder.checkpoint());
        throw new VideoException(
            film + " changed while it was read; run the batch again when it is whole");
      }
      movie.memory().save(folder.memory());
      opened.release();
      return movie;
    }
  }

  private static Optional<FileTime> modified(URI film) throws IOException {
    Optional<Path> file = fileOf(film);
    return file.isPresent() ? Optional.of(Files.getLastModifiedTime(file.get())) : Optional.empty();
  }

  private void requireDisk(FilmFolder folder) throws IOException {
    if (diskBytes == Long.MAX_VALUE) {
      return;
    }
    // A memory and a checkpoint beside it, of each film that is being watched.
    long needed = 2 * mostBytes(chat) * jobs;
    long used = 0;
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(out, Files::isDirectory)) {
      for (Path other : folders) {
        used += new FilmFolder(out, other.getFileName().toString()).bytes();
      }
    }
    if (used + needed - folder.bytes() > diskBytes) {
      throw new IOException(
          String.format(
              "the disk budget of %d bytes is used up: %s holds %d, and a film may need %d; raise"
                  + " the budget and run the batch again",
              diskBytes, out, used, needed));
    }
  }

  @MustBeClosed
  private Movie watch(URI film, FilmFolder folder, BooleanSupplier stop, DoubleConsumer watched) {
    Consumer<Watching.Progress> listener = frame -> frame.fraction().ifPresent(watched);
    WatchOptions options = WatchOptions.DEFAULT.onProgress(listener);
    if (canResume()) {
      options = options.withCheckpoint(folder.checkpoint(), checkpointEvery);
      if (Files.exists(folder.checkpoint())) {
        Consumer<Watching.Progress> stoppable =
            frame -> {
              listener.accept(frame);
              if (stop.getAsBoolean()) { // the last checkpoint is there already
                throw new CancellationException(
                    film + " was stopped; the next run goes on with it");
              }
            };
        try {
          return chat.resume(folder.checkpoint(), film, options.onProgress(stoppable));
        } catch (MemoryFileException | VideoException | IllegalArgumentException e) {
          log.warn("{} is watched from its start: {}", film, e.getMessage());
        }
      }
    }
    Watching watching = chat.start(film, options);
    CompletableFuture<Movie> end = watching.stage().toCompletableFuture();
    boolean stopped = false;
    while (!stopped && !ends(end)) {
      stopped = stop.getAsBoolean() || Thread.currentThread().isInterrupted();
    }
    if (stopped) {
      watching.stop();
    }
    Movie movie = watching.join();
    if (!stopped) {
      return movie;
    }
    boolean interrupted = Thread.interrupted(); // which would close the file while it is written
    try (movie) {
      if (canResume()) {
        movie.memory().save(folder.checkpoint());
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    throw new CancellationException(film + " was stopped; the next run goes on with it");
  }

  /** Waits a moment for it. */
  private static boolean ends(CompletableFuture<Movie> end) {
    try {
      Movie unused = end.get(POLL_MILLIS, TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException | CancellationException e) {
      return true; // join() throws it as it is
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** A memory that keeps frames by their times alone decodes so few that it begins again. */
  private boolean canResume() {
    boolean steady =
        chat.sampling() instanceof FrameSampling.EveryInterval
            || chat.sampling() instanceof FrameSampling.EveryFrame;
    return steady && !chat.memoryFactory().goesByTimesAlone();
  }

  private String answers(URI film, Movie movie, BooleanSupplier stop) {
    StringBuilder lines = new StringBuilder();
    for (String question : questions) {
      if (stop.getAsBoolean() || Thread.currentThread().isInterrupted()) {
        throw new CancellationException(film + " was stopped; the next run asks it");
      }
      Answer answer = movie.ask(question);
      List<JsonLine> evidence = new ArrayList<>();
      for (Answer.Evidence slot : answer.evidence()) {
        evidence.add(
            new JsonLine()
                .seconds("start", slot.start())
                .seconds("end", slot.end())
                .put("frames", slot.frames()));
      }
      lines
          .append(
              new JsonLine()
                  .put("question", question)
                  .put("answer", answer.text())
                  .put("finishReason", answer.finishReason().name().toLowerCase(Locale.ROOT))
                  .putAll("evidence", evidence)
                  .end())
          .append('\n');
    }
    return lines.toString();
  }

  /** One run over a list. */
  private final class Run {
    private final Map<URI, Long> sizes;
    private final Map<String, URI> inThisRun = new ConcurrentHashMap<>();
    private final Map<URI, Double> underWay = new ConcurrentHashMap<>();
    private final double totalBytes;
    private final long started = System.nanoTime();
    private final AtomicLong lastReport = new AtomicLong(started - NANOS_BETWEEN_REPORTS);
    private int finished;
    private int failed;
    private double finishedBytes;

    Run(Map<URI, Long> sizes) {
      this.sizes = sizes;
      this.totalBytes = sizes.keySet().stream().mapToDouble(this::weight).sum();
    }

    /** Even an empty file takes a moment. */
    private double weight(URI film) {
      long bytes = Objects.requireNonNull(sizes.get(film));
      return bytes + 1.0;
    }

    Map<URI, FilmResult> all() {
      List<URI> largestFirst = new ArrayList<>(sizes.keySet());
      largestFirst.sort(Comparator.comparing((URI film) -> sizes.get(film)).reversed());
      ExecutorService pool =
          Executors.newFixedThreadPool(
              jobs,
              new ThreadFactoryBuilder()
                  .setNameFormat("moviechat-batch-%d")
                  .setDaemon(true)
                  .build());
      Map<URI, Future<FilmResult>> futures = new LinkedHashMap<>();
      try {
        largestFirst.forEach(film -> futures.put(film, pool.submit(() -> one(film))));
        Map<URI, FilmResult> results = new LinkedHashMap<>();
        for (URI film : sizes.keySet()) {
          results.put(film, Objects.requireNonNull(futures.get(film)).get());
        }
        return results;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CancellationException("the batch was interrupted; run it again to go on");
      } catch (ExecutionException e) {
        if (e.getCause() instanceof RuntimeException cause) {
          throw cause;
        }
        if (e.getCause() instanceof Error cause) {
          throw cause;
        }
        throw new IllegalStateException(e.getCause());
      } finally {
        pool.shutdownNow();
        awaitEnd(pool);
      }
    }

    /** The folder stays locked until nobody writes to it. */
    private static void awaitEnd(ExecutorService pool) {
      boolean interrupted = false;
      while (!pool.isTerminated()) {
        try {
          boolean unused = pool.awaitTermination(1, TimeUnit.MINUTES);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }

    private FilmResult one(URI film) {
      FilmResult result = film(film, () -> false, inThisRun, fraction -> underWay(film, fraction));
      finished(film, result);
      return result;
    }

    private void underWay(URI film, double fraction) {
      underWay.put(film, fraction);
      long now = System.nanoTime();
      long last = lastReport.get();
      if (now - last >= NANOS_BETWEEN_REPORTS && lastReport.compareAndSet(last, now)) {
        report();
      }
    }

    private synchronized void finished(URI film, FilmResult result) {
      underWay.remove(film);
      finished++;
      failed += result.status() == FilmResult.Status.FAILED ? 1 : 0;
      finishedBytes += weight(film);
      report();
    }

    private synchronized void report() {
      double bytes = finishedBytes;
      for (Map.Entry<URI, Double> film : underWay.entrySet()) {
        bytes += film.getValue() * weight(film.getKey());
      }
      progress.accept(
          new BatchProgress(
              sizes.size(),
              finished,
              failed,
              Math.min(1, bytes / totalBytes),
              Duration.ofNanos(System.nanoTime() - started)));
    }
  }

  /** The most that one film's memory can take, in memory or on disk. */
  private static long mostBytes(MovieChat chat) {
    long slots = chat.memoryFactory().maxSlots();
    return slots * (chat.tokenShape().bytes() + 1024);
  }

  /** Settings of a batch. Not thread-safe. */
  public static final class Builder {
    private final MovieChat chat;
    private final Path out;
    private List<String> questions = List.of();
    private int jobs = 1;
    private long memoryBytes = Long.MAX_VALUE;
    private long diskBytes = Long.MAX_VALUE;
    private Duration checkpointEvery = Duration.ofMinutes(1);
    private Consumer<BatchProgress> progress = ignored -> {};

    private Builder(MovieChat chat, Path out) {
      this.chat = Objects.requireNonNull(chat, "chat");
      this.out = out.toAbsolutePath().normalize();
    }

    /** What each film is asked, each in a conversation of its own. Default: nothing. */
    public Builder questions(List<String> values) {
      questions = List.copyOf(values);
      return this;
    }

    /** Films at the same time, at least 1, the default. They share one model. */
    public Builder jobs(int value) {
      jobs = value;
      return this;
    }

    /**
     * Most bytes of the memories of all films that are watched at the same time; lowers the number
     * of {@link #jobs} to what fits. Default: no limit.
     */
    public Builder memoryBytes(long value) {
      memoryBytes = value;
      return this;
    }

    /** Most bytes in the folder. A film that might not fit fails. Default: no limit. */
    public Builder diskBytes(long value) {
      diskBytes = value;
      return this;
    }

    /** Least time between two checkpoints of a film. Default: a minute. */
    public Builder checkpointEvery(Duration value) {
      checkpointEvery = value;
      return this;
    }

    /** Told after each film, and about twice a second, one call at a time. */
    public Builder onProgress(Consumer<BatchProgress> listener) {
      progress = Objects.requireNonNull(listener, "listener");
      return this;
    }

    /**
     * Makes the folder, or checks that it was begun with the same model, memory and sampling.
     *
     * @throws IllegalArgumentException if it was begun with others, or a setting is out of range
     * @throws UncheckedIOException if it cannot be written
     */
    public MovieBatch build() {
      require(jobs >= 1, "jobs must be at least 1, was " + jobs);
      require(diskBytes > 0, "the disk budget must be above 0 bytes, was " + diskBytes);
      require(!checkpointEvery.isNegative(), "the time between checkpoints is negative");
      for (String question : questions) {
        require(!question.isBlank(), "a question is blank");
      }
      int fitting = (int) Math.min(jobs, memoryBytes / mostBytes(chat));
      require(
          fitting >= 1,
          String.format(
              "the memory of one film may take %d bytes, the budget is %d; raise it or ask for"
                  + " fewer memory slots",
              mostBytes(chat), memoryBytes));
      try {
        Files.createDirectories(out);
        requireSameSettings();
      } catch (IOException e) {
        throw new UncheckedIOException(out + " cannot be written: " + e, e);
      }
      return new MovieBatch(this, fitting);
    }

    private void requireSameSettings() throws IOException {
      String now =
          String.format(
              "model=%s%nmemory=%s (%s)%nsampling=%s%n",
              chat.model(),
              chat.memoryFactory().strategy(),
              chat.memoryFactory().settings(),
              chat.sampling());
      Path file = out.resolve(SETTINGS);
      String before;
      try {
        before = Files.readString(file);
      } catch (NoSuchFileException e) {
        FilmFolder.replace(file, now);
        return;
      }
      require(
          before.lines().toList().equals(now.lines().toList()),
          String.format(
              "%s was begun with other settings (%s), these are (%s); take those, or another"
                  + " folder",
              out,
              String.join(", ", before.lines().toList()),
              String.join(", ", now.lines().toList())));
    }

    private static void require(boolean condition, String message) {
      if (!condition) {
        throw new IllegalArgumentException(message);
      }
    }
  }
}
