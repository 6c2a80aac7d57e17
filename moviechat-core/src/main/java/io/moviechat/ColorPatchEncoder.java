package io.moviechat;

import io.moviechat.FrameFormat.Resampling;
import io.moviechat.spi.FrameEncoder;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * An encoder without a model: a token is the mean colour of one patch of the picture. For
 * generators that see pictures and not tokens, for storyboards, and to look at what a memory does
 * without downloading anything; no language model understands its tokens.
 *
 * <p><b>Shape.</b> {@code patches * patches} tokens of width 4, row by row from the top left: red,
 * green and blue from -1 to 1, and the constant 0.5, so that grey has a direction too.
 * <b>Threads.</b> Any number at once. <b>Native memory.</b> None.
 */
public final class ColorPatchEncoder implements FrameEncoder {
  private static final int WIDTH = 4;
  private static final int PIXELS_PER_PATCH = 8;
  private static final float CONSTANT = 0.5f;

  private final int patches;
  private volatile boolean closed;

  /** An encoder of 8 x 8 patches. */
  public ColorPatchEncoder() {
    this(8);
  }

  /**
   * An encoder of {@code patches * patches} patches.
   *
   * @param patches patches along each side, 1 to 64
   */
  public ColorPatchEncoder(int patches) {
    if (patches < 1 || patches > 64) {
      throw new IllegalArgumentException("patches along a side must be 1 to 64, were " + patches);
    }
    this.patches = patches;
  }

  @Override
  public String id() {
    return "color-patches-" + patches + "x" + patches;
  }

  @Override
  public TokenShape shape() {
    return new TokenShape(patches * patches, WIDTH);
  }

  @Override
  public FrameFormat preferredFormat() {
    int side = patches * PIXELS_PER_PATCH;
    return FrameFormat.stretch(side, side, Resampling.BILINEAR);
  }

  @Override
  public int preferredBatch() {
    return 1;
  }

  @Override
  public List<FrameTokens> encode(List<Frame> frames) {
    if (closed) {
      throw new IllegalStateException("the colour patch encoder is closed");
    }
    if (frames.isEmpty()) {
      throw new IllegalArgumentException("no frames to encode");
    }
    List<FrameTokens> tokens = new ArrayList<>(frames.size());
    for (Frame frame : frames) {
      tokens.add(FrameTokens.of(frame.timestamp(), shape(), patches(frame)));
    }
    return tokens;
  }

  private FloatBuffer patches(Frame frame) {
    ByteBuffer rgb = frame.rgb();
    FloatBuffer values = FloatBuffer.allocate(shape().floats());
    for (int row = 0; row < patches; row++) {
      int top = start(row, frame.height());
      int bottom = Math.max(top + 1, start(row + 1, frame.height()));
      for (int column = 0; column < patches; column++) {
        int left = start(column, frame.width());
        int right = Math.max(left + 1, start(column + 1, frame.width()));
        long red = 0;
        long green = 0;
        long blue = 0;
        for (int y = top; y < bottom; y++) {
          int at = 3 * (y * frame.width() + left);
          for (int x = left; x < right; x++, at += 3) {
            red += rgb.get(at) & 0xff;
            green += rgb.get(at + 1) & 0xff;
            blue += rgb.get(at + 2) & 0xff;
          }
        }
        float scale = 2f / (255f * (bottom - top) * (right - left));
        values.put(red * scale - 1).put(green * scale - 1).put(blue * scale - 1).put(CONSTANT);
      }
    }
    return values.flip();
  }

  /** First pixel of a patch. A picture with fewer pixels than patches repeats them. */
  private int start(int patch, int pixels) {
    return (int) ((long) patch * pixels / patches);
  }

  @Override
  public void close() {
    closed = true;
  }
}
