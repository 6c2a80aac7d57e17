package io.moviechat.memory;

import static io.moviechat.internal.Checks.require;

import io.moviechat.MemoryBudget;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.VideoMemory;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The strategies of this module: MovieChat's memory in its variants, plain baselines, and ideas of
 * newer systems in our own words. docs/memory.md says when to use which.
 *
 * <pre>{@code
 * VideoMemory.Factory strategy = MemoryStrategies.moviechat().longTermSlots(64).build();
 * }</pre>
 *
 * <p>All slots together, short-term ones included, are never more than asked for. Where no number
 * is given a budget may lower the default; a number that was given and does not fit is refused.
 *
 * <p>What is returned is immutable and thread-safe; the memories that it opens take one call at a
 * time.
 */
public final class MemoryStrategies {
  static final String UNIFORM = "uniform";
  static final String RECENT = "recent";
  static final String RESERVOIR = "reservoir";
  static final String BANK = "memory-bank";
  static final String CLUSTERS = "clusters";
  static final String EVENTS = "events";
  static final String HYBRID = "hybrid";

  /** Slots unless asked for others: as many as MovieChat's long-term memory has. */
  static final int DEFAULT_SLOTS = 256;

  private static final int RECENT_SHARE = 4;
  private static final int HYBRID_GROUP = 16;
  private static final int HYBRID_TARGET = 2;
  private static final int LARGEST_RECENT = 32;

  private MemoryStrategies() {}

  /**
   * The paper's algorithm, name {@code moviechat}: mean cosine of matching tokens (equation 3),
   * averages weighted by frames, short-term memory starts again with the merged slots. By default
   * 18 short-term frames become 2 slots, and long-term memory has 256. Song et al., "MovieChat:
   * From Dense Token to Sparse Memory for Long Video Understanding", CVPR 2024, section 3.3.
   */
  public static Builder moviechat() {
    return new Builder(Variant.MOVIECHAT, null);
  }

  /**
   * {@link #moviechat()} whose short-term memory starts empty after a consolidation instead of with
   * the merged slots, name {@code moviechat-start-empty}: no slot holds anything of frames outside
   * its time span. Carried slots grow heavier with every window and wash out what is new
   * (docs/memory.md has a picture), so this is the better choice for all but short videos.
   */
  public static Builder moviechatStartEmpty() {
    return new Builder(Variant.START_EMPTY, null);
  }

  /**
   * The released code's algorithm, name {@code moviechat-released}: mean of all token inner
   * products, plain averages, each fragment of 8 frames consolidated on its own. The same merges in
   * the same order as the original; where that fails for want of room, slots merge.
   */
  public static Builder released() {
    return new Builder(Variant.RELEASED, null);
  }

  /**
   * The released LLaVA-OneVision variant, name {@code moviechat-onevision}: like {@link
   * #released()}, but 16 new frames are merged together with the 2 slots of the last time, and
   * long-term memory has 64 slots.
   */
  public static Builder oneVision() {
    return new Builder(Variant.ONE_VISION, null);
  }

  /**
   * MovieChat+, name {@code moviechat-plus}: like {@link #released()}, but a fragment of which a
   * frame scores at least 0.25 keeps 3 slots, any other 1.
   *
   * @param scorer says how well a frame fits the question
   */
  public static Builder plus(FrameScorer scorer) {
    return new Builder(Variant.PLUS, Objects.requireNonNull(scorer, "scorer"));
  }

  /** A baseline, name {@code uniform}: frames spread evenly over the time watched so far. */
  public static VideoMemory.Factory uniform() {
    return uniform(DEFAULT_SLOTS, false);
  }

  /** {@link #uniform()} with a number of frames, at least 2. */
  public static VideoMemory.Factory uniform(int slots) {
    return uniform(slots, true);
  }

  /** A baseline, name {@code recent}: the newest frames and nothing else. */
  public static VideoMemory.Factory recent() {
    return recent(DEFAULT_SLOTS, false);
  }

  /** {@link #recent()} with a number of frames, at least 1. */
  public static VideoMemory.Factory recent(int slots) {
    return recent(slots, true);
  }

  /** A baseline, name {@code reservoir}: a random sample of all frames, with seed 0. */
  public static VideoMemory.Factory reservoir() {
    return reservoir(DEFAULT_SLOTS, 0, false);
  }

  /** {@link #reservoir()} with a number of frames, at least 1, and a seed. */
  public static VideoMemory.Factory reservoir(int slots, long seed) {
    return reservoir(slots, seed, true);
  }

  /**
   * Name {@code memory-bank}: when full, each token position merges its own most similar adjacent
   * pair. After MA-LMM (He et al., CVPR 2024).
   */
  public static VideoMemory.Factory memoryBank() {
    return memoryBank(DEFAULT_SLOTS, false);
  }

  /** {@link #memoryBank()} with a number of slots, at least 2. */
  public static VideoMemory.Factory memoryBank(int slots) {
    return memoryBank(slots, true);
  }

  /**
   * Name {@code clusters}: weighted clusters of frames, each shown by its most central real frame,
   * and the newest frames (a quarter of the slots, at most 32). After Flash-VStream (Zhang et al.,
   * 2024).
   */
  public static VideoMemory.Factory clusters() {
    return clusters(DEFAULT_SLOTS, false);
  }

  /** {@link #clusters()} with a number of slots, at least 4. */
  public static VideoMemory.Factory clusters(int slots) {
    return clusters(slots, true);
  }

  /**
   * Name {@code events}: the movie is cut where adjacent frames differ suddenly, and every event
   * has the same budget.
   */
  public static VideoMemory.Factory events() {
    return events(DEFAULT_SLOTS, false);
  }

  /** {@link #events()} with a number of slots, at least 2. */
  public static VideoMemory.Factory events(int slots) {
    return events(slots, true);
  }

  /**
   * Name {@code hybrid}, recommended for live use: the newest frames in full detail (a quarter of
   * the slots, at most 32), and consolidated slots of what came before: 16 frames become 2.
   */
  public static VideoMemory.Factory hybrid() {
    return hybrid(DEFAULT_SLOTS, false);
  }

  /** {@link #hybrid()} with a number of slots, at least 6. */
  public static VideoMemory.Factory hybrid(int slots) {
    return hybrid(slots, true);
  }

  static VideoMemory.Factory uniform(int slots, boolean chosen) {
    return sampling(UNIFORM, "", slots, 2, chosen, SamplingMemory.UNIFORM);
  }

  static VideoMemory.Factory recent(int slots, boolean chosen) {
    return sampling(RECENT, "", slots, 1, chosen, SamplingMemory.RECENT);
  }

  static VideoMemory.Factory reservoir(int slots, long seed, boolean chosen) {
    return sampling(RESERVOIR, " seed=" + seed, slots, 1, chosen, SamplingMemory.reservoir(seed));
  }

  private static VideoMemory.Factory sampling(
      String name, String extra, int slots, int least, boolean chosen, SamplingMemory.Rule rule) {
    Parts.Opener opener =
        (shape, n) -> new SamplingMemory(name, shape, new JavaStore(n, shape), n, rule);
    return new Strategy(
        name,
        extra,
        slots,
        least,
        chosen,
        opener,
        n -> Parts.ofSurvivors(n, opener, times -> SamplingMemory.survivors(rule, n, times)));
  }

  static VideoMemory.Factory memoryBank(int slots, boolean chosen) {
    return new Strategy(
        BANK,
        "",
        slots,
        2,
        chosen,
        (shape, n) -> new BankMemory(shape, new JavaStore(n, shape), n),
        n -> noParts(BANK, "it merges frame by frame, into what all frames before it left"));
  }

  static VideoMemory.Factory clusters(int slots, boolean chosen) {
    return new Strategy(
        CLUSTERS,
        "",
        slots,
        4,
        chosen,
        (shape, n) -> {
          int recent = Math.max(2, recentOf(n));
          return new ClusterMemory(shape, new JavaStore(n, shape), n - recent, recent);
        },
        n -> noParts(CLUSTERS, "where a frame belongs depends on all frames before it"));
  }

  static VideoMemory.Factory events(int slots, boolean chosen) {
    return new Strategy(
        EVENTS,
        "",
        slots,
        2,
        chosen,
        (shape, n) -> new EventMemory(shape, new JavaStore(n, shape), n),
        n -> noParts(EVENTS, "where an event begins depends on all frames before it"));
  }

  static VideoMemory.Factory hybrid(int slots, boolean chosen) {
    return new Strategy(
        HYBRID,
        "",
        slots,
        6,
        chosen,
        (shape, n) -> hybrid(shape, n, n - recentOf(n) - hybridGroup(n)),
        n ->
            Parts.ofWindows(
                hybridGroup(n),
                recentOf(n),
                hybridTarget(n),
                n - recentOf(n) - hybridGroup(n),
                (shape, longTerm) -> hybrid(shape, n, longTerm)));
  }

  private static SlotMemory hybrid(TokenShape shape, int slots, int longTerm) {
    int recent = recentOf(slots);
    int group = hybridGroup(slots);
    return new HybridMemory(
        shape,
        TokenStores.open(recent + group + longTerm, shape, group),
        recent,
        group,
        hybridTarget(slots),
        longTerm);
  }

  private static int hybridGroup(int slots) {
    return Math.min(HYBRID_GROUP, (slots - recentOf(slots)) / 2);
  }

  private static int hybridTarget(int slots) {
    return Math.min(HYBRID_TARGET, hybridGroup(slots) - 1);
  }

  private static VideoMemory.Parts noParts(String name, String reason) {
    throw new IllegalArgumentException(
        name + " cannot be watched in parts: " + reason + "; take moviechat-start-empty or hybrid");
  }

  private static int recentOf(int slots) {
    return Math.min(LARGEST_RECENT, slots / RECENT_SHARE);
  }

  private static final class Strategy implements VideoMemory.Factory {
    private final String name;
    private final String extra;
    private final int slots;
    private final int least;
    private final boolean chosen;
    private final Parts.Opener opener;
    private final IntFunction<VideoMemory.Parts> parts;

    /**
     * @param parts for a number of slots; throws where there are none
     */
    Strategy(
        String name,
        String extra,
        int slots,
        int least,
        boolean chosen,
        Parts.Opener opener,
        IntFunction<VideoMemory.Parts> parts) {
      this.name = name;
      this.extra = extra;
      this.slots = slots;
      this.least = least;
      this.chosen = chosen;
      this.opener = opener;
      this.parts = parts;
      require(slots >= least, "%s needs at least %d slots, was %d", name, least, slots);
      require(slots <= 1 << 20, "%s can have at most 2^20 slots, was %d", name, slots);
    }

    @Override
    public String strategy() {
      return name;
    }

    @Override
    public String settings() {
      return "slots=" + slots + extra;
    }

    @Override
    public int maxSlots() {
      return slots;
    }

    @Override
    public VideoMemory.Factory within(MemoryBudget budget, TokenShape shape) {
      int room = budget.slotsOf(shape);
      if (slots <= room) {
        return this;
      }
      require(
          room >= least && !chosen,
          "a %s memory of %s %d slots of %d bytes does not fit the budget (%d slots, %d bytes),"
              + " which has room for %d",
          name,
          chosen ? "the chosen" : "at least",
          chosen ? slots : least,
          shape.bytes(),
          budget.maxSlots(),
          budget.maxBytes(),
          room);
      return new Strategy(name, extra, room, least, false, opener, parts);
    }

    @Override
    public VideoMemory open(TokenShape shape) {
      return opener.open(shape, slots);
    }

    @Override
    public VideoMemory resume(MemorySnapshot earlier) {
      return opener.open(earlier.shape(), slots).resumeFrom(earlier);
    }

    @Override
    public VideoMemory.Parts inParts() {
      return parts.apply(slots);
    }

    @Override
    public boolean goesByTimesAlone() {
      return name.equals(UNIFORM) || name.equals(RECENT) || name.equals(RESERVOIR);
    }

    @Override
    public VideoMemory.Parts inBoundedParts() {
      return Parts.bounded(name, slots, this::open);
    }

    @Override
    public String toString() {
      return name + "[" + settings() + "]";
    }
  }

  /** Settings of MovieChat's memory; what is not set takes the variant's default. */
  public static final class Builder {
    private static final int SHORT_TERM_FRAMES = 18;
    private static final int CONSOLIDATE_TO = 2;

    final Variant variant;
    final @Nullable FrameScorer scorer;
    OptionalInt shortTermFrames = OptionalInt.empty();
    OptionalInt consolidateTo = OptionalInt.empty();
    OptionalInt longTermSlots = OptionalInt.empty();
    private ModelDefaults defaults = ModelDefaults.NONE;

    Builder(Variant variant, @Nullable FrameScorer scorer) {
      this.variant = variant;
      this.scorer = scorer;
    }

    /** Frames held one by one until they are consolidated, at least 2. Default 18. */
    public Builder shortTermFrames(int frames) {
      shortTermFrames = OptionalInt.of(frames);
      return this;
    }

    /**
     * Slots that one full short-term memory becomes, at least 1 and fewer than its frames. Default
     * 2.
     */
    public Builder consolidateTo(int slots) {
      consolidateTo = OptionalInt.of(slots);
      return this;
    }

    /** Most slots of long-term memory, at least 1. Default 256, or 64 for OneVision. */
    public Builder longTermSlots(int slots) {
      longTermSlots = OptionalInt.of(slots);
      return this;
    }

    /** A model's wishes, which count where nothing was set. */
    Builder defaults(ModelDefaults modelDefaults) {
      defaults = modelDefaults;
      return this;
    }

    /**
     * The strategy with these settings.
     *
     * @throws IllegalArgumentException naming the setting, its value and the rule that it breaks
     */
    public VideoMemory.Factory build() {
      Builder copy = new Builder(variant, scorer);
      copy.shortTermFrames = shortTermFrames;
      copy.consolidateTo = consolidateTo;
      copy.longTermSlots = longTermSlots;
      int target = consolidateTo.orElse(defaults.consolidateTo().orElse(CONSOLIDATE_TO));
      return new MovieChatStrategy(
          copy,
          shortTermFrames.orElseGet(() -> wishedShortTermFrames(target)),
          target,
          longTermSlots.orElse(defaults.longTermSlots().orElse(variant.usualLongTermSlots)));
    }

    /** A model's wish is made for its own strategy; the sliding window of another rounds it. */
    private int wishedShortTermFrames(int target) {
      OptionalInt wish = defaults.shortTermFrames();
      return wish.isEmpty() ? SHORT_TERM_FRAMES : variant.fittingShortTerm(wish.getAsInt(), target);
    }
  }
}
