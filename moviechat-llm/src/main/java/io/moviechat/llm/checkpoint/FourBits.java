package io.moviechat.llm.checkpoint;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import io.moviechat.internal.HalfFloats;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Weights of 4 bits for the operator MatMulNBits: each row of a matrix {@code [out, in]} is cut
 * into blocks, and a block's values are {@code scale * (q - zero)} with q in 0..15.
 *
 * <p>Scale and zero are chosen for the least squared error: those of the block's whole range are
 * tried first, then narrower ranges, which cut off outliers for the sake of all others; the best
 * one's scale is then the least-squares fit to its integers. On normally distributed weights that
 * is 4 % (blocks of 32) to 5 % (128) less error than the whole range has, and 1 % more than an
 * exhaustive search finds.
 */
final class FourBits {
  private static final int LARGEST = 15;
  private static final int NARROWER = 7;
  private static final float STEP = 0.04f;

  /** Rows that are worked on together, by all processors. */
  private static final int ROWS = 64;

  private final Tensor matrix;
  private final int rows;
  private final int columns;
  private final int block;
  private final int blocks;
  private @Nullable Fit fit;

  FourBits(Tensor matrix, int block) {
    this.matrix = matrix;
    this.rows = Math.toIntExact(matrix.shape().get(0));
    this.columns = Math.toIntExact(matrix.shape().get(1));
    this.block = block;
    this.blocks = (columns + block - 1) / block;
  }

  /** Scales and zeros of all blocks; they take a twentieth of the matrix's room. */
  @SuppressWarnings("ArrayRecordComponent") // carries, is not compared
  private record Fit(float[] scales, byte[] zeros) {}

  /** {@code [out, blocks, block / 2]}: two values a byte, the first in the low half. */
  Weight values() {
    return new Weight(
        DataType.UINT8,
        List.of((long) rows, (long) blocks, block / 2L),
        (long) rows * columns,
        sink -> fit = quantise(sink));
  }

  /** {@code [out * blocks]}. */
  Weight scales(DataType type) {
    return new Weight(
        type,
        List.of((long) rows * blocks),
        0,
        sink -> {
          float[] scales = fitted().scales();
          sink.floats(scales, scales.length, type);
        });
  }

  /** {@code [out * ceil(blocks / 2)]}: two zero points a byte. */
  Weight zeroPoints() {
    int width = (blocks + 1) / 2;
    return new Weight(
        DataType.UINT8,
        List.of((long) rows * width),
        0,
        sink -> {
          byte[] zeros = fitted().zeros();
          byte[] bytes = new byte[width];
          for (int r = 0; r < rows; r++) {
            int first = r * blocks;
            for (int i = 0; i < width; i++) {
              int high = 2 * i + 1 < blocks ? zeros[first + 2 * i + 1] : 0;
              bytes[i] = (byte) (zeros[first + 2 * i] | high << 4);
            }
            sink.bytes(bytes, width);
          }
          fit = null; // the last of the three to be written
        });
  }

  private Fit fitted() throws IOException {
    if (fit == null) {
      fit = quantise(null);
    }
    return fit;
  }

  /**
   * Fits every block.
   *
   * @param sink takes the integers; none if they are not wanted
   */
  private Fit quantise(@Nullable WeightSink sink) throws IOException {
    Fit found = new Fit(new float[rows * blocks], new byte[rows * blocks]);
    int wide = blocks * block;
    float[] values = new float[ROWS * wide];
    byte[] integers = new byte[ROWS * wide / 2];
    for (int row = 0; row < rows; row += ROWS) {
      int count = Math.min(ROWS, rows - row);
      for (int r = 0; r < count; r++) {
        matrix.read((row + r) * (long) columns, values, r * wide, columns);
      }
      int first = row * blocks;
      IntStream.range(0, count * blocks)
          .parallel()
          .forEach(b -> quantise(values, integers, b, found, first + b));
      if (sink != null) {
        sink.bytes(integers, count * wide / 2);
      }
    }
    return found;
  }

  private void quantise(float[] values, byte[] integers, int b, Fit found, int at) {
    int from = b * block;
    int to = from + block;
    fit(values, from, to, found, at);
    float inverse = 1 / found.scales()[at];
    int zero = found.zeros()[at];
    for (int i = from; i < to; i += 2) {
      int low = quantised(values[i], inverse, zero);
      int high = quantised(values[i + 1], inverse, zero);
      integers[i / 2] = (byte) (low | high << 4);
    }
  }

  private static void fit(float[] values, int from, int to, Fit found, int at) {
    float low = 0;
    float high = 0;
    for (int i = from; i < to; i++) {
      low = Math.min(low, values[i]);
      high = Math.max(high, values[i]);
    }
    float whole = (high - low) / LARGEST;
    if (!(storable(whole) < Float.POSITIVE_INFINITY)) {
      found.scales()[at] = Float.NaN; // a weight that is none; the sink refuses it with its name
      return;
    }
    float scale = 1;
    int zero = 0;
    double least = Double.MAX_VALUE;
    for (int n = 0; n < NARROWER; n++) {
      float narrower = storable(whole * (1 - n * STEP));
      if (!(narrower > 0)) {
        break; // all zeros, or so small that fp16 does not hold their scale
      }
      // The middle of the range lies at the middle of the integers, or half a step beside it.
      int below = (int) Math.floor(LARGEST / 2f - (low + high) / 2 / narrower);
      for (int candidate = below; candidate <= below + 1; candidate++) {
        int inside = Math.max(0, Math.min(LARGEST, candidate));
        double error = error(values, from, to, narrower, inside);
        if (error < least) {
          least = error;
          scale = narrower;
          zero = inside;
        }
      }
    }
    float refined = storable(leastSquares(values, from, to, scale, zero));
    if (refined > 0 && error(values, from, to, refined, zero) < least) {
      scale = refined;
    }
    found.scales()[at] = scale;
    found.zeros()[at] = (byte) zero;
  }

  /** Rounded to fp16, so that the same integers fit scales of either type. */
  private static float storable(float scale) {
    return HalfFloats.toFloat(HalfFloats.fromFloat(scale));
  }

  private static double error(float[] values, int from, int to, float scale, int zero) {
    float inverse = 1 / scale;
    float sum = 0;
    for (int i = from; i < to; i++) {
      float difference = values[i] - scale * (quantised(values[i], inverse, zero) - zero);
      sum += difference * difference;
    }
    return sum;
  }

  /** The scale that fits the integers best. */
  private static float leastSquares(float[] values, int from, int to, float scale, int zero) {
    float inverse = 1 / scale;
    double products = 0;
    double squares = 0;
    for (int i = from; i < to; i++) {
      int integer = quantised(values[i], inverse, zero) - zero;
      products += (double) integer * values[i];
      squares += integer * integer;
    }
    return squares > 0 ? (float) (products / squares) : 0;
  }

  private static int quantised(float value, float inverse, int zero) {
    return Math.max(0, Math.min(LARGEST, (int) (value * inverse + zero + 0.5f)));
  }
}
