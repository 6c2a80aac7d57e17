package io.moviechat.memory;

import static io.moviechat.internal.Checks.require;

import io.moviechat.TokenShape;
import org.jspecify.annotations.Nullable;

/** The variants of MovieChat's algorithm: what they are called, and where their rules differ. */
enum Variant {
  /** The paper's algorithm; short-term memory starts again with the merged slots. */
  MOVIECHAT("moviechat", 256) {
    @Override
    MergingMemory open(
        TokenShape shape, int shortTerm, int target, int longTerm, @Nullable FrameScorer scorer) {
      return published(this, shape, shortTerm, target, longTerm);
    }

    @Override
    int window(int shortTerm) {
      throw carries();
    }
  },

  /** The same, but short-term memory starts empty. */
  START_EMPTY("moviechat-start-empty", 256) {
    @Override
    MergingMemory open(
        TokenShape shape, int shortTerm, int target, int longTerm, @Nullable FrameScorer scorer) {
      return published(this, shape, shortTerm, target, longTerm);
    }

    @Override
    int window(int shortTerm) {
      return shortTerm;
    }
  },

  /** The released code's algorithm. */
  RELEASED("moviechat-released", 256) {
    @Override
    MergingMemory open(
        TokenShape shape, int shortTerm, int target, int longTerm, @Nullable FrameScorer scorer) {
      return released(shape, shortTerm, target, longTerm, null);
    }
  },

  /** MovieChat+. */
  PLUS("moviechat-plus", 256) {
    @Override
    MergingMemory open(
        TokenShape shape, int shortTerm, int target, int longTerm, @Nullable FrameScorer scorer) {
      return released(shape, shortTerm, target, longTerm, scorer);
    }

    @Override
    int mostOfWindow(int target) {
      return ReleasedMemory.FITTING_TARGET;
    }
  },

  /**
   * The released LLaVA-OneVision variant. It looks whether to consolidate once in a sliding window,
   * which therefore must divide the number of new frames.
   */
  ONE_VISION("moviechat-onevision", 64) {
    private static final int SLIDING_WINDOW = 8;

    @Override
    MergingMemory open(
        TokenShape shape, int shortTerm, int target, int longTerm, @Nullable FrameScorer scorer) {
      return new OneVisionMemory(
          shape, store(shape, shortTerm, longTerm), shortTerm, target, longTerm, SLIDING_WINDOW);
    }

    @Override
    void check(int shortTerm, int target) {
      require(
          (shortTerm - target) % SLIDING_WINDOW == 0,
          "shortTermFrames - consolidateTo must be a multiple of the sliding window of %d frames,"
              + " were %d and %d: no frame would ever be merged",
          SLIDING_WINDOW,
          shortTerm,
          target);
    }

    @Override
    int fittingShortTerm(int wish, int target) {
      return target + Math.max(1, (wish - target) / SLIDING_WINDOW) * SLIDING_WINDOW;
    }

    @Override
    int leastSlots(int target) {
      return target + SLIDING_WINDOW + 1;
    }

    @Override
    int fittingTarget(int usual, int slots) {
      return usual;
    }

    @Override
    int window(int shortTerm) {
      throw carries();
    }
  };

  private static final int FRAGMENT_LENGTH = 8;
  private static final int LEAST_SLOTS = 3;

  /** What the strategy is called in bundles and memory files. */
  final String strategy;

  /** Most slots of long-term memory, unless asked for others. */
  final int usualLongTermSlots;

  Variant(String strategy, int usualLongTermSlots) {
    this.strategy = strategy;
    this.usualLongTermSlots = usualLongTermSlots;
  }

  /**
   * @param scorer for {@link #PLUS}; the others ignore it
   */
  abstract MergingMemory open(
      TokenShape shape, int shortTerm, int target, int longTerm, @Nullable FrameScorer scorer);

  /** Refuses settings with which this variant would not work. */
  void check(int shortTerm, int target) {}

  /** The nearest number of short-term frames, not above the wish where that is possible. */
  int fittingShortTerm(int wish, int target) {
    return wish;
  }

  /** Fewest slots, short-term ones included, that this variant works with. */
  int leastSlots(int target) {
    return LEAST_SLOTS;
  }

  /** What a consolidation leaves where there is room for so many slots only. */
  int fittingTarget(int usual, int slots) {
    return Math.min(usual, (slots - 1) / 2);
  }

  /**
   * Frames after which nothing but long-term memory is left of those before.
   *
   * @throws IllegalArgumentException if there is no such number
   */
  int window(int shortTerm) {
    return FRAGMENT_LENGTH;
  }

  /** Most slots that such a window becomes. */
  int mostOfWindow(int target) {
    return target;
  }

  final IllegalArgumentException carries() {
    return new IllegalArgumentException(
        strategy
            + " cannot be watched in parts: short-term memory starts again with the slots of the"
            + " window before, so each part needs all frames before it; take "
            + START_EMPTY.strategy);
  }

  private static MergingMemory published(
      Variant variant, TokenShape shape, int shortTerm, int target, int longTerm) {
    return new PublishedMemory(
        shape,
        store(shape, shortTerm, longTerm),
        true,
        shortTerm,
        target,
        longTerm,
        variant == MOVIECHAT);
  }

  private static MergingMemory released(
      TokenShape shape, int shortTerm, int target, int longTerm, @Nullable FrameScorer scorer) {
    return new ReleasedMemory(
        shape,
        store(shape, shortTerm, longTerm),
        shortTerm,
        target,
        longTerm,
        FRAGMENT_LENGTH,
        scorer);
  }

  private static TokenStore store(TokenShape shape, int shortTerm, int longTerm) {
    return TokenStores.open(shortTerm + longTerm, shape, shortTerm);
  }
}
