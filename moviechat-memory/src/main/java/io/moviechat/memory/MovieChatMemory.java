package io.moviechat.memory;

import static io.moviechat.memory.Checks.require;

import io.moviechat.MemoryBudget;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoMemoryFactory;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * MovieChat's memory: a short-term memory of single frames that is consolidated into a long-term
 * memory by merging the most similar adjacent frames. Song et al., "MovieChat: From Dense Token to
 * Sparse Memory for Long Video Understanding", CVPR 2024, section 3.3, algorithm 1.
 *
 * <pre>{@code
 * VideoMemoryFactory strategy = MovieChatMemory.published().longTermSlots(64).build();
 * }</pre>
 *
 * <p>{@link #published()} is the algorithm of the paper, {@link #released()} that of the code that
 * came with it, {@link #oneVision()} and {@link #plus} those of its successors. docs/memory.md says
 * how they differ. Immutable and thread-safe; the memories that it opens are not.
 */
public final class MovieChatMemory implements VideoMemoryFactory {
  static final String PUBLISHED = "moviechat";

  /** Names {@link #PUBLISHED} with {@link Builder#startEmpty()}, for models that ask by name. */
  static final String START_EMPTY = "moviechat-start-empty";

  static final String RELEASED = "moviechat-released";
  static final String ONE_VISION = "moviechat-onevision";
  static final String PLUS = "moviechat-plus";

  private static final int SHORT_TERM_FRAMES = 18;
  private static final int CONSOLIDATE_TO = 2;
  private static final int LONG_TERM_SLOTS = 256;
  private static final int ONE_VISION_LONG_TERM_SLOTS = 64;
  private static final int ONE_VISION_WINDOW = 8;
  private static final int FRAGMENT_LENGTH = 8;
  private static final int LEAST_SLOTS = 3;

  private final Builder builder;
  private final int shortTermFrames;
  private final int consolidateTo;
  private final int longTermSlots;

  private MovieChatMemory(Builder builder, int shortTerm, int consolidateTo, int longTermSlots) {
    this.builder = builder;
    this.shortTermFrames = shortTerm;
    this.consolidateTo = consolidateTo;
    this.longTermSlots = longTermSlots;
    require(shortTerm >= 2, "shortTermFrames must be at least 2, was %d", shortTerm);
    require(consolidateTo >= 1, "consolidateTo must be at least 1, was %d", consolidateTo);
    require(
        consolidateTo < shortTerm,
        "consolidateTo must be below shortTermFrames (%d), was %d",
        shortTerm,
        consolidateTo);
    require(longTermSlots >= 1, "longTermSlots must be at least 1, was %d", longTermSlots);
    require(
        (long) shortTerm + longTermSlots <= 1 << 20,
        "shortTermFrames (%d) and longTermSlots (%d) must stay below 2^20 together",
        shortTerm,
        longTermSlots);
    if (builder.strategy.equals(ONE_VISION)) {
      require(
          (shortTerm - consolidateTo) % ONE_VISION_WINDOW == 0,
          "shortTermFrames - consolidateTo must be a multiple of the sliding window of %d frames,"
              + " were %d and %d: no frame would ever be merged",
          ONE_VISION_WINDOW,
          shortTerm,
          consolidateTo);
    }
  }

  /**
   * The paper's algorithm, name {@code moviechat}: mean cosine of matching tokens (equation 3),
   * averages weighted by frames, short-term memory starts again with the merged slots. By default
   * 18 short-term frames become 2 slots, and long-term memory has 256.
   */
  public static Builder published() {
    return new Builder(PUBLISHED, LONG_TERM_SLOTS, null);
  }

  /**
   * The released code's algorithm, name {@code moviechat-released}: mean of all token inner
   * products, plain averages, each fragment of 8 frames consolidated on its own. The same merges in
   * the same order as the original; where that fails for want of room, slots merge.
   */
  public static Builder released() {
    return new Builder(RELEASED, LONG_TERM_SLOTS, null);
  }

  /**
   * The released LLaVA-OneVision variant, name {@code moviechat-onevision}: like {@link
   * #released()}, but 16 new frames are merged together with the 2 slots of the last time, and
   * long-term memory has 64 slots.
   */
  public static Builder oneVision() {
    return new Builder(ONE_VISION, ONE_VISION_LONG_TERM_SLOTS, null);
  }

  /**
   * MovieChat+: like {@link #released()}, but a fragment of which a frame scores at least 0.25
   * keeps 3 slots, any other 1.
   *
   * @param scorer says how well a frame fits the question
   */
  public static Builder plus(FrameScorer scorer) {
    return new Builder(PLUS, LONG_TERM_SLOTS, Objects.requireNonNull(scorer, "scorer"));
  }

  /** Frames held one by one until they are consolidated. */
  public int shortTermFrames() {
    return shortTermFrames;
  }

  /** Slots that one full short-term memory becomes. */
  public int consolidateTo() {
    return consolidateTo;
  }

  /** Most slots of long-term memory. */
  public int longTermSlots() {
    return longTermSlots;
  }

  @Override
  public String strategy() {
    return builder.startEmpty ? START_EMPTY : builder.strategy;
  }

  @Override
  public String settings() {
    return String.format(
        "shortTermFrames=%d consolidateTo=%d longTermSlots=%d",
        shortTermFrames, consolidateTo, longTermSlots);
  }

  @Override
  public int maxSlots() {
    return shortTermFrames + longTermSlots;
  }

  @Override
  public MovieChatMemory within(MemoryBudget budget, TokenShape shape) {
    int slots = budget.slotsOf(shape);
    if (maxSlots() <= slots) {
      return this;
    }
    boolean oneVision = builder.strategy.equals(ONE_VISION);
    int least = oneVision ? consolidateTo + ONE_VISION_WINDOW + 1 : LEAST_SLOTS;
    require(
        slots >= least,
        "a %s memory needs room for at least %d slots of %d bytes, the budget (%d slots, %d bytes)"
            + " has room for %d",
        strategy(),
        least,
        shape.bytes(),
        budget.maxSlots(),
        budget.maxBytes(),
        slots);
    int target =
        oneVision
            ? consolidateTo
            : builder.consolidateTo.orElse(Math.min(consolidateTo, (slots - 1) / 2));
    int shortTerm =
        builder.shortTermFrames.orElseGet(
            () -> fittingShortTerm(Math.max(target + 1, slots / 2), target));
    int longTerm = builder.longTermSlots.orElse(Math.min(longTermSlots, slots - shortTerm));
    require(
        longTerm >= 1 && (long) shortTerm + longTerm <= slots,
        "shortTermFrames (%d) and longTermSlots (%s) do not fit the budget of %d slots; ask for"
            + " less or leave one of them open",
        shortTerm,
        longTerm >= 1 ? String.valueOf(longTerm) : "at least 1",
        slots);
    return new MovieChatMemory(builder, shortTerm, target, longTerm);
  }

  private int fittingShortTerm(int most, int target) {
    if (builder.strategy.equals(ONE_VISION)) {
      int windows = Math.max(1, (Math.min(shortTermFrames, most) - target) / ONE_VISION_WINDOW);
      return target + windows * ONE_VISION_WINDOW;
    }
    return Math.min(shortTermFrames, most);
  }

  @Override
  public VideoMemory open(TokenShape shape) {
    return create(shape);
  }

  @Override
  public VideoMemory resume(MemorySnapshot earlier) {
    return create(earlier.shape()).resumeFrom(earlier);
  }

  MergingMemory create(TokenShape shape) {
    TokenStore store = TokenStores.open(maxSlots(), shape);
    return switch (builder.strategy) {
      case PUBLISHED ->
          new PublishedMemory(
              shape,
              store,
              true,
              shortTermFrames,
              consolidateTo,
              longTermSlots,
              !builder.startEmpty);
      case ONE_VISION ->
          new OneVisionMemory(
              shape, store, shortTermFrames, consolidateTo, longTermSlots, ONE_VISION_WINDOW);
      default ->
          new ReleasedMemory(
              shape,
              store,
              shortTermFrames,
              consolidateTo,
              longTermSlots,
              FRAGMENT_LENGTH,
              builder.scorer);
    };
  }

  @Override
  public String toString() {
    return strategy() + "[" + settings() + "]";
  }

  /** Settings of a {@link MovieChatMemory}; what is not set takes the strategy's default. */
  public static final class Builder {
    private final String strategy;
    private final int usualLongTermSlots;
    private final @Nullable FrameScorer scorer;
    private OptionalInt shortTermFrames = OptionalInt.empty();
    private OptionalInt consolidateTo = OptionalInt.empty();
    private OptionalInt longTermSlots = OptionalInt.empty();
    private boolean startEmpty;
    private ModelDefaults defaults = ModelDefaults.NONE;

    private Builder(String strategy, int usualLongTermSlots, @Nullable FrameScorer scorer) {
      this.strategy = strategy;
      this.usualLongTermSlots = usualLongTermSlots;
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

    /**
     * Short-term memory starts empty after a consolidation instead of with the merged slots, so
     * that no slot holds anything of frames outside its time span; name {@code
     * moviechat-start-empty}. Carried slots grow heavier with every window and wash out what is new
     * (docs/memory.md has a picture), so this is the better choice for all but short videos. Only
     * {@link #published()} can be told so; the others have their own way.
     *
     * @throws IllegalStateException for another strategy
     */
    public Builder startEmpty() {
      if (!strategy.equals(PUBLISHED)) {
        throw new IllegalStateException("startEmpty() is a setting of moviechat, not " + strategy);
      }
      startEmpty = true;
      return this;
    }

    Builder defaults(ModelDefaults modelDefaults) {
      defaults = modelDefaults;
      return this;
    }

    /**
     * The strategy with these settings.
     *
     * @throws IllegalArgumentException naming the setting, its value and the rule that it breaks
     */
    public MovieChatMemory build() {
      Builder copy = new Builder(strategy, usualLongTermSlots, scorer);
      copy.shortTermFrames = shortTermFrames;
      copy.consolidateTo = consolidateTo;
      copy.longTermSlots = longTermSlots;
      copy.startEmpty = startEmpty;
      copy.defaults = defaults;
      int target = consolidateTo.orElse(defaults.consolidateTo().orElse(CONSOLIDATE_TO));
      return new MovieChatMemory(
          copy,
          shortTermFrames.orElseGet(() -> wishedShortTermFrames(target)),
          target,
          longTermSlots.orElse(defaults.longTermSlots().orElse(usualLongTermSlots)));
    }

    /** A model's wish is made for its own strategy; the sliding window of another rounds it. */
    private int wishedShortTermFrames(int target) {
      if (defaults.shortTermFrames().isEmpty()) {
        return SHORT_TERM_FRAMES;
      }
      int wish = defaults.shortTermFrames().getAsInt();
      if (!strategy.equals(ONE_VISION)) {
        return wish;
      }
      int windows = Math.max(1, (wish - target) / ONE_VISION_WINDOW);
      return target + windows * ONE_VISION_WINDOW;
    }
  }
}
