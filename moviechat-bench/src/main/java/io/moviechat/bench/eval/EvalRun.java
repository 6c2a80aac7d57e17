package io.moviechat.bench.eval;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moviechat.FrameSampling;
import io.moviechat.GenerationOptions;
import io.moviechat.MovieChat;
import io.moviechat.VideoException;
import io.moviechat.VideoLocation;
import io.moviechat.recall.SlotScorer;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import io.moviechat.spi.VisionLanguageModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Asks a model all questions of a benchmark, each film watched once per way of sampling, and keeps
 * a journal: {@code journal.jsonl} in a folder of its own. A run that ended, however, goes on where
 * it was when the same run is started again.
 */
public final class EvalRun {
  static final String JOURNAL = "journal.jsonl";
  private static final int MEBIBYTE = 1 << 20;

  private final Benchmark benchmark;
  private final Path annotations;
  private final Path out;
  private final VideoFolder videos;
  private final @Nullable VisionLanguageModel model;
  private final @Nullable Path replies;
  private final @Nullable VideoSourceProvider provider;
  private final List<Cell> cells;
  private final Prompting prompting;
  private final @Nullable GenerationOptions generation;
  private final int parallel;
  private final long memoryBytes;
  private final int mostFilms;
  private final boolean textOnly;
  private final boolean retry;
  private volatile boolean cancelled;

  private EvalRun(Builder b) throws IOException {
    benchmark = b.seconds ? b.benchmark.inSeconds() : b.benchmark;
    annotations = b.annotations;
    out = b.out;
    videos = new VideoFolder(b.videos == null ? b.annotations : b.videos);
    model = b.model;
    replies = b.replies;
    provider = b.provider;
    cells = Cell.grid(b.grid);
    prompting = Prompting.of(b.prompt);
    generation = b.generation;
    parallel = b.parallel;
    memoryBytes = b.memoryBytes;
    mostFilms = b.mostFilms;
    textOnly = b.textOnly && b.model != null;
    retry = b.retry;
  }

  /**
   * Collects settings of a run.
   *
   * @param annotations the set's own files, as it is downloaded
   * @param out folder of the journal; made if it is not there
   */
  public static Builder builder(Benchmark benchmark, Path annotations, Path out) {
    return new Builder(benchmark, annotations, out);
  }

  /** Ends the run after the questions that are being answered. What was answered is kept. */
  public void cancel() {
    cancelled = true;
  }

  /**
   * How far a run is.
   *
   * @param films films that are done
   * @param allFilms films in all
   * @param answers lines that this run has added to the journal
   */
  public record Progress(int films, int allFilms, long answers) {}

  /**
   * Asks what has not been asked yet.
   *
   * @param progress told after each film, on the thread that finished it
   * @return one line per thing that was left out, or is worth knowing
   * @throws IOException if the annotations cannot be read, the journal not be written, or the
   *     folder holds another run
   */
  public List<String> run(Consumer<Progress> progress) throws IOException {
    Dataset dataset = benchmark.read(annotations);
    List<EvalItem> items = limited(dataset.items());
    try (LineLog log = LineLog.open(out.resolve(JOURNAL))) {
      if (replies != null) {
        return replay(log, dataset, items);
      }
      VisionLanguageModel chosen = Objects.requireNonNull(model);
      try (FrameEncoder encoder = chosen.openEncoder();
          AnswerGenerator generator = chosen.openGenerator()) {
        Optional<SlotScorer> scorer = chosen.openScorer();
        try {
          ask(log, dataset, items, new Opened(chosen, encoder, generator, scorer), progress);
        } finally {
          scorer.ifPresent(SlotScorer::close);
        }
        log.force();
      }
    }
    return dataset.problems();
  }

  /** A model with its parts opened. */
  record Opened(
      VisionLanguageModel model,
      FrameEncoder encoder,
      AnswerGenerator generator,
      Optional<SlotScorer> scorer) {}

  private void ask(
      LineLog log,
      Dataset dataset,
      List<EvalItem> items,
      Opened opened,
      Consumer<Progress> progress)
      throws IOException {
    List<Fitted> fitted = fit(opened);
    ObjectNode settings = settings(dataset, items, opened, fitted);
    EvalJournal journal = EvalJournal.goOn(log, settings, items, retry);
    new Watchers(opened, fitted, journal, progress).run(items);
  }

  private List<EvalItem> limited(List<EvalItem> items) {
    Set<String> films = new LinkedHashSet<>();
    items.stream().map(EvalItem::video).filter(v -> films.size() < mostFilms).forEach(films::add);
    return items.stream().filter(item -> films.contains(item.video())).toList();
  }

  private List<String> replay(LineLog log, Dataset dataset, List<EvalItem> items)
      throws IOException {
    Replies given = Replies.read(Objects.requireNonNull(replies));
    ObjectNode settings = settings(dataset, items);
    settings.put("model", "replies of another system");
    given.hashes().forEach(settings.putObject("replies")::put);
    settings.putObject("cells").putObject("replayed");
    EvalJournal journal = EvalJournal.goOn(log, settings, items, retry);
    int missing = 0;
    for (EvalItem item : items) {
      Optional<String> reply = given.to(item);
      if (reply.isPresent() && !journal.has("replayed", item)) {
        journal.add(new EvalAnswer(item.id(), "replayed").reply(reply.get()));
      }
      missing += reply.isPresent() ? 0 : 1;
    }
    log.force();
    List<String> notes = new ArrayList<>(dataset.problems());
    notes.addAll(given.problems());
    if (missing > 0) {
      notes.add(missing + " of " + items.size() + " questions have no reply");
    }
    return notes;
  }

  private ObjectNode settings(Dataset dataset, List<EvalItem> items) {
    ObjectNode settings = Json.MAPPER.createObjectNode();
    settings.put("benchmark", benchmark.name());
    settings.put("items", items.size());
    settings.put("problems", dataset.problems().size());
    ObjectNode files = settings.putObject("annotations");
    new TreeMap<>(dataset.hashes()).forEach(files::put);
    return settings;
  }

  private ObjectNode settings(
      Dataset dataset, List<EvalItem> items, Opened opened, List<Fitted> fitted) {
    ObjectNode settings = settings(dataset, items);
    settings.put("model", opened.model().name());
    settings.put("encoder", opened.encoder().id());
    settings.put("generator", opened.generator().id());
    settings.put("prompt", prompting.id());
    settings.put("generation", options(opened.model()).toString());
    settings.put("textOnly", textOnly);
    ObjectNode all = settings.putObject("cells");
    for (Fitted each : fitted) {
      all.putObject(each.cell().name())
          .put("strategy", each.memory().strategy())
          .put("settings", each.memory().settings())
          .put("sampling", each.sampling().toString())
          .put("maxSlots", each.memory().maxSlots())
          .put("recall", each.cell().recalls(opened.scorer()) ? "on" : "off")
          .put("tokensPerSlot", opened.encoder().shape().tokens());
    }
    return settings;
  }

  private GenerationOptions options(VisionLanguageModel chosen) {
    return generation != null
        ? generation
        : chosen.generationDefaults().orElse(GenerationOptions.DEFAULT).toBuilder()
            .maxTokens(64)
            .build();
  }

  /** A cell as the model's context lets it be. */
  record Fitted(Cell cell, VideoMemory.Factory memory, FrameSampling sampling) {}

  /** Opens a chat per cell once, which says early what does not fit. */
  private List<Fitted> fit(Opened opened) {
    List<Fitted> fitted = new ArrayList<>();
    for (Cell cell : cells) {
      try (MovieChat chat = chat(cell, opened, opened.encoder()).build()) {
        fitted.add(new Fitted(cell, chat.memoryFactory(), chat.sampling()));
      }
    }
    return fitted;
  }

  /** A chat of a cell that borrows what is opened. */
  static MovieChat.Builder chat(Cell cell, Opened opened, FrameEncoder encoder) {
    VisionLanguageModel model = cell.model(opened.model());
    MovieChat.Builder builder =
        MovieChat.builder().model(model).encoder(encoder).generator(opened.generator());
    return cell.apply(builder, model.defaults(), opened.scorer());
  }

  /** The films of a run, several at a time. */
  private final class Watchers {
    private final Opened opened;
    private final EvalJournal journal;
    private final Consumer<Progress> progress;

    /** Cells that see the same frames. */
    private final Map<FrameSampling, List<Fitted>> groups = new LinkedHashMap<>();

    private final Object encoderLock = new Object();
    private final Semaphore memory;
    private final int allMemory;
    private int done;

    Watchers(Opened opened, List<Fitted> fitted, EvalJournal journal, Consumer<Progress> progress) {
      this.opened = opened;
      this.journal = journal;
      this.progress = progress;
      for (Fitted each : fitted) {
        groups.computeIfAbsent(each.sampling(), key -> new ArrayList<>()).add(each);
      }
      this.allMemory = (int) Math.max(1, Math.min(Integer.MAX_VALUE, memoryBytes / MEBIBYTE));
      this.memory = new Semaphore(allMemory, true);
    }

    void run(List<EvalItem> items) throws IOException {
      Map<String, List<EvalItem>> films = new LinkedHashMap<>();
      items.forEach(
          item -> films.computeIfAbsent(item.video(), key -> new ArrayList<>()).add(item));
      ExecutorService workers = Executors.newFixedThreadPool(parallel);
      try {
        List<Future<?>> running = new ArrayList<>();
        films.forEach(
            (video, questions) ->
                running.add(workers.submit(() -> film(video, questions, films.size()))));
        for (Future<?> each : running) {
          join(each);
        }
      } finally {
        workers.shutdownNow();
      }
    }

    private void join(Future<?> film) throws IOException {
      try {
        film.get();
      } catch (ExecutionException e) {
        cancelled = true;
        if (e.getCause() instanceof UncheckedIOException io) {
          throw io.getCause();
        }
        throw new IllegalStateException("a film could not be evaluated", e.getCause());
      } catch (InterruptedException e) {
        cancelled = true;
        Thread.currentThread().interrupt();
      }
    }

    private void film(String video, List<EvalItem> questions, int allFilms) {
      try {
        if (textOnly) {
          ask(journal.open(Cell.TEXT_ONLY, questions));
        }
        Optional<Path> file = videos.find(video);
        for (Map.Entry<FrameSampling, List<Fitted>> group : groups.entrySet()) {
          watch(video, file, questions, group.getValue(), group.getKey());
        }
        if (!cancelled) {
          synchronized (this) {
            progress.accept(new Progress(++done, allFilms, journal.added()));
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private void ask(List<EvalItem> open) throws IOException {
      for (EvalItem item : open) {
        if (cancelled) {
          return;
        }
        journal.add(
            FilmPass.withoutFilm(item, prompting.of(item), opened, options(opened.model())));
      }
    }

    private void watch(
        String video,
        Optional<Path> file,
        List<EvalItem> questions,
        List<Fitted> group,
        FrameSampling sampling)
        throws IOException, InterruptedException {
      List<Fitted> open =
          group.stream()
              .filter(each -> !journal.open(each.cell().name(), questions).isEmpty())
              .toList();
      if (open.isEmpty() || cancelled) {
        return;
      }
      if (file.isEmpty()) {
        fail(open, questions, "missing", "there is no film " + video + " below the videos' folder");
        return;
      }
      int share = memoryOf(open, questions);
      memory.acquire(share);
      try {
        VideoSourceProvider films = providerOf(file.get().toUri());
        FilmPass pass =
            new FilmPass(
                file.get().toUri(),
                films,
                opened,
                new FilmEncoder(opened.encoder(), encoderLock),
                options(opened.model()),
                prompting,
                () -> cancelled);
        pass.run(open, sampling, resolved(questions, films, file.get().toUri()), journal);
      } catch (VideoException e) {
        fail(open, questions, "broken", String.valueOf(e.getMessage()));
      } finally {
        memory.release(share);
      }
    }

    /** Moments that were given as numbers of frames become times, by the film's own rate. */
    private List<EvalItem> resolved(
        List<EvalItem> questions, VideoSourceProvider films, URI location) {
      if (questions.stream().noneMatch(item -> item.askAtFrame().isPresent())) {
        return questions;
      }
      try (VideoSource source = films.open(VideoLocation.of(location))) {
        double rate = source.info().frameRate().orElse(0);
        if (rate <= 0) {
          throw new VideoException(
              location
                  + " does not tell its frame rate, in which its questions' moments are given");
        }
        return questions.stream()
            .map(
                item ->
                    item.askAtFrame().isEmpty()
                        ? item
                        : item.withAskAt(Json.duration(item.askAtFrame().getAsLong() / rate)))
            .toList();
      }
    }

    private void fail(List<Fitted> open, List<EvalItem> questions, String kind, String message)
        throws IOException {
      for (Fitted each : open) {
        for (EvalItem item : journal.open(each.cell().name(), questions)) {
          journal.add(new EvalAnswer(item.id(), each.cell().name()).error(kind, message));
        }
      }
    }

    /**
     * Mebibytes that the memories of a film take at most: what is being filled, what it becomes,
     * and what is kept of it at each breakpoint. A film that takes more than there is runs alone.
     */
    private int memoryOf(List<Fitted> open, List<EvalItem> questions) {
      long moments =
          questions.stream()
              .filter(item -> item.askAt().isPresent() || item.askAtFrame().isPresent())
              .count();
      long slots =
          open.stream().mapToLong(each -> Math.min(each.memory().maxSlots(), 1 << 20)).sum();
      long bytes = slots * opened.encoder().shape().bytes() * (2 + moments);
      return (int) Math.max(1, Math.min(allMemory, bytes / MEBIBYTE));
    }
  }

  private VideoSourceProvider providerOf(URI location) {
    if (provider != null) {
      return provider;
    }
    for (VideoSourceProvider each : ServiceLoader.load(VideoSourceProvider.class)) {
      if (each.accepts(VideoLocation.of(location))) {
        return each;
      }
    }
    throw new VideoException("no video source on the class path reads " + location);
  }

  /** Collects settings; {@link #build()} validates them. Not thread-safe. */
  public static final class Builder {
    private final Benchmark benchmark;
    private final Path annotations;
    private final Path out;
    private @Nullable Path videos;
    private @Nullable VisionLanguageModel model;
    private @Nullable Path replies;
    private @Nullable VideoSourceProvider provider;
    private List<String> grid = List.of();
    private String prompt = "short";
    private @Nullable GenerationOptions generation;
    private int parallel = 1;
    private long memoryBytes = Runtime.getRuntime().maxMemory() / 2;
    private int mostFilms = Integer.MAX_VALUE;
    private boolean textOnly = true;
    private boolean retry;
    private boolean seconds;

    private Builder(Benchmark benchmark, Path annotations, Path out) {
      this.benchmark = benchmark;
      this.annotations = annotations;
      this.out = out;
    }

    /** The folder of the films. Default: the annotations' own. */
    public Builder videos(Path value) {
      videos = value;
      return this;
    }

    /** The model that is asked. The run opens and closes it. */
    public Builder model(VisionLanguageModel value) {
      model = value;
      return this;
    }

    /** In place of a model: replies of another system, from its files. */
    public Builder replies(Path value) {
      replies = value;
      return this;
    }

    /** In place of the video sources on the class path. */
    Builder video(VideoSourceProvider value) {
      provider = value;
      return this;
    }

    /**
     * Ways of watching that are compared, as {@code key=value,value}: {@code strategy}, {@code
     * slots}, {@code sampling}, {@code recent}, {@code recall}, {@code prompt}. All combinations
     * are run; those that sample alike share one pass. Default: the model's own way.
     */
    public Builder grid(List<String> axes) {
      grid = List.copyOf(axes);
      return this;
    }

    /** {@code short} (default), {@code bare}, or a file with {question} in it. */
    public Builder prompt(String value) {
      prompt = value;
      return this;
    }

    /** How replies are generated. Default: the model's wish, of at most 64 tokens. */
    public Builder generation(GenerationOptions value) {
      generation = value;
      return this;
    }

    /** Films watched at the same time. Default 1. */
    public Builder parallelFilms(int value) {
      parallel = value;
      return this;
    }

    /** What the memories of the films that are watched may take. Default: half of the heap. */
    public Builder memoryBytes(long value) {
      memoryBytes = value;
      return this;
    }

    /** Only the first films. Default: all. */
    public Builder films(int most) {
      mostFilms = most;
      return this;
    }

    /** Leaves out the questions without film that show what the text alone gives away. */
    public Builder withoutTextOnly() {
      textOnly = false;
      return this;
    }

    /** Asks again what failed in an earlier run. */
    public Builder retryFailed() {
      retry = true;
      return this;
    }

    /** MovieChat-1K: the times are seconds, not numbers of frames. */
    public Builder timesInSeconds() {
      seconds = true;
      return this;
    }

    /**
     * The run; nothing is read yet.
     *
     * @throws IllegalArgumentException naming what does not fit
     * @throws IOException if the prompt's file cannot be read
     */
    public EvalRun build() throws IOException {
      if ((model == null) == (replies == null)) {
        throw new IllegalArgumentException("a run needs either a model or replies, not both");
      }
      if (parallel < 1 || parallel > 256) {
        throw new IllegalArgumentException("parallelFilms must be in [1, 256], was " + parallel);
      }
      if (mostFilms < 1) {
        throw new IllegalArgumentException("films must be at least 1, was " + mostFilms);
      }
      return new EvalRun(this);
    }
  }
}
