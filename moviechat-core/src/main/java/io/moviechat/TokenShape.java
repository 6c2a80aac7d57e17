package io.moviechat;

import static io.moviechat.internal.Checks.require;

/**
 * The shape of one frame's tokens: a matrix {@code [tokens, width]} of float32 in row-major order.
 *
 * @param tokens N, visual tokens per frame, at least 1
 * @param width D, width of one token, at least 1
 */
public record TokenShape(int tokens, int width) {
  /**
   * @throws IllegalArgumentException if a component is below 1 or the matrix exceeds 2^29 floats
   */
  public TokenShape {
    require(tokens >= 1, "tokens per frame must be at least 1, was %d", tokens);
    require(width >= 1, "token width must be at least 1, was %d", width);
    require(
        (long) tokens * width <= 1 << 29,
        "a frame of %d tokens of width %d is too large",
        tokens,
        width);
  }

  /** Floats in one frame: {@code tokens * width}. */
  public int floats() {
    return tokens * width;
  }

  /** Bytes in one frame: 4 for each float. */
  public long bytes() {
    return 4L * floats();
  }

  @Override
  public String toString() {
    return tokens + " x " + width;
  }
}
