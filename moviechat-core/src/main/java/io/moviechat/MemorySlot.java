package io.moviechat;

import static io.moviechat.internal.Checks.require;

import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One entry of a memory: tokens {@code [N, D]} that stand for one or more adjacent frames.
 * Immutable; lives on the Java heap and needs no closing.
 *
 * <p>Slots of one snapshot tile the time watched: a slot starts at its first frame and ends where
 * the next slot starts; the newest one ends at the latest frame.
 */
public final class MemorySlot {
  /** Where in the memory a slot comes from, oldest kind first. */
  public enum Tier {
    /** Consolidated: stands for one or more adjacent frames. */
    LONG_TERM,
    /** A recent frame, not consolidated yet. */
    SHORT_TERM,
    /** The frame on screen at the moment asked about; only in breakpoint mode, and last. */
    CURRENT
  }

  private final Tier tier;
  private final Duration start;
  private final Duration end;
  private final long frames;
  private final Duration representative;
  private final double salience;
  private final TokenShape shape;
  private final float[] tokens;
  private final float @Nullable [] embedding;

  private MemorySlot(
      Tier tier,
      Duration start,
      Duration end,
      long frames,
      Duration representative,
      double salience,
      TokenShape shape,
      float[] tokens,
      float @Nullable [] embedding) {
    this.tier = Objects.requireNonNull(tier, "tier");
    this.start = Objects.requireNonNull(start, "start");
    this.end = Objects.requireNonNull(end, "end");
    this.representative = Objects.requireNonNull(representative, "representative");
    this.shape = Objects.requireNonNull(shape, "shape");
    require(start.compareTo(end) <= 0, "a slot cannot start (%s) after it ends (%s)", start, end);
    require(
        start.compareTo(representative) <= 0 && representative.compareTo(end) <= 0,
        "the representative frame (%s) is outside the slot [%s, %s]",
        representative,
        start,
        end);
    require(salience >= 0 && salience <= 1, "a salience is in [0, 1], was %s", salience);
    require(frames >= 1, "a slot stands for at least 1 frame, was %d", frames);
    require(
        tokens.length == shape.floats(),
        "tokens of shape %s need %d floats, there are %d",
        shape,
        shape.floats(),
        tokens.length);
    this.frames = frames;
    this.salience = salience;
    this.tokens = tokens;
    this.embedding = embedding;
  }

  /**
   * A slot that copies its tokens.
   *
   * @param tier where the slot comes from
   * @param start time of the first frame merged into it
   * @param end time of the next slot's first frame, or of the latest frame for the newest slot
   * @param frames how many frames it stands for, at least 1 (its weight)
   * @param representative time of the real frame nearest to the slot's mean
   * @param salience how much the slot differs from what surrounds it, in [0, 1]; 1 is most salient
   * @param shape N tokens of width D
   * @param tokens {@code N * D} remaining floats; the buffer's position does not move
   * @throws IllegalArgumentException if a value breaks one of these rules
   */
  public static MemorySlot of(
      Tier tier,
      Duration start,
      Duration end,
      long frames,
      Duration representative,
      double salience,
      TokenShape shape,
      FloatBuffer tokens) {
    return new MemorySlot(
        tier, start, end, frames, representative, salience, shape, copy(tokens), null);
  }

  private static float[] copy(FloatBuffer values) {
    float[] copy = new float[values.remaining()];
    values.duplicate().get(copy);
    return copy;
  }

  /** The slot of one single frame, which is its own representative; with its embedding. */
  public static MemorySlot ofFrame(Tier tier, Duration end, FrameTokens frame) {
    MemorySlot slot =
        of(tier, frame.timestamp(), end, 1, frame.timestamp(), 1.0, frame.shape(), frame.values());
    return frame.embedding().map(slot::withEmbedding).orElse(slot);
  }

  /** Where the slot comes from. */
  public Tier tier() {
    return tier;
  }

  /** Time of the first frame that the slot stands for. */
  public Duration start() {
    return start;
  }

  /** Time of the next slot's first frame; for the newest slot, of the latest frame. */
  public Duration end() {
    return end;
  }

  /** How many frames the slot stands for (its weight). */
  public long frames() {
    return frames;
  }

  /** Time of the real frame nearest to the slot's mean. */
  public Duration representative() {
    return representative;
  }

  /** How much the slot differs from what surrounds it, in [0, 1]. */
  public double salience() {
    return salience;
  }

  /** N and D. */
  public TokenShape shape() {
    return shape;
  }

  /** The tokens: a read-only heap view from position 0, element (n, d) at {@code n * D + d}. */
  public FloatBuffer tokens() {
    return FloatBuffer.wrap(tokens).asReadOnlyBuffer();
  }

  /**
   * What a scorer finds the slot by: the mean of the embeddings of its frames, with the weights by
   * which its tokens were averaged. A read-only heap view from position 0; empty unless the video
   * was watched with a scorer that needs one ({@link io.moviechat.recall.SlotScorer#encoder()}).
   */
  public Optional<FloatBuffer> embedding() {
    return Optional.ofNullable(embedding)
        .map(values -> FloatBuffer.wrap(values).asReadOnlyBuffer());
  }

  /** The same slot with another end; shares the tokens. */
  public MemorySlot withEnd(Duration newEnd) {
    return new MemorySlot(
        tier, start, newEnd, frames, representative, salience, shape, tokens, embedding);
  }

  /**
   * The same slot with an embedding, which is copied; shares the tokens.
   *
   * @param values at least one remaining float
   * @throws IllegalArgumentException if there is none
   */
  public MemorySlot withEmbedding(FloatBuffer values) {
    require(values.hasRemaining(), "the embedding of the slot at %s is empty", start);
    return new MemorySlot(
        tier, start, end, frames, representative, salience, shape, tokens, copy(values));
  }

  /** The same slot without an embedding. */
  MemorySlot withoutEmbedding() {
    return new MemorySlot(tier, start, end, frames, representative, salience, shape, tokens, null);
  }

  /** The same slot with its embedding in place of its tokens. */
  MemorySlot ofEmbedding(TokenShape newShape) {
    return new MemorySlot(
        tier,
        start,
        end,
        frames,
        representative,
        salience,
        newShape,
        Objects.requireNonNull(embedding),
        null);
  }

  int embeddingFloats() {
    return embedding == null ? 0 : embedding.length;
  }

  /** Whether the other is a slot of the same times, weights, tokens and embedding. */
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof MemorySlot slot
            && tier == slot.tier
            && start.equals(slot.start)
            && end.equals(slot.end)
            && frames == slot.frames
            && representative.equals(slot.representative)
            && salience == slot.salience
            && shape.equals(slot.shape)
            && Arrays.equals(tokens, slot.tokens)
            && Arrays.equals(embedding, slot.embedding));
  }

  /** Costs nothing: the tokens are left out. */
  @Override
  public int hashCode() {
    return Objects.hash(tier, start, end, frames, shape);
  }

  @Override
  public String toString() {
    return "MemorySlot[" + tier + ", " + start + " to " + end + ", " + frames + " frames]";
  }
}
