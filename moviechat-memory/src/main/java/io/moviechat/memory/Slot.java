package io.moviechat.memory;

import java.nio.FloatBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one row of a {@link TokenStore}: which frames its tokens stand for. One object
 * per row for the life of a memory, so that remembering a frame allocates nothing.
 */
final class Slot {
  /** Row of the store that holds the tokens. */
  final int row;

  /** Mean over the tokens of this row's matrix, {@code [D]}. */
  final float[] mean;

  /** The same of the representative frame, as it was when it came in, {@code [D]}. */
  final float[] representativeMean;

  /**
   * Mean of the frames' embeddings, with the weights of {@link #mean}; null where frames have none.
   */
  float @Nullable [] embedding;

  /** Length of each token, {@code [N]}; kept by {@link Similarity} and valid if it says so. */
  final double[] lengths;

  boolean lengthsKnown;

  /** Inner products with the tokens of {@link #next}, {@code [N]}; kept by {@link Similarity}. */
  final double[] dotsWithNext;

  /** The slot that this one was last compared with, if neither has changed since. */
  @Nullable Slot next;

  /** Similarity with {@link #next}; kept by {@link Similarity}. */
  double similarityToNext;

  /** Number among the slots that are compared all at once; kept by {@link Similarity}. */
  int place;

  /** Time of the first frame, in nanoseconds. */
  long start;

  /** Frames that this slot stands for and no other slot does. Zero for a carried slot. */
  long frames;

  /** Weight in averages: {@link #frames} and those it was carried over with. */
  double weight;

  /** Time of the real frame nearest to the mean, in nanoseconds. */
  long representative;

  Slot(int row, int tokens, int width) {
    this.row = row;
    this.mean = new float[width];
    this.representativeMean = new float[width];
    this.lengths = new double[tokens];
    this.dotsWithNext = new double[tokens];
  }

  /** Becomes a single frame. */
  void startWith(long timestamp, float[] frameMean) {
    start = timestamp;
    frames = 1;
    weight = 1;
    representative = timestamp;
    lengthsKnown = false;
    next = null;
    System.arraycopy(frameMean, 0, mean, 0, mean.length);
    System.arraycopy(frameMean, 0, representativeMean, 0, mean.length);
  }

  /** Becomes what another slot is, tokens aside. */
  void copyFrom(Slot other) {
    start = other.start;
    frames = other.frames;
    weight = other.weight;
    representative = other.representative;
    lengthsKnown = other.lengthsKnown;
    next = null;
    System.arraycopy(other.mean, 0, mean, 0, mean.length);
    System.arraycopy(other.representativeMean, 0, representativeMean, 0, mean.length);
    System.arraycopy(other.lengths, 0, lengths, 0, lengths.length);
    embedding = other.embedding == null ? null : other.embedding.clone();
  }

  /** Takes another slot's content into the means: {@code this = a * this + b * other}. */
  void blend(float a, Slot other, float b) {
    Kernels.blend(mean, a, other.mean, b);
    if (embedding != null && other.embedding != null) {
      Kernels.blend(embedding, a, other.embedding, b);
    }
  }

  /** Becomes the slot of a frame, or of an earlier memory, with that embedding. */
  void embed(Optional<FloatBuffer> values) {
    if (values.isEmpty()) {
      embedding = null;
      return;
    }
    float[] room = embedding;
    if (room == null || room.length != values.get().remaining()) {
      room = new float[values.get().remaining()];
      embedding = room;
    }
    values.get().duplicate().get(room);
  }

  /** Told that another slot, of equal tokens, takes the place of a neighbour. */
  void nextBecame(Slot neighbour, Slot equal) {
    if (next == neighbour) {
      next = equal;
    }
  }

  /** Takes over another slot's representative frame. */
  void represent(Slot other) {
    representative = other.representative;
    System.arraycopy(other.representativeMean, 0, representativeMean, 0, mean.length);
  }

  /** Squared distance of the representative frame from a mean, both as token means. */
  double distanceTo(float[] otherMean) {
    return Kernels.squaredDistance(representativeMean, otherMean);
  }

  static long bytes(int tokens, int width) {
    return 8L * width + 16L * tokens + 128;
  }
}
