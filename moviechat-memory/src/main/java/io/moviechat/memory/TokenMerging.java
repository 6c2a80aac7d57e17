package io.moviechat.memory;

import static io.moviechat.internal.Checks.require;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameTokens;
import io.moviechat.TokenShape;
import io.moviechat.spi.FrameEncoder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An encoder whose frames have fewer tokens: the most similar tokens of a frame are merged before
 * memory sees them. Token merging by bipartite soft matching (Bolya et al., "Token Merging: Your
 * ViT But Faster", ICLR 2023, section 3), here on the finished tokens:
 *
 * <ol>
 *   <li>tokens at even places form set A, those at odd places set B;
 *   <li>each token of A is paired with the most similar one of B (cosine; the earlier on a tie);
 *   <li>the r most similar pairs merge, averaged by the number of tokens merged so far.
 * </ol>
 *
 * <p>One pass removes at most half of the tokens; passes are repeated until as few as wanted are
 * left. The rest stay in the order of their places. Since places move, this suits models whose
 * tokens carry their own positions.
 *
 * <p>Owns the encoder that it wraps. Threads: as the wrapped encoder.
 */
public final class TokenMerging implements FrameEncoder {
  private final FrameEncoder encoder;
  private final TokenShape shape;

  private TokenMerging(FrameEncoder encoder, TokenShape shape) {
    this.encoder = encoder;
    this.shape = shape;
  }

  /**
   * Wraps an encoder.
   *
   * @param encoder closed with the result
   * @param tokens tokens per frame that are left, at least 1 and at most the encoder's
   */
  public static FrameEncoder of(FrameEncoder encoder, int tokens) {
    require(
        tokens >= 1 && tokens <= encoder.shape().tokens(),
        "tokens left must be 1 to %d, the encoder's tokens per frame, were %d",
        encoder.shape().tokens(),
        tokens);
    return new TokenMerging(encoder, new TokenShape(tokens, encoder.shape().width()));
  }

  /** Also tells how many tokens are left, so that memories of other settings are refused. */
  @Override
  public String id() {
    return encoder.id() + " merged to " + shape.tokens() + " tokens";
  }

  @Override
  public TokenShape shape() {
    return shape;
  }

  @Override
  public FrameFormat preferredFormat() {
    return encoder.preferredFormat();
  }

  @Override
  public int preferredBatch() {
    return encoder.preferredBatch();
  }

  @Override
  public List<FrameTokens> encode(List<Frame> frames) {
    List<FrameTokens> merged = new ArrayList<>(frames.size());
    List<FrameTokens> whole = encoder.encode(frames);
    try {
      for (FrameTokens frame : whole) {
        merged.add(FrameTokens.of(frame.timestamp(), shape, merge(frame.values())));
      }
    } finally {
      whole.forEach(FrameTokens::close);
    }
    return merged;
  }

  private FloatBuffer merge(FloatBuffer values) {
    int width = shape.width();
    float[][] tokens = new float[values.remaining() / width][width];
    for (float[] token : tokens) {
      values.get(token);
    }
    int[] sizes = new int[tokens.length];
    Arrays.fill(sizes, 1);
    int left = tokens.length;
    while (left > shape.tokens()) {
      left = pass(tokens, sizes, left, Math.min(left - shape.tokens(), left / 2));
    }
    FloatBuffer result = FloatBuffer.allocate(left * width);
    for (int i = 0; i < left; i++) {
      result.put(tokens[i]);
    }
    return result.flip();
  }

  /** Merges {@code r} tokens away and moves the rest to the front. */
  private static int pass(float[][] tokens, int[] sizes, int count, int r) {
    int pairs = (count + 1) / 2;
    int[] partner = new int[pairs];
    double[] likeness = new double[pairs];
    Integer[] order = new Integer[pairs];
    for (int a = 0; a < pairs; a++) {
      order[a] = a;
      likeness[a] = Double.NEGATIVE_INFINITY;
      for (int b = 1; b < count; b += 2) {
        double cosine = Kernels.cosine(tokens[2 * a], tokens[b]);
        if (cosine > likeness[a]) {
          likeness[a] = cosine;
          partner[a] = b;
        }
      }
    }
    Arrays.sort(order, (x, y) -> Double.compare(likeness[y], likeness[x]));
    boolean[] gone = new boolean[count];
    for (int i = 0; i < r; i++) {
      int from = 2 * order[i];
      int into = partner[order[i]];
      float share = (float) sizes[from] / (sizes[from] + sizes[into]);
      Kernels.blend(tokens[into], 1 - share, tokens[from], share);
      sizes[into] += sizes[from];
      gone[from] = true;
    }
    int left = 0;
    for (int i = 0; i < count; i++) {
      if (!gone[i]) {
        float[] kept = tokens[i];
        tokens[i] = tokens[left];
        tokens[left] = kept;
        sizes[left] = sizes[i];
        left++;
      }
    }
    return left;
  }

  @Override
  public void close() {
    encoder.close();
  }
}
