package io.moviechat;

import static io.moviechat.Checks.require;
import static io.moviechat.Checks.requireOpen;

import io.moviechat.spi.MovieView;
import io.moviechat.spi.SavedMemory;
import io.moviechat.spi.TokenListener;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A movie that was watched and can be asked. Thread-safe.
 *
 * <p>{@link #ask(String)} goes on in one conversation about the whole movie; {@link
 * #conversation()} starts another. Closing ends all conversations.
 */
public final class Movie implements AutoCloseable {
  private final MovieChat chat;
  private final SavedMemory memory;
  private final Map<Duration, MemorySnapshot> breakpointSnapshots;
  private final WatchTimings timings;
  private final long damagedFrames;
  private final VideoReader reader;
  private final Consumer<Movie> onClose;
  private final Set<Conversation> conversations = ConcurrentHashMap.newKeySet();
  private @Nullable Conversation mainConversation;
  private volatile boolean closed;

  Movie(
      MovieChat chat,
      SavedMemory memory,
      Map<Duration, MemorySnapshot> breakpointSnapshots,
      WatchTimings timings,
      long damagedFrames,
      VideoReader reader,
      Consumer<Movie> onClose) {
    this.chat = chat;
    this.memory = memory;
    this.breakpointSnapshots = Map.copyOf(breakpointSnapshots);
    this.timings = timings;
    this.damagedFrames = damagedFrames;
    this.reader = reader;
    this.onClose = onClose;
  }

  /** Where the video was. */
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

  /** Where the time of watching went; zero if the memory came from a file. */
  public WatchTimings timings() {
    return timings;
  }

  /** What is remembered. */
  public MovieMemory memory() {
    return new MovieMemory(memory);
  }

  /**
   * Asks about the whole movie (global mode), going on in the movie's main conversation.
   *
   * @throws IllegalArgumentException if the question is blank or does not fit the model's context
   * @throws InferenceException if the model failed; the movie stays usable
   */
  public Answer ask(String question) {
    return main().ask(question);
  }

  /** Like {@link #ask(String)}, streamed: the listener hears each piece on the calling thread. */
  public Answer ask(String question, TokenListener listener) {
    return main().ask(question, listener);
  }

  /** Like {@link #ask(String)} with options of its own, streamed. */
  public Answer ask(Question question, TokenListener listener) {
    return main().ask(question, listener);
  }

  /** Like {@link #ask(Question, TokenListener)} on another thread. */
  public Asking start(Question question, TokenListener listener) {
    return main().start(question, listener);
  }

  /** A new conversation about the whole movie, without the turns of any other. */
  public Conversation conversation() {
    return open(new MovieView(memory.snapshot(), Optional.empty(), reader));
  }

  /**
   * A new conversation about a moment (breakpoint mode): what is remembered of the time before it,
   * the frames just before it, and the frame on screen. Decodes a window of the video if the video
   * is still at hand; its cost does not grow with the video's length.
   *
   * @param moment from zero to the video's end; to {@link #duration()} if the video is not at hand
   * @throws IllegalArgumentException if the moment is outside the movie, or the video is not at
   *     hand and nothing is remembered of the time before it
   * @throws VideoException if the window cannot be decoded
   */
  public Conversation at(Duration moment) {
    requireUsable();
    requireWithin(moment);
    MemorySnapshot whole = memory.snapshot();
    @Nullable MemorySnapshot requested = breakpointSnapshots.get(moment);
    MemorySnapshot past = requested != null ? requested : whole.until(moment);
    boolean holdsFrameAtEnd = requested != null || past.framesSeen() == whole.framesSeen();
    MemorySnapshot present;
    chat.beginUse();
    try {
      present =
          new BreakpointMemory(reader, chat.encoder(), chat.breakpointFrames())
              .at(moment, past, holdsFrameAtEnd, whole);
    } finally {
      chat.endUse();
    }
    require(
        !present.slots().isEmpty(),
        "nothing is remembered of %s before %s, and the video itself is not at hand to look",
        location(),
        moment);
    return open(new MovieView(present, Optional.of(moment), reader));
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

  private synchronized Conversation main() {
    if (mainConversation == null) {
      mainConversation = conversation();
    }
    return mainConversation;
  }

  private Conversation open(MovieView view) {
    requireUsable();
    Conversation conversation = new Conversation(chat, view, timings, conversations::remove);
    conversations.add(conversation);
    if (closed) { // closed while it was being made
      conversation.close();
      requireUsable();
    }
    return conversation;
  }

  private void requireUsable() {
    requireOpen(!closed, "Movie " + location());
  }

  /** Ends all conversations and frees what the movie holds. Closing twice is fine. */
  @Override
  public void close() {
    closed = true;
    List.copyOf(conversations).forEach(Conversation::close);
    reader.close();
    onClose.accept(this);
  }

  @Override
  public String toString() {
    return "Movie[" + location() + ", " + memory.snapshot().slots().size() + " slots]";
  }
}
