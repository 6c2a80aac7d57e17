package io.moviechat;

import static io.moviechat.internal.Checks.require;
import static io.moviechat.internal.Checks.requireOpen;

import com.google.errorprone.annotations.CheckReturnValue;
import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.internal.ResourceStack;
import io.moviechat.recall.SearchHit;
import io.moviechat.speech.Cues;
import io.moviechat.spi.MovieView;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A movie that was watched and can be asked, any number of times and by any number of threads.
 *
 * <p>{@link #ask(String)} is one question that stands for itself; {@link #conversation()} remembers
 * its turns; {@link #at(Duration)} asks about a moment. Closing ends all that runs.
 */
public final class Movie implements AutoCloseable {
  private final OpenedModel model;
  private final MovieMemory memory;
  private final Map<Duration, MemorySnapshot> breakpointSnapshots;
  private final Timings timings;
  private final long damagedFrames;
  private final long reusedFrames;
  private final VideoReader reader;
  private final Consumer<Movie> onClose;
  private final Sessions sessions;
  private final Questions questions;
  private final MovieView whole;
  private final Set<Conversation> conversations = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  Movie(
      OpenedModel model,
      MovieMemory memory,
      WatchPass.Watched watched,
      VideoReader reader,
      Consumer<Movie> onClose) {
    this.model = model;
    this.memory = memory;
    this.breakpointSnapshots = watched.breakpoints();
    this.timings = watched.timings();
    this.damagedFrames = watched.damagedFrames();
    this.reusedFrames = watched.reusedFrames();
    this.reader = reader;
    this.onClose = onClose;
    this.sessions = new Sessions(model.generator(), memory.video());
    this.questions = new Questions(model, sessions, timings);
    this.whole = MovieView.of(memory.snapshot()).with(reader).withCues(memory.cues());
  }

  /** Where the video was, without what may be secret in an address. */
  public String location() {
    return memory.video();
  }

  /** The time watched. */
  public Duration duration() {
    return memory.snapshot().end();
  }

  /** Frames that were damaged and left out. */
  public long damagedFrames() {
    return damagedFrames;
  }

  /**
   * Frames that were not encoded because they looked like the one before ({@link
   * WatchOptions#withReuse}); zero if the memory came from a file.
   */
  public long reusedFrames() {
    return reusedFrames;
  }

  /**
   * What the movie says, as far as it was heard: subtitles or recognized speech, whichever the pass
   * took ({@link WatchOptions#withSpeech}). {@link Cues#problem()} tells what ended listening
   * early.
   */
  public Cues cues() {
    return memory.cues();
  }

  /** Where the time of watching went; zero if the memory came from a file. */
  public Timings timings() {
    return timings;
  }

  /** What is remembered. */
  public MovieMemory memory() {
    return memory;
  }

  /**
   * Asks one question about the whole movie (global mode), which knows nothing of the questions
   * before it. Interrupting the thread ends the answer with {@link FinishReason#CANCELLED}.
   *
   * @throws IllegalArgumentException if the question is blank or does not fit the model's context
   * @throws InferenceException if the model failed; the movie stays usable
   * @throws IllegalStateException if the movie is closed
   */
  public Answer ask(String question) {
    return ask(Question.of(question), TokenListener.NONE);
  }

  /** Like {@link #ask(String)}, streamed: the listener hears each piece on the calling thread. */
  public Answer ask(String question, TokenListener listener) {
    return ask(Question.of(question), listener);
  }

  /** Like {@link #ask(String)} with options of its own, streamed. */
  public Answer ask(Question question, TokenListener listener) {
    return answer(question, listener, () -> false);
  }

  /** Like {@link #ask(Question, TokenListener)} on another thread. */
  public Asking start(Question question, TokenListener listener) {
    Objects.requireNonNull(question, "question");
    Objects.requireNonNull(listener, "listener");
    requireUsable();
    return questions.start(cancelled -> answer(question, listener, cancelled));
  }

  private Answer answer(Question question, TokenListener listener, BooleanSupplier cancelled) {
    requireUsable();
    return questions.fresh(whole, 0, question, listener, cancelled);
  }

  /**
   * Finds moments by what is said or shown there or what time it is, without the language model:
   * "red car", "in the last minute". What is shown needs a scorer ({@link
   * MovieChat.Builder#recall}), what is said needs {@link #cues()}.
   *
   * @param query a few words, or a question
   * @param most at least 1
   * @return at most so many cues and slots of the memory in one ranking, the most wanted first,
   *     each with its reason; none if nothing stands out
   * @throws IllegalArgumentException if the query is blank or {@code most} is below 1
   * @throws IllegalStateException if the chat has no scorer and the movie says nothing, if its
   *     scorer looks at embeddings that the movie was watched without, or if it is closed
   * @throws InferenceException if a scorer fails
   */
  public List<SearchHit> search(String query, int most) {
    requireUsable();
    return questions.search(whole, query, most);
  }

  /**
   * A new conversation about the whole movie, which remembers its turns. The movie closes it too.
   */
  @MustBeClosed
  public Conversation conversation() {
    return conversation(List.of());
  }

  /**
   * A conversation that goes on after earlier turns, for callers that keep them themselves: a
   * protocol whose every request brings them, say. The movie closes it too.
   *
   * @param earlier oldest first; copied
   */
  @MustBeClosed
  public Conversation conversation(List<Conversation.Turn> earlier) {
    return converse(whole, 0, earlier);
  }

  /**
   * A moment to ask about (breakpoint mode): what is remembered of the time before it, the frames
   * just before it, and the frame on screen. Decodes and encodes a window of the video if the video
   * is still at hand; its cost does not grow with the video's length. Needs no closing.
   *
   * @param moment from zero to the video's end; to {@link #duration()} if the video is not at hand
   * @throws IllegalArgumentException if the moment is outside the movie, or the video is not at
   *     hand and nothing is remembered of the time before it
   * @throws VideoException if the window cannot be decoded
   * @throws IllegalStateException if the movie is closed
   */
  @CheckReturnValue
  public Moment at(Duration moment) {
    requireUsable();
    requireWithin(moment);
    MemorySnapshot everything = memory.snapshot();
    @Nullable MemorySnapshot requested = breakpointSnapshots.get(moment);
    MemorySnapshot past = requested != null ? requested : everything.until(moment);
    boolean holdsFrameAtEnd = requested != null || past.framesSeen() == everything.framesSeen();
    MemorySnapshot present =
        new BreakpointMemory(reader, model).at(moment, past, holdsFrameAtEnd, everything);
    require(
        !present.slots().isEmpty(),
        "nothing is remembered of %s before %s, and the video itself is not at hand to look",
        location(),
        moment);
    int recent = present.slots().size() - past.slots().size();
    MovieView view =
        MovieView.of(present).with(reader).withCues(memory.cues().until(moment)).at(moment);
    return new Moment(this, questions, view, recent);
  }

  /** Sparse sampling stops short of the video's end, which can be asked about all the same. */
  private void requireWithin(Duration moment) {
    Duration watched = duration();
    if (moment.isNegative() || moment.compareTo(watched) > 0) {
      Duration end = reader.duration().filter(d -> d.compareTo(watched) > 0).orElse(watched);
      require(
          !moment.isNegative() && moment.compareTo(end) <= 0,
          "the breakpoint %s is outside of %s: choose one from PT0S to %s",
          moment,
          location(),
          end);
    }
  }

  Conversation converse(MovieView view, int recent, List<Conversation.Turn> earlier) {
    requireUsable();
    Conversation conversation =
        new Conversation(questions, sessions, view, recent, earlier, conversations::remove);
    conversations.add(conversation);
    if (closed) { // closed while it was being made
      conversation.close();
      requireUsable();
    }
    return conversation;
  }

  void requireUsable() {
    requireOpen(!closed, "Movie " + location());
    model.lease().requireOpen();
  }

  /**
   * Ends all answers and conversations, waits for them, and frees what the movie holds. Closing
   * twice is fine.
   *
   * @throws IllegalStateException if called by a listener of a running answer
   */
  @Override
  public void close() {
    if (sessions.isUsedByThisThread()) {
      throw new IllegalStateException(
          "a listener cannot close the movie whose answer it hears; cancel the answer instead");
    }
    closed = true;
    sessions.refuse();
    try (ResourceStack open = new ResourceStack()) { // closes the last one first
      open.push(() -> onClose.accept(this));
      open.push(sessions);
      List.copyOf(conversations).forEach(open::push);
      open.push(reader);
    }
  }

  @Override
  public String toString() {
    return "Movie[" + location() + ", " + memory.snapshot().slots().size() + " slots]";
  }

  /**
   * Where the time of watching went. The stages overlap, so their busy times add up to more than
   * the wall time. Immutable.
   */
  public static final class Timings {
    /** All zero: nothing was watched in this process. */
    public static final Timings NONE =
        new Timings(Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO);

    private final Duration wall;
    private final Duration decode;
    private final Duration encode;
    private final Duration memory;

    private Timings(Duration wall, Duration decode, Duration encode, Duration memory) {
      this.wall = Objects.requireNonNull(wall, "wall");
      this.decode = Objects.requireNonNull(decode, "decode");
      this.encode = Objects.requireNonNull(encode, "encode");
      this.memory = Objects.requireNonNull(memory, "memory");
    }

    /**
     * Timings as they were measured.
     *
     * @param wall from start to end
     * @param decode busy time of opening, demuxing, decoding and scaling
     * @param encode busy time of the frame encoder
     * @param memory busy time of consolidation
     */
    public static Timings of(Duration wall, Duration decode, Duration encode, Duration memory) {
      return new Timings(wall, decode, encode, memory);
    }

    /** From start to end. */
    public Duration wall() {
      return wall;
    }

    /** Busy time of opening, demuxing, decoding and scaling. */
    public Duration decode() {
      return decode;
    }

    /** Busy time of the frame encoder. */
    public Duration encode() {
      return encode;
    }

    /** Busy time of consolidation. */
    public Duration memory() {
      return memory;
    }

    @Override
    public String toString() {
      return "Timings[wall %s, decode %s, encode %s, memory %s]"
          .formatted(wall, decode, encode, memory);
    }
  }
}
