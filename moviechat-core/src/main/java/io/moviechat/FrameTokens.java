package io.moviechat;

import static io.moviechat.internal.Checks.require;
import static io.moviechat.internal.Checks.requireOpen;

import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The visual tokens of one frame: a float32 matrix {@code [tokens, width]}, row-major.
 *
 * <p>The buffer may be borrowed from an encoder's pool. Whoever receives the tokens closes them;
 * afterwards they must not be read. Handed from thread to thread but not shared.
 */
public final class FrameTokens implements AutoCloseable {
  private static final Runnable NOTHING = () -> {};

  private final Duration timestamp;
  private final TokenShape shape;
  private final FloatBuffer values;
  private final @Nullable FloatBuffer embedding;
  private final AtomicReference<@Nullable Runnable> release;

  private FrameTokens(
      Duration timestamp,
      TokenShape shape,
      FloatBuffer values,
      @Nullable FloatBuffer embedding,
      Runnable release) {
    this.timestamp = Objects.requireNonNull(timestamp, "timestamp");
    this.shape = Objects.requireNonNull(shape, "shape");
    require(
        values.remaining() == shape.floats(),
        "tokens of shape %s need %d floats, the buffer has %d",
        shape,
        shape.floats(),
        values.remaining());
    this.values = values.slice();
    this.embedding = embedding;
    this.release = new AtomicReference<>(release);
  }

  /**
   * Wraps values without copying them. The buffer must not change while the tokens are open.
   *
   * @param timestamp presentation time of the frame
   * @param shape N tokens of width D
   * @param values {@code N * D} remaining floats, direct or not, in native byte order if direct
   * @throws IllegalArgumentException if the buffer's size does not match
   */
  public static FrameTokens of(Duration timestamp, TokenShape shape, FloatBuffer values) {
    return new FrameTokens(timestamp, shape, values, null, NOTHING);
  }

  /**
   * Like {@link #of(Duration, TokenShape, FloatBuffer)}, for a buffer that goes back to its owner.
   *
   * @param release run once, by the first {@link #close()}, on the closing thread
   */
  public static FrameTokens of(
      Duration timestamp, TokenShape shape, FloatBuffer values, Runnable release) {
    return new FrameTokens(timestamp, shape, values, null, release);
  }

  /**
   * The same tokens with an embedding of the frame, by which a scorer finds it ({@link
   * io.moviechat.recall.SlotScorer#encoder()}). They take the place of these: closing them gives
   * the buffer back.
   *
   * @param newEmbedding at least one remaining float, not copied; must not change while the tokens
   *     are open
   * @throws IllegalArgumentException if it is empty
   */
  public FrameTokens withEmbedding(FloatBuffer newEmbedding) {
    require(newEmbedding.hasRemaining(), "the embedding of the frame at %s is empty", timestamp);
    return new FrameTokens(timestamp, shape, values, newEmbedding.slice(), this::close);
  }

  /** Presentation time of the frame since the start of the video. */
  public Duration timestamp() {
    return timestamp;
  }

  /** N and D. */
  public TokenShape shape() {
    return shape;
  }

  /**
   * The values: a read-only view from position 0, element (n, d) at {@code n * D + d}.
   *
   * @throws IllegalStateException if these tokens are closed
   */
  public FloatBuffer values() {
    requireOpen(release.get() != null, "FrameTokens at " + timestamp);
    return values.asReadOnlyBuffer();
  }

  /**
   * An embedding of the frame, a read-only view from position 0; empty unless a scorer needs one.
   *
   * @throws IllegalStateException if these tokens are closed
   */
  public Optional<FloatBuffer> embedding() {
    requireOpen(release.get() != null, "FrameTokens at " + timestamp);
    return Optional.ofNullable(embedding).map(FloatBuffer::asReadOnlyBuffer);
  }

  /** Gives the buffer back to its owner. Closing twice is fine. */
  @Override
  public void close() {
    @Nullable Runnable action = release.getAndSet(null);
    if (action != null) {
      action.run();
    }
  }

  @Override
  public String toString() {
    return "FrameTokens[" + timestamp + ", " + shape + "]";
  }
}
