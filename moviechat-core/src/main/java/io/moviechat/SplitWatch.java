package io.moviechat;

import static io.moviechat.internal.Checks.require;

import com.google.common.hash.Hashing;
import com.google.common.math.IntMath;
import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.internal.Samplings;
import io.moviechat.internal.VideoFingerprint;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoSource;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One film, watched in parts by several machines and joined.
 *
 * <pre>{@code
 * SplitWatch split = SplitWatch.plan(chat, Path.of("movie.mp4"), 8);  // the same on every machine
 * split.watchSegment(3, Path.of("part-3"));                           // each on any machine
 * Movie movie = split.join(files);                                    // all files, in any order
 * }</pre>
 *
 * <p>{@link #plan} gives, to the bit, the memory of one pass, for strategies that carry nothing
 * from one window to the next and machines that calculate alike; {@link #planBounded} takes any
 * strategy and joins what the parts remember. docs/scale-out.md says what holds for which.
 *
 * <p>Parts are of pictures: the joined movie has no cues, whatever the chat listens with.
 *
 * <p>Immutable and thread-safe. Borrows its chat, which must stay open.
 */
public final class SplitWatch {
  private final MovieChat chat;
  private final VideoLocation video;
  private final VideoMemory.Parts strategy;
  private final FrameSampling sampling;
  private final Optional<String> fingerprint;

  /** The times of all frames of the pass. */
  private final long[] times;

  /** Those of the frames that are watched. */
  private final long[] watched;

  /** Where parts begin in {@link #watched}, and its length. */
  private final int[] cuts;

  private final String label;

  private SplitWatch(
      MovieChat chat, VideoLocation video, VideoMemory.Parts strategy, String kind, int parts) {
    this.chat = chat;
    this.video = video;
    this.strategy = strategy;
    this.sampling = chat.sampling();
    this.fingerprint = video.path().flatMap(VideoFingerprint::of);
    this.times = times();
    this.watched =
        strategy
            .survivors(times)
            .map(kept -> Arrays.stream(kept).mapToLong(index -> times[index]).toArray())
            .orElse(times);
    this.cuts = cuts(parts);
    this.label = label(kind);
  }

  /**
   * Plans parts that join to what one pass gives. Reads the video's packets, and decodes nothing.
   *
   * @param chat with the model, the memory strategy and the sampling
   * @param parts about how many, at least 1; a short film has fewer
   * @throws IllegalArgumentException if the strategy carries state from window to window, or the
   *     times of the frames cannot be told without decoding (a sampling that looks at pictures, a
   *     container without an index); the message says which
   * @throws VideoException if the video cannot be read
   */
  public static SplitWatch plan(MovieChat chat, Path video, int parts) {
    return plan(chat, VideoLocation.of(video), parts);
  }

  /** Like {@link #plan(MovieChat, Path, int)}, for a video at any address. */
  public static SplitWatch plan(MovieChat chat, URI video, int parts) {
    return plan(chat, VideoLocation.of(video), parts);
  }

  private static SplitWatch plan(MovieChat chat, VideoLocation video, int parts) {
    return new SplitWatch(chat, video, chat.memoryFactory().inParts(), "exact", parts);
  }

  /**
   * Plans parts that are remembered each by the strategy itself, whichever it is, and joined by
   * merging the most similar adjacent slots until they are no more than the strategy's.
   *
   * <p>Not what one pass gives: which neighbours merge depends on where the parts begin. What
   * holds: slots lie side by side in order of time, frames add up, and a slot of merged frames is
   * their mean.
   *
   * @throws IllegalArgumentException like {@link #plan(MovieChat, Path, int)}, but for no strategy
   *     of moviechat-memory
   */
  public static SplitWatch planBounded(MovieChat chat, Path video, int parts) {
    return new SplitWatch(
        chat, VideoLocation.of(video), chat.memoryFactory().inBoundedParts(), "bounded", parts);
  }

  /** How many parts there are, at least 1. */
  public int parts() {
    return cuts.length - 1;
  }

  /** Frames that are decoded and encoded, in all parts together. */
  public int framesWatched() {
    return watched.length;
  }

  /** Frames that one pass over all of them has. */
  public int frames() {
    return times.length;
  }

  /**
   * Watches one part, and waits for it.
   *
   * @param part from 0 to {@link #parts()} - 1
   * @param file where what it leaves is written, for {@link #join}; replaced as a whole
   * @throws VideoException if the video cannot be read, or has other frames than its index tells
   * @throws MemoryFileException if the file cannot be written
   */
  public void watchSegment(int part, Path file) {
    require(part >= 0 && part < parts(), "part %d of %d: parts count from 0", part, parts());
    long[] mine = Arrays.copyOfRange(watched, cuts[part], cuts[part + 1]);
    List<Duration> moments = Arrays.stream(mine).mapToObj(Duration::ofNanos).toList();
    try (VideoMemory memory = strategy.openPart(chat.tokenShape(), mine.length)) {
      Expecting frames = new Expecting(memory, mine, video);
      chat.movies().watch(video, frames, moments);
      frames.requireAll();
      strategy.savePart(memory, part + 1 == parts(), label + " " + part, file);
    }
  }

  /**
   * Joins the parts.
   *
   * @param files of all parts, in any order
   * @return the movie; the caller closes it
   * @throws IllegalArgumentException if a part is missing, there twice, or of another plan: another
   *     video, model, strategy, sampling or number of parts
   * @throws MemoryFileException if a file cannot be read
   */
  @MustBeClosed
  public Movie join(List<Path> files) {
    @Nullable Path[] ordered = new Path[parts()];
    for (Path file : files) {
      String[] found = strategy.labelOf(file).split(" ", 2);
      require(
          found.length == 2 && found[0].equals(label),
          "%s is no part of this plan: the video, model, memory, sampling and number of parts must"
              + " be the same on all machines",
          file);
      int part = Integer.parseInt(found[1]);
      require(ordered[part] == null, "%s and %s are both part %d", ordered[part], file, part);
      ordered[part] = file;
    }
    List<Path> parts = new ArrayList<>();
    for (int part = 0; part < ordered.length; part++) {
      @Nullable Path file = ordered[part];
      if (file == null) {
        throw new IllegalArgumentException(
            String.format("part %d of %d is missing", part, ordered.length));
      }
      parts.add(file);
    }
    Duration end = Duration.ofNanos(times[times.length - 1]);
    try (VideoMemory memory = strategy.join(chat.tokenShape(), parts, times.length, end)) {
      return chat.movies().joined(memory.snapshot(), video, fingerprint);
    }
  }

  private long[] times() {
    try (VideoSource source = chat.movies().source(video)) {
      Optional<long[]> told = Samplings.times(source, sampling);
      require(
          told.isPresent() && told.get().length > 0,
          "which frames %s has cannot be told without decoding it (%s): watch it as a whole",
          video,
          sampling);
      return told.get();
    }
  }

  /** Evenly, on multiples of window and batch, the last part long enough. */
  private int[] cuts(int parts) {
    require(parts >= 1, "a film has at least 1 part, was %d", parts);
    long grid = lcm(strategy.window(), chat.movies().model().encoder().preferredBatch());
    TreeSet<Integer> cuts = new TreeSet<>();
    cuts.add(0);
    for (int i = 1; i < parts; i++) {
      long cut = Math.round((double) watched.length * i / parts / grid) * grid;
      if (cut > 0 && cut <= watched.length - strategy.leastLast()) {
        cuts.add((int) cut);
      }
    }
    cuts.add(watched.length);
    return cuts.stream().mapToInt(Integer::intValue).toArray();
  }

  private static long lcm(int a, int b) {
    return (long) a / IntMath.gcd(a, b) * b;
  }

  /** What must be the same on all machines. */
  private String label(String kind) {
    String plan =
        String.join(
            "\n",
            fingerprint.orElse(video.toString()),
            chat.movies().model().encoder().id(),
            chat.movies().model().embedder().map(SharedEncoder::id).orElse("no embeddings"),
            chat.memoryFactory().strategy(),
            chat.memoryFactory().settings(),
            sampling.toString(),
            kind,
            Arrays.toString(cuts),
            String.valueOf(times.length));
    return Hashing.sha256().hashString(plan, StandardCharsets.UTF_8).toString();
  }

  /** A memory that takes the planned frames and no others. */
  private static final class Expecting implements VideoMemory {
    private final VideoMemory memory;
    private final long[] planned;
    private final VideoLocation video;
    private int next;

    Expecting(VideoMemory memory, long[] planned, VideoLocation video) {
      this.memory = memory;
      this.planned = planned;
      this.video = video;
    }

    @Override
    public TokenShape shape() {
      return memory.shape();
    }

    @Override
    public void add(FrameTokens frame) {
      if (next == planned.length || frame.timestamp().toNanos() != planned[next]) {
        throw other("a frame at " + frame.timestamp());
      }
      memory.add(frame);
      next++;
    }

    void requireAll() {
      if (next < planned.length) {
        throw other("no frame");
      }
    }

    private VideoException other(String found) {
      return new VideoException(
          String.format(
              "%s has %s where its index tells %s: it is damaged or its index is wrong; watch it as"
                  + " a whole",
              video,
              found,
              next == planned.length ? "none" : "one at " + Duration.ofNanos(planned[next])));
    }

    /** Nothing: what the memory holds goes to a file, not to a movie. */
    @Override
    public MemorySnapshot snapshot() {
      return MemorySnapshot.empty(memory.shape());
    }

    @Override
    public Stats stats() {
      return memory.stats();
    }

    @Override
    public void reset() {
      memory.reset();
      next = 0;
    }

    /** Left open for the part to be saved; its owner closes it. */
    @Override
    public void close() {}
  }
}
