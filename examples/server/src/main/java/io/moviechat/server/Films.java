package io.moviechat.server;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import com.google.common.util.concurrent.ThreadFactoryBuilder;
import com.google.common.util.concurrent.UncheckedExecutionException;
import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.Answer;
import io.moviechat.Asking;
import io.moviechat.Conversation;
import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.GenerationOptions;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.Question;
import io.moviechat.VideoException;
import io.moviechat.VideoInfo;
import io.moviechat.VideoLocation;
import io.moviechat.internal.ResourceStack;
import io.moviechat.library.Film;
import io.moviechat.library.MovieLibrary;
import io.moviechat.recall.SearchHit;
import io.moviechat.speech.Cue;
import io.moviechat.spi.VideoMemoryProvider;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import io.moviechat.video.FrameImages;
import io.moviechat.video.Storyboard;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.ServiceLoader;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What both commands do: films are opened, watched, asked and shown. Thread-safe. Owns the chat and
 * the library.
 */
final class Films implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Films.class);
  private static final String SMALL_MODEL = "moviechat-tiny";
  private static final int PICTURE_SIDE = 320;
  private static final int MAX_PICTURES = 1_000;
  private static final int OVERVIEW_SLOTS = 120;
  private static final int MAX_ASKS = 32;

  /** Streamed answers at a time of a model that answers in turns: more would only come slower. */
  static final int STREAMS = Math.max(2, Runtime.getRuntime().availableProcessors() / 2);

  /** The same of one that answers several questions in one run. */
  static final int BATCHED_STREAMS = 8;

  private static final int MOST_SAID = 100;

  private final MovieChat chat;
  private final ResourceStack resources;
  private final MovieLibrary library;
  private final Folders folders;
  private final Path home;
  private final Semaphore decoders = new Semaphore(2, true);
  private final Semaphore asking = new Semaphore(MAX_ASKS);
  private final ExecutorService answers;
  private final Cache<String, byte[]> pictures =
      CacheBuilder.newBuilder().maximumSize(MAX_PICTURES).build();
  private final Cache<String, List<Map<String, Object>>> watchedSlots =
      CacheBuilder.newBuilder().expireAfterWrite(Duration.ofSeconds(1)).build();

  /**
   * Opens the films of a folder.
   *
   * @param chat lives as long as this does
   * @param opened the chat and what it uses: owned from now on
   * @param home where memories and uploads lie
   * @param streams streamed answers at a time
   */
  Films(
      MovieChat chat,
      Path home,
      Folders folders,
      long maxMemoryBytes,
      int streams,
      ResourceStack opened) {
    this.answers =
        Executors.newFixedThreadPool(
            streams,
            new ThreadFactoryBuilder()
                .setNameFormat("moviechat-answer-%d")
                .setDaemon(true)
                .build());
    this.chat = chat;
    this.home = home;
    this.folders = folders;
    this.library =
        opened.open(
            MovieLibrary.builder(chat, home.resolve("memories")).maxBytes(maxMemoryBytes)::build);
    this.resources = opened.release();
  }

  /** What people and agents should know of the model before they believe it; mostly nothing. */
  Optional<String> warning() {
    return chat.model().startsWith(SMALL_MODEL)
        ? Optional.of(
            "This is the small model that comes along. It knows a drawn world of its own and"
                + " nothing else: what it says of real films means nothing. Start with --model DIR"
                + " for those.")
        : Optional.empty();
  }

  MovieChat chat() {
    return chat;
  }

  MovieLibrary library() {
    return library;
  }

  Folders folders() {
    return folders;
  }

  Path home() {
    return home;
  }

  /** Films that the last run could not finish are gone on with. */
  void resumeInterrupted() {
    for (Film film : library.films()) {
      if (film.state() == Film.State.INTERRUPTED) {
        library.resume(film);
      }
    }
  }

  /**
   * Has a file below the allowed folders watched.
   *
   * @throws Refusal if it may not be read, is no video, or too many wait
   */
  Film open(String path, Optional<Duration> every, OptionalInt slots) {
    return watch(folders.file(path), every, slots);
  }

  /** Has a file watched that is known to be allowed, as the model would. */
  Film watch(Path file) {
    return watch(file, Optional.empty(), OptionalInt.empty());
  }

  private Film watch(Path file, Optional<Duration> every, OptionalInt slots) {
    URI video = file.toUri();
    info(video); // refuses what is no video before it waits in the queue
    try {
      return library.watch(video, every, slots);
    } catch (IllegalStateException e) {
      throw new Refusal(Refusal.TOO_MANY, String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * The film with a handle.
   *
   * @throws Refusal if there is none; it names some that there are
   */
  Film film(String handle) {
    return library
        .film(handle)
        .orElseThrow(
            () ->
                new Refusal(
                    Refusal.NOT_FOUND,
                    "there is no film "
                        + handle
                        + "; there are "
                        + library.films().stream()
                            .limit(10)
                            .map(film -> film.id() + " (" + film.title() + ")")
                            .toList()));
  }

  long forget(Film film) {
    long freed = library.forget(film);
    if ("file".equals(film.video().getScheme())) {
      Path video = Path.of(film.video());
      boolean ours = video.startsWith(uploads());
      boolean shared =
          library.films().stream().anyMatch(other -> other.video().equals(film.video()));
      if (ours && !shared) {
        try {
          freed += Files.exists(video) ? Files.size(video) : 0;
          Files.deleteIfExists(video);
        } catch (IOException e) {
          log.warn("{} cannot be deleted", video, e);
        }
      }
    }
    return freed;
  }

  Path uploads() {
    return home.resolve("uploads");
  }

  // ---- Asking ----

  /**
   * A question to a film.
   *
   * @param earlier turns before it, oldest first; as many are used as the model's context holds
   * @param moment empty: the whole film
   * @param options empty: the model's own
   */
  record Ask(
      Film film,
      String question,
      List<Conversation.Turn> earlier,
      Optional<Duration> moment,
      Optional<GenerationOptions> options) {
    Ask {
      if (question.isBlank()) {
        throw new IllegalArgumentException("the question is empty");
      }
      earlier = List.copyOf(earlier);
    }

    /** A question with nothing before it. */
    static Ask of(Film film, String question, Optional<Duration> moment) {
      return new Ask(film, question, List.of(), moment, Optional.empty());
    }

    @MustBeClosed
    private Conversation conversation(Movie movie) {
      return moment.isPresent()
          ? movie.at(moment.get()).conversation(earlier)
          : movie.conversation(earlier);
    }
  }

  /** One answer, and how much of the film it could know. */
  record Reply(Answer answer, Duration watchedTo, boolean watchedWhole) {}

  /** What an asker hears while it waits, and how it gives up. */
  interface Listener {
    void text(String piece);

    boolean gone();
  }

  /**
   * Answers a question on the calling thread.
   *
   * @throws Refusal if the film has nothing to answer from
   */
  Reply ask(Ask ask, Listener listener) {
    boolean whole = ask.film.state() == Film.State.READY;
    return bounded(
        () ->
            ask.film.with(
                movie -> new Reply(answer(movie, ask, listener), movie.duration(), whole)));
  }

  private <T> T bounded(Supplier<T> work) {
    if (!asking.tryAcquire()) {
      throw new Refusal(
          Refusal.TOO_MANY, MAX_ASKS + " questions are being answered; ask again in a moment");
    }
    try {
      return work.get();
    } finally {
      asking.release();
    }
  }

  private static Answer answer(Movie movie, Ask ask, Listener listener) {
    Question question = Question.of(ask.question);
    try (Conversation conversation = ask.conversation(movie)) {
      return answer(
          conversation.start(ask.options.map(question::with).orElse(question), listener::text),
          listener);
    }
  }

  private static Answer answer(Asking asking, Listener listener) {
    while (!asking.isDone()) {
      if (listener.gone()) {
        asking.cancel();
        break;
      }
      try {
        Thread.sleep(20);
      } catch (InterruptedException e) {
        asking.cancel();
        Thread.currentThread().interrupt();
        break;
      }
    }
    return asking.join();
  }

  /**
   * The moments of a film that a few words describe, the best first. Slots side by side are one
   * moment: a scene is found once.
   *
   * @throws Refusal if the model has nothing to search with, or nothing has been seen yet
   */
  List<Map<String, Object>> search(Film film, String query, int most) {
    boolean whole = film.state() == Film.State.READY;
    try {
      return bounded(() -> film.with(movie -> moments(movie, query)))
          .limit(most)
          .map(Films::json)
          .toList();
    } catch (IllegalStateException e) {
      if (!whole) {
        throw e;
      }
      throw new Refusal(
          Refusal.CONFLICT,
          "nothing can be found here: the model "
              + chat.model()
              + " has no scorer, and nothing is"
              + " said in the film",
          e);
    }
  }

  /** What was found from one moment to another, and the best of it. */
  private record Found(Duration start, Duration end, SearchHit best) {
    Found(SearchHit hit) {
      this(hit.start(), hit.end(), hit);
    }

    Found and(Found next) {
      return new Found(start, next.end, best.score() >= next.best.score() ? best : next.best);
    }
  }

  private static Stream<Found> moments(Movie movie, String query) {
    List<MemorySlot> slots = movie.memory().snapshot().slots();
    List<Found> moments = new ArrayList<>();
    Map<Duration, SearchHit> seen = new HashMap<>();
    for (SearchHit hit : movie.search(query, slots.size() + MOST_SAID)) {
      if (hit.cues().isEmpty()) {
        seen.put(hit.start(), hit);
      } else {
        moments.add(new Found(hit));
      }
    }
    boolean goesOn = false;
    for (MemorySlot slot : slots) {
      SearchHit hit = seen.get(slot.start());
      if (hit != null) {
        Found here = new Found(hit);
        moments.add(goesOn ? moments.remove(moments.size() - 1).and(here) : here);
      }
      goesOn = hit != null;
    }
    return moments.stream()
        .sorted(Comparator.comparingDouble((Found moment) -> -moment.best.score()));
  }

  private static Map<String, Object> json(Found moment) {
    SearchHit best = moment.best;
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("start", Times.seconds(moment.start));
    json.put("end", Times.seconds(moment.end));
    json.put("from", Times.clock(moment.start));
    json.put("to", Times.clock(moment.end));
    json.put("best", Times.seconds(best.cues().isEmpty() ? best.start() : best.representative()));
    json.put("picture", best.representative().toMillis());
    json.put("score", thousandths(best.score()));
    json.put("reason", best.reason());
    json.put("cues", cues(best.cues()));
    return json;
  }

  private static double thousandths(double value) {
    return Math.round(value * 1000) / 1000.0;
  }

  /** What is said, as JSON. */
  static List<Map<String, Object>> cues(List<Cue> cues) {
    return cues.stream()
        .map(
            cue ->
                Map.<String, Object>of(
                    "start", Times.seconds(cue.start()),
                    "end", Times.seconds(cue.end()),
                    "text", cue.text(),
                    "origin", cue.origin().name().toLowerCase(Locale.ROOT)))
        .toList();
  }

  /** Where answers of streams are made. */
  ExecutorService answers() {
    return answers;
  }

  // ---- Showing ----

  /** A film as JSON. */
  Map<String, Object> json(Film film) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("handle", film.id());
    json.put("title", film.title());
    json.put("state", film.state().name().toLowerCase(Locale.ROOT));
    json.put("watchedTo", Times.seconds(film.watchedTo()));
    film.duration().ifPresent(length -> json.put("duration", Times.seconds(length)));
    json.put("frames", film.frames());
    json.put("bytes", film.bytes());
    json.put("added", film.added().toString());
    if (film.state() == Film.State.WAITING) {
      json.put("waitingBefore", library.waitingBefore(film));
    }
    if (film.state() == Film.State.WATCHING) {
      json.put("speed", Math.round(film.speed() * 10) / 10.0);
    }
    film.failure().ifPresent(why -> json.put("error", Refusal.of(why).getMessage()));
    return json;
  }

  /**
   * The slots of a film's memory; empty while nothing has been seen. While it is being watched they
   * are at most a second old, and made once for however many listen.
   */
  List<Map<String, Object>> slots(Film film) {
    if (film.state() != Film.State.WATCHING) {
      return slotsNow(film);
    }
    try {
      return watchedSlots.get(film.id(), () -> slotsNow(film));
    } catch (ExecutionException | UncheckedExecutionException e) {
      throw Refusal.of(e.getCause() == null ? e : e.getCause());
    }
  }

  private List<Map<String, Object>> slotsNow(Film film) {
    return snapshot(film).map(Films::slots).orElse(List.of());
  }

  private static List<Map<String, Object>> slots(MemorySnapshot memory) {
    List<Map<String, Object>> slots = new ArrayList<>();
    for (MemorySlot slot : memory.slots()) {
      Map<String, Object> json = new LinkedHashMap<>();
      json.put("start", Times.seconds(slot.start()));
      json.put("end", Times.seconds(slot.end()));
      json.put("frames", slot.frames());
      json.put("tier", slot.tier().name().toLowerCase(Locale.ROOT));
      json.put("picture", slot.representative().toMillis());
      slots.add(json);
    }
    return slots;
  }

  /** What a film remembers as it is now. */
  Optional<MemorySnapshot> snapshot(Film film) {
    try {
      return Optional.of(film.with(movie -> movie.memory().snapshot()));
    } catch (IllegalStateException e) {
      return Optional.empty();
    }
  }

  static List<Map<String, Object>> evidence(Answer answer) {
    List<Map<String, Object>> spans = new ArrayList<>();
    for (Answer.Evidence slot : answer.evidence()) {
      Map<String, Object> json = new LinkedHashMap<>();
      json.put("start", Times.seconds(slot.start()));
      json.put("end", Times.seconds(slot.end()));
      json.put("frames", slot.frames());
      json.put("from", Times.clock(slot.start()));
      json.put("to", Times.clock(slot.end()));
      if (slot.reason().isPresent()) {
        json.put("relevance", thousandths(slot.relevance()));
        json.put("reason", slot.reason().get());
      }
      spans.add(json);
    }
    return spans;
  }

  /**
   * The picture at a moment as JPEG of at most 320 pixels a side.
   *
   * @throws Refusal if the video is gone
   */
  byte[] picture(Film film, Duration moment) {
    String key = film.id() + "@" + moment.toMillis();
    byte[] known = pictures.getIfPresent(key);
    if (known != null) {
      return known;
    }
    FrameFormat format =
        FrameFormat.inside(PICTURE_SIDE, PICTURE_SIDE, FrameFormat.Resampling.BICUBIC);
    byte[] made =
        decoding(
            film,
            source -> {
              try (Frame frame = source.frameAt(moment, format)) {
                return FrameImages.encoded(FrameImages.image(frame), FrameImages.Type.JPEG);
              }
            });
    pictures.put(key, made);
    return made;
  }

  /**
   * The storyboard as PNG.
   *
   * @param maxWidth of the picture in pixels
   * @throws Refusal if nothing is remembered yet or the video is gone
   */
  byte[] storyboard(Film film, int maxWidth) {
    MemorySnapshot memory = overview(film);
    String key = film.id() + "#" + memory.framesSeen() + "#" + maxWidth;
    byte[] known = pictures.getIfPresent(key);
    if (known != null) {
      return known;
    }
    byte[] made =
        decoding(
            film,
            source ->
                FrameImages.encoded(
                    shrunk(Storyboard.of(memory, source).title(film.title()).draw(), maxWidth),
                    FrameImages.Type.PNG));
    pictures.put(key, made);
    return made;
  }

  /**
   * What a film remembers in as many slots as one picture shows well: more are consolidated, as
   * they are for a prompt.
   *
   * @throws Refusal if nothing is remembered yet
   */
  MemorySnapshot overview(Film film) {
    MemorySnapshot memory =
        snapshot(film)
            .filter(some -> !some.slots().isEmpty())
            .orElseThrow(
                () -> new Refusal(Refusal.CONFLICT, "nothing of " + film + " is remembered yet"));
    int slots = memory.slots().size();
    return slots <= OVERVIEW_SLOTS
        ? memory
        : ServiceLoader.load(VideoMemoryProvider.class)
            .findFirst()
            .orElseThrow()
            .recall(memory, new float[slots], OVERVIEW_SLOTS);
  }

  private interface Decoding {
    byte[] from(VideoSource source) throws IOException;
  }

  private byte[] decoding(Film film, Decoding work) {
    decoders.acquireUninterruptibly();
    try (VideoSource source = source(film.video())) {
      return work.from(source);
    } catch (IOException e) {
      throw new Refusal(500, "the picture cannot be made: " + e.getMessage(), e);
    } finally {
      decoders.release();
    }
  }

  /**
   * What the container says.
   *
   * @throws Refusal if it is no video
   */
  static VideoInfo info(URI video) {
    try (VideoSource source = source(video)) {
      return source.info();
    } catch (VideoException e) {
      throw new Refusal(Refusal.NOT_A_VIDEO, String.valueOf(e.getMessage()), e);
    }
  }

  private static VideoSource source(URI address) {
    VideoLocation video = VideoLocation.of(address);
    for (VideoSourceProvider provider : ServiceLoader.load(VideoSourceProvider.class)) {
      if (provider.accepts(video)) {
        return provider.open(video);
      }
    }
    throw new VideoException("no video source of this build knows " + video);
  }

  private static BufferedImage shrunk(BufferedImage image, int maxWidth) {
    if (image.getWidth() <= maxWidth) {
      return image;
    }
    int height = Math.max(1, (int) ((long) image.getHeight() * maxWidth / image.getWidth()));
    BufferedImage small = new BufferedImage(maxWidth, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = small.createGraphics();
    graphics.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
    graphics.drawImage(image, 0, 0, maxWidth, height, null);
    graphics.dispose();
    return small;
  }

  /** Ends what runs, keeps what was seen, closes library and chat. */
  @Override
  public void close() {
    answers.shutdownNow();
    resources.close();
  }
}
