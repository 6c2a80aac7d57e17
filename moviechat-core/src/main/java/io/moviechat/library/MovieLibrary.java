package io.moviechat.library;

import com.google.common.base.Preconditions;
import com.google.common.hash.Hashing;
import com.google.common.util.concurrent.ThreadFactoryBuilder;
import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.FrameSampling;
import io.moviechat.MemoryBudget;
import io.moviechat.MemoryFileException;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.VideoException;
import io.moviechat.WatchOptions;
import io.moviechat.Watching;
import io.moviechat.internal.ResourceStack;
import io.moviechat.internal.VideoFingerprint;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Films as remembered movies: each is watched once, its memory is kept in a folder, and asking
 * opens it when it is needed.
 *
 * <p>A film is told from others by its content (for files), the model, the memory's settings and
 * the sampling: adding the same again gives the same {@link Film}, and at most one pass over it
 * runs. Memories on disk and open movies are bounded; those used least recently go first. A pass
 * that ends before its time leaves a checkpoint, from which the next one goes on.
 *
 * <p>Thread-safe. Several processes may share a folder: files are replaced whole, and a film that
 * another process has watched is found here too. Borrows the chat; close the library first.
 */
public final class MovieLibrary implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(MovieLibrary.class);
  private static final Pattern ID = Pattern.compile("[0-9a-f]{16}");
  private static final int MAX_TITLE = 200;
  private static final String RECORD = ".film";
  private static final String MEMORY = ".memory";
  private static final String PARTIAL = ".partial";

  private final MovieChat chat;
  private final Path folder;
  private final long maxBytes;
  private final int maxOpen;
  private final int maxWaiting;
  private final Duration checkpointEvery;
  private final Consumer<? super Film> listener;
  private final ExecutorService watchers;

  /**
   * Guards all that follows, and the fields of films. Neither videos nor the model are touched
   * under it.
   */
  private final Object lock = new Object();

  private final Map<String, Film> films = new LinkedHashMap<>();
  private final Map<String, Open> open = new LinkedHashMap<>(16, 0.75f, true);
  private boolean closed;

  private MovieLibrary(Builder settings) throws IOException {
    this.chat = settings.chat;
    this.folder = Files.createDirectories(settings.folder).toRealPath();
    this.maxBytes = settings.maxBytes;
    this.maxOpen = settings.maxOpen;
    this.maxWaiting = settings.maxWaiting;
    this.checkpointEvery = settings.checkpointEvery;
    this.listener = settings.listener;
    this.watchers =
        Executors.newFixedThreadPool(
            settings.concurrency,
            new ThreadFactoryBuilder()
                .setNameFormat("moviechat-library-%d")
                .setDaemon(true)
                .build());
    findFilms();
  }

  /**
   * Collects settings for a library.
   *
   * @param chat watches and answers; borrowed
   * @param folder where memories are kept; made if it is not there
   */
  public static Builder builder(MovieChat chat, Path folder) {
    return new Builder(chat, folder);
  }

  /**
   * Has a film watched, with the chat's sampling, unless it is ready or under way. Does not wait
   * for it.
   *
   * @param video absolute, with a scheme
   * @throws VideoException if it is a file that is not there
   * @throws MemoryFileException if the library's folder cannot be written
   * @throws IllegalStateException if too many films wait, or this library is closed
   */
  public Film watch(URI video) {
    return watch(video, Optional.empty(), OptionalInt.empty());
  }

  /**
   * Like {@link #watch(URI)} with one frame per interval.
   *
   * @param every above zero
   */
  public Film watch(URI video, Duration every) {
    return watch(video, Optional.of(every), OptionalInt.empty());
  }

  /**
   * Like {@link #watch(URI)} with settings of the film's own; with others it is another film.
   *
   * @param every time from one watched frame to the next, above zero; empty: the chat's sampling
   * @param slots most slots of its memory, at least 1; the chat's bound holds too. Fewer than the
   *     memory's strategy can do with fail the film
   */
  public Film watch(URI video, Optional<Duration> every, OptionalInt slots) {
    every.ifPresent(FrameSampling::every); // refuses what is no interval
    slots.ifPresent(MemoryBudget::ofSlots);
    String id = idOf(video, sampling(every), slots);
    synchronized (lock) {
      requireOpen();
      Film known = lookUp(id);
      if (known == null) {
        FilmRecord record =
            new FilmRecord(
                id,
                titleOf(video),
                video,
                Instant.now(),
                every,
                slots,
                Duration.ZERO,
                Optional.empty(),
                0);
        known = new Film(this, record, Film.State.INTERRUPTED);
      }
      begin(known);
      return known;
    }
  }

  /**
   * Goes on with a film that was interrupted or has failed; nothing happens if it is ready or under
   * way. Does not wait.
   *
   * @throws IllegalStateException if too many films wait, it was forgotten, or this library is
   *     closed
   */
  public void resume(Film film) {
    synchronized (lock) {
      requireOpen();
      Preconditions.checkState(film.state() != Film.State.FORGOTTEN, "%s was forgotten", film);
      begin(film);
    }
  }

  private void begin(Film film) {
    if (film.state() != Film.State.INTERRUPTED && film.state() != Film.State.FAILED) {
      return;
    }
    long waiting = films.values().stream().filter(f -> f.state() == Film.State.WAITING).count();
    Preconditions.checkState(
        waiting < maxWaiting,
        "%s films are waiting to be watched, which is the most: wait for one of them",
        waiting);
    try {
      film.filmRecord().write(file(film.id(), RECORD)); // so that a restart knows who waited
    } catch (IOException e) {
      throw new MemoryFileException("the library cannot write down " + film + ": " + e, e);
    }
    film.waiting();
    films.put(film.id(), film);
    watchers.execute(() -> watch(film));
  }

  /** The film with this handle. */
  public Optional<Film> film(String id) {
    if (!ID.matcher(id).matches()) {
      return Optional.empty();
    }
    synchronized (lock) {
      requireOpen();
      return Optional.ofNullable(lookUp(id));
    }
  }

  /** All films, the latest added first. */
  public List<Film> films() {
    synchronized (lock) {
      requireOpen();
      findFilms();
      List<Film> all = new ArrayList<>(films.values());
      all.sort(Comparator.comparing(Film::added).reversed());
      return all;
    }
  }

  /**
   * How many films are before this one in the queue; 0 for one that does not wait.
   *
   * @param film of this library
   */
  public int waitingBefore(Film film) {
    synchronized (lock) {
      int before = 0;
      for (Film other : films.values()) {
        if (other == film) {
          return film.state() == Film.State.WAITING ? before : 0;
        }
        before += other.state() == Film.State.WAITING ? 1 : 0;
      }
      return 0;
    }
  }

  /**
   * Forgets a film: ends its pass and deletes its memory. The video is not touched.
   *
   * @return bytes that became free
   */
  public long forget(Film film) {
    end(film, Film.End.CANCEL);
    synchronized (lock) {
      if (film.pass() == null) {
        return forgetNow(film);
      }
    }
    return 0; // whoever watches it deletes what there is
  }

  /** Bytes of all memories on disk. */
  public long bytes() {
    long sum = 0;
    for (Film film : films()) {
      sum += film.bytes();
    }
    return sum;
  }

  /**
   * Ends what is being watched, keeps what was seen to go on from, and closes all movies that are
   * not in use; those in use follow when their use ends. Closing twice is fine.
   */
  @Override
  public void close() {
    List<Film> all;
    synchronized (lock) {
      closed = true;
      all = List.copyOf(films.values());
    }
    all.forEach(film -> end(film, Film.End.INTERRUPT));
    watchers.shutdown();
    try {
      if (!watchers.awaitTermination(1, TimeUnit.MINUTES)) {
        log.warn("a pass did not end within a minute of being stopped");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    synchronized (lock) {
      shrinkOpen(0);
    }
  }

  // ---- Watching ----

  private void watch(Film film) {
    try {
      pass(film);
    } catch (CancellationException e) {
      ended(film, null);
    } catch (RuntimeException | IOException | Error e) {
      log.debug("{} could not be watched", film, e);
      ended(film, e);
    }
    changed(film);
  }

  private void changed(Film film) {
    try {
      listener.accept(film);
    } catch (RuntimeException e) {
      log.warn("a listener failed to hear of {}", film, e);
    }
  }

  private void pass(Film film) throws IOException {
    synchronized (lock) {
      if (film.wanted() != null) {
        throw new CancellationException();
      }
    }
    Movie movie = watched(film);
    boolean kept = false;
    try {
      boolean interrupted;
      synchronized (lock) {
        if (film.wanted() == Film.End.CANCEL) {
          throw new CancellationException();
        }
        interrupted = film.wanted() == Film.End.INTERRUPT;
      }
      movie.memory().save(file(film.id(), interrupted ? PARTIAL : MEMORY));
      FilmRecord seen =
          film.filmRecord()
              .watched(movie.duration(), film.duration(), movie.memory().snapshot().framesSeen());
      seen.write(file(film.id(), RECORD));
      synchronized (lock) {
        if (film.wanted() == Film.End.CANCEL) {
          throw new CancellationException();
        }
        film.filmRecord(seen);
        if (interrupted) {
          throw new CancellationException();
        }
        Files.deleteIfExists(file(film.id(), PARTIAL));
        open.put(film.id(), new Open(movie));
        kept = true;
        film.settle(Film.State.READY, null);
        shrinkOpen(maxOpen);
      }
      shrinkDisk(film);
    } finally {
      if (!kept) {
        movie.close();
      }
    }
  }

  /** Carries a pass out, from where the last one ended if that can be. */
  private Movie watched(Film film) throws IOException {
    Path partial = file(film.id(), PARTIAL);
    WatchOptions options =
        WatchOptions.DEFAULT
            .withSampling(sampling(film.filmRecord().every()))
            .withCheckpoint(partial, checkpointEvery)
            .onProgress(film::progressed);
    OptionalInt slots = film.filmRecord().slots();
    if (slots.isPresent()) {
      options = options.withMemoryBudget(MemoryBudget.ofSlots(slots.getAsInt()));
    }
    if (Files.exists(partial)) {
      try {
        return begun(film, chat.startResume(partial, film.video(), options)).join();
      } catch (IllegalArgumentException | MemoryFileException e) {
        log.info("{} is watched from its start: {}", film, e.getMessage());
        Files.deleteIfExists(partial);
      }
    }
    return begun(film, chat.start(film.video(), options)).join();
  }

  private Watching begun(Film film, Watching pass) {
    Film.@Nullable End wanted;
    synchronized (lock) {
      film.watching(pass);
      wanted = film.wanted();
    }
    changed(film);
    if (wanted != null) { // before there was a pass to end
      tell(pass, wanted);
    }
    return pass;
  }

  private static void tell(Watching pass, Film.End end) {
    if (end == Film.End.CANCEL) {
      pass.cancel();
    } else {
      pass.stop();
    }
  }

  void end(Film film, Film.End end) {
    @Nullable Watching pass;
    synchronized (lock) {
      boolean underWay = film.state() == Film.State.WAITING || film.state() == Film.State.WATCHING;
      boolean nothingToStop = end == Film.End.STOP && film.state() == Film.State.WAITING;
      if (!underWay || nothingToStop || film.wanted() == Film.End.CANCEL) {
        return;
      }
      film.want(end);
      pass = film.pass();
    }
    if (pass != null) {
      tell(pass, end);
    }
  }

  /** After a pass that made no film. */
  private void ended(Film film, @Nullable Throwable failure) {
    synchronized (lock) {
      if (film.wanted() == Film.End.CANCEL) {
        film.settle(Film.State.FORGOTTEN, null);
        forgetNow(film);
      } else if (film.wanted() == Film.End.INTERRUPT || failure == null) {
        film.settle(Film.State.INTERRUPTED, null);
      } else {
        film.settle(Film.State.FAILED, failure);
      }
    }
  }

  // ---- Asking ----

  <T> T lend(Film film, Function<? super Movie, ? extends T> use) {
    if (film.state() == Film.State.WATCHING) {
      return lendSeen(film, use);
    }
    return lendReady(film, use);
  }

  private <T> T lendReady(Film film, Function<? super Movie, ? extends T> use) {
    Open lent = borrow(film);
    try {
      return use.apply(lent.movie);
    } finally {
      synchronized (lock) {
        lent.users--;
        if (lent.leaving && lent.users == 0) {
          lent.movie.close();
        }
      }
    }
  }

  /** What has been seen; the film itself if it has become ready meanwhile. */
  private <T> T lendSeen(Film film, Function<? super Movie, ? extends T> use) {
    @Nullable Watching pass;
    synchronized (lock) {
      pass = film.pass();
    }
    try (Movie seen = pass == null ? null : pass.soFar().orElse(null)) {
      if (seen != null) {
        return use.apply(seen);
      }
    }
    if (film.state() == Film.State.WATCHING) {
      Preconditions.checkState(
          pass != null && pass.isDone(),
          "nothing of %s has been seen yet; ask again in a moment",
          film.title());
      film.awaitUninterruptibly(); // its memory is being written
    }
    return lendReady(film, use);
  }

  private Open borrow(Film film) {
    synchronized (lock) {
      requireOpen();
      Preconditions.checkState(
          film.state() == Film.State.READY,
          "there is nothing to ask of %s: it is %s",
          film.title(),
          film.state().name().toLowerCase(java.util.Locale.ROOT));
      Open found = open.get(film.id());
      if (found != null) {
        found.users++;
        return found;
      }
    }
    Path memory = file(film.id(), MEMORY);
    try (ResourceStack opened = new ResourceStack()) {
      Movie movie = opened.open(() -> chat.open(memory));
      try {
        Files.setLastModifiedTime(memory, FileTime.from(Instant.now()));
      } catch (IOException e) {
        log.debug("{} cannot be marked as used", memory, e);
      }
      synchronized (lock) {
        Open found = open.get(film.id());
        if (found != null || closed || film.state() != Film.State.READY) { // while it was opened
          requireOpen();
          Preconditions.checkState(found != null, "%s was forgotten meanwhile", film);
        } else {
          found = new Open(movie);
          open.put(film.id(), found);
          opened.release();
        }
        found.users++;
        shrinkOpen(maxOpen);
        return found;
      }
    }
  }

  // ---- Keeping ----

  void rename(Film film, String title) {
    String trimmed = title.strip();
    Preconditions.checkArgument(
        !trimmed.isEmpty() && trimmed.length() <= MAX_TITLE,
        "a title has 1 to %s characters, this one has %s",
        MAX_TITLE,
        trimmed.length());
    synchronized (lock) {
      requireOpen();
      FilmRecord renamed = film.filmRecord().withTitle(trimmed);
      film.filmRecord(renamed);
      if (film.state() != Film.State.FORGOTTEN) {
        try {
          renamed.write(file(film.id(), RECORD));
        } catch (IOException e) {
          throw new MemoryFileException("the title of " + film + " cannot be written: " + e, e);
        }
      }
    }
  }

  long bytesOf(Film film) {
    return size(file(film.id(), MEMORY)) + size(file(film.id(), PARTIAL));
  }

  /** Under the lock. */
  private long forgetNow(Film film) {
    long freed = bytesOf(film);
    if (film.state() != Film.State.FORGOTTEN) {
      film.settle(Film.State.FORGOTTEN, null);
    }
    films.remove(film.id(), film);
    Open opened = open.remove(film.id());
    if (opened != null) {
      opened.leave();
    }
    for (String ending : List.of(RECORD, MEMORY, PARTIAL)) {
      try {
        Files.deleteIfExists(file(film.id(), ending));
      } catch (IOException e) {
        log.warn("{} cannot be deleted", file(film.id(), ending), e);
      }
    }
    return freed;
  }

  /** Closes what was used least recently; under the lock. */
  private void shrinkOpen(int most) {
    Iterator<Open> oldest = open.values().iterator();
    while (open.size() > most && oldest.hasNext()) {
      Open candidate = oldest.next();
      if (candidate.users == 0 || closed) {
        oldest.remove();
        candidate.leave();
      }
    }
  }

  /** Forgets the films used least recently until the memories fit. */
  private void shrinkDisk(Film newest) {
    synchronized (lock) {
      List<Film> ready = new ArrayList<>();
      long sum = 0;
      for (Film film : films.values()) {
        sum += bytesOf(film);
        if (film != newest && film.state() == Film.State.READY) {
          ready.add(film);
        }
      }
      ready.sort(Comparator.comparing(film -> usedAt(film.id())));
      for (Film film : ready) {
        Open opened = open.get(film.id());
        if (sum > maxBytes && (opened == null || opened.users == 0)) {
          log.info("{} is forgotten: the memories are larger than {} bytes", film, maxBytes);
          sum -= forgetNow(film);
        }
      }
    }
  }

  private FileTime usedAt(String id) {
    try {
      return Files.getLastModifiedTime(file(id, MEMORY));
    } catch (IOException e) {
      return FileTime.fromMillis(0);
    }
  }

  /** Reads the folder; under the lock, or before anyone else knows this library. */
  private void findFilms() {
    try (DirectoryStream<Path> records = Files.newDirectoryStream(folder, "*" + RECORD)) {
      for (Path record : records) {
        String name = record.getFileName().toString();
        lookUp(name.substring(0, name.length() - RECORD.length()));
      }
    } catch (IOException e) {
      throw new MemoryFileException("the library " + folder + " cannot be read: " + e, e);
    }
  }

  private @Nullable Film lookUp(String id) {
    Film known = films.get(id);
    boolean remembered = Files.exists(file(id, MEMORY));
    if (known != null) {
      boolean settled =
          known.state() == Film.State.INTERRUPTED || known.state() == Film.State.FAILED;
      if (!(settled && remembered)) {
        return known;
      }
    }
    if (!ID.matcher(id).matches() || !Files.exists(file(id, RECORD))) {
      return known;
    }
    try {
      FilmRecord record = FilmRecord.read(file(id, RECORD));
      if (!record.id().equals(id)) {
        throw new IOException("it belongs to " + record.id());
      }
      Film found = new Film(this, record, remembered ? Film.State.READY : Film.State.INTERRUPTED);
      films.put(id, found);
      return found;
    } catch (IOException e) {
      log.warn("{} is left out: {}", file(id, RECORD), e.toString());
      return null;
    }
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (NoSuchFileException e) {
      return 0;
    } catch (IOException e) {
      log.debug("{} cannot be read", file, e);
      return 0;
    }
  }

  private Path file(String id, String ending) {
    return folder.resolve(id + ending);
  }

  private FrameSampling sampling(Optional<Duration> every) {
    return every.<FrameSampling>map(FrameSampling::every).orElse(chat.sampling());
  }

  private String idOf(URI video, FrameSampling sampling, OptionalInt slots) {
    String content = video.toString();
    if ("file".equals(video.getScheme())) {
      content =
          VideoFingerprint.of(Path.of(video))
              .orElseThrow(
                  () -> new VideoException(Path.of(video) + " is no file that can be read"));
    }
    String all =
        String.join(
            "\n",
            content,
            chat.model(),
            chat.memoryFactory().strategy(),
            chat.memoryFactory().settings(),
            sampling.toString());
    if (slots.isPresent()) {
      all += "\n" + slots.getAsInt() + " slots";
    }
    return Hashing.sha256().hashString(all, StandardCharsets.UTF_8).toString().substring(0, 16);
  }

  private static String titleOf(URI video) {
    String path = Objects.requireNonNullElse(video.getPath(), video.toString());
    String name = path.substring(path.lastIndexOf('/') + 1);
    String title = name.isBlank() ? video.toString() : name;
    return title.length() > MAX_TITLE ? title.substring(0, MAX_TITLE) : title;
  }

  private void requireOpen() {
    Preconditions.checkState(!closed, "MovieLibrary is closed");
  }

  @Override
  public String toString() {
    return "MovieLibrary[" + folder + "]";
  }

  /** An open movie and how many use it; its fields belong to the library's lock. */
  private static final class Open {
    final Movie movie;
    int users;
    boolean leaving;

    Open(Movie movie) {
      this.movie = movie;
    }

    void leave() {
      leaving = true;
      if (users == 0) {
        movie.close();
      }
    }
  }

  /** Settings of a library. Not thread-safe. */
  public static final class Builder {
    private final MovieChat chat;
    private final Path folder;
    private long maxBytes = 10L << 30;
    private int maxOpen = 8;
    private int maxWaiting = 100;
    private int concurrency = 1;
    private Duration checkpointEvery = Duration.ofSeconds(10);
    private Consumer<? super Film> listener = film -> {};

    private Builder(MovieChat chat, Path folder) {
      this.chat = Objects.requireNonNull(chat, "chat");
      this.folder = Objects.requireNonNull(folder, "folder");
    }

    /** Most bytes of memories on disk, above zero. Default: 10 GiB. The newest always stays. */
    public Builder maxBytes(long value) {
      Preconditions.checkArgument(value > 0, "maxBytes must be above zero, was %s", value);
      maxBytes = value;
      return this;
    }

    /** Most movies that are kept open while nobody uses them, at least 1. Default: 8. */
    public Builder maxOpen(int value) {
      Preconditions.checkArgument(value >= 1, "maxOpen must be at least 1, was %s", value);
      maxOpen = value;
      return this;
    }

    /** Most films that wait to be watched, at least 1. Default: 100. */
    public Builder maxWaiting(int value) {
      Preconditions.checkArgument(value >= 1, "maxWaiting must be at least 1, was %s", value);
      maxWaiting = value;
      return this;
    }

    /** How many films are watched at the same time, at least 1. Default: 1. */
    public Builder concurrency(int value) {
      Preconditions.checkArgument(value >= 1, "concurrency must be at least 1, was %s", value);
      concurrency = value;
      return this;
    }

    /**
     * Least time between two checkpoints of a pass, not negative. Default: 10 seconds. More often
     * loses less in a crash and writes more.
     */
    public Builder checkpointEvery(Duration value) {
      Preconditions.checkArgument(
          !value.isNegative(), "the time between checkpoints is negative: %s", value);
      checkpointEvery = value;
      return this;
    }

    /**
     * Somebody who hears when a film begins to be watched and when that has ended, however it has:
     * {@link Film#state()} says. Told on the thread that watches; a listener that fails is logged.
     * Default: nobody.
     */
    public Builder onChange(Consumer<? super Film> value) {
      listener = Objects.requireNonNull(value, "listener");
      return this;
    }

    /**
     * Opens the library with the films that the folder holds.
     *
     * @throws MemoryFileException if the folder cannot be made or read
     */
    @MustBeClosed
    public MovieLibrary build() {
      try {
        return new MovieLibrary(this);
      } catch (IOException e) {
        throw new MemoryFileException("the library " + folder + " cannot be opened: " + e, e);
      }
    }
  }
}
