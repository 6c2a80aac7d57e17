package io.moviechat.llm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import io.moviechat.ModelException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FourBitsTest {
  @SuppressWarnings("ArrayRecordComponent") // carries, is not compared
  private record Matrix(int rows, int columns, float[] values) implements Tensor {
    @Override
    public ElementType type() {
      return ElementType.FLOAT32;
    }

    @Override
    public List<Long> shape() {
      return List.of((long) rows, (long) columns);
    }

    @Override
    public void read(long first, float[] into, int at, int count) {
      System.arraycopy(values, (int) first, into, at, count);
    }

    static Matrix normal(int rows, int columns) {
      Random random = new Random(rows * 31L + columns);
      float[] values = new float[rows * columns];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (0.02 * random.nextGaussian());
      }
      return new Matrix(rows, columns, values);
    }
  }

  private static ByteBuffer written(Weight weight) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    WeightSink sink = new WeightSink(Channels.newChannel(bytes));
    sink.begin("w");
    weight.content().writeTo(sink);
    sink.flush();
    assertThat(bytes.size()).isEqualTo((int) weight.bytes());
    return ByteBuffer.wrap(bytes.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** What MatMulNBits makes of the three parts. */
  private static float[] restored(Matrix matrix, int block) throws IOException {
    FourBits bits = new FourBits(matrix, block);
    ByteBuffer values = written(bits.values());
    ByteBuffer scales = written(bits.scales(DataType.FLOAT));
    ByteBuffer zeros = written(bits.zeroPoints());
    int blocks = (matrix.columns() + block - 1) / block;
    float[] restored = new float[matrix.rows() * matrix.columns()];
    for (int r = 0; r < matrix.rows(); r++) {
      for (int c = 0; c < matrix.columns(); c++) {
        int b = c / block;
        int place = (r * blocks + b) * block + c % block;
        int q = (values.get(place / 2) >> (4 * (place % 2))) & 15;
        int zero = (zeros.get(r * ((blocks + 1) / 2) + b / 2) >> (4 * (b % 2))) & 15;
        restored[r * matrix.columns() + c] = scales.getFloat(4 * (r * blocks + b)) * (q - zero);
      }
    }
    return restored;
  }

  private static double error(float[] actual, float[] expected) {
    double squares = 0;
    double all = 0;
    for (int i = 0; i < expected.length; i++) {
      squares += Math.pow(actual[i] - expected[i], 2);
      all += Math.pow(expected[i], 2);
    }
    return Math.sqrt(squares / all);
  }

  /** Each block over its whole range, as most quantisers do it. */
  private static float[] wholeRange(Matrix matrix, int block) {
    float[] restored = matrix.values().clone();
    for (int from = 0; from < restored.length; from += block) {
      float low = 0;
      float high = 0;
      for (int i = from; i < from + block; i++) {
        low = Math.min(low, restored[i]);
        high = Math.max(high, restored[i]);
      }
      float scale = (high - low) / 15;
      int zero = Math.round(-low / scale);
      for (int i = from; i < from + block; i++) {
        int q = Math.max(0, Math.min(15, Math.round(restored[i] / scale) + zero));
        restored[i] = scale * (q - zero);
      }
    }
    return restored;
  }

  @ParameterizedTest
  @CsvSource({"32, 0.975", "128, 0.96"})
  void errsLessThanTheWholeRange(int block, double most) throws IOException {
    Matrix matrix = Matrix.normal(100, 512);
    double error = error(restored(matrix, block), matrix.values());
    assertThat(error).isBetween(0.05, 0.1);
    assertThat(error).isLessThan(most * error(wholeRange(matrix, block), matrix.values()));
  }

  @Test
  void aLoneOutlierIsWorthCuttingOff() throws IOException {
    Matrix matrix = Matrix.normal(1, 256);
    matrix.values()[7] = 0.09f;
    double error = error(restored(matrix, 256), matrix.values());
    assertThat(error).isLessThan(0.97 * error(wholeRange(matrix, 256), matrix.values()));
  }

  /** The last block is not whole, and the number of blocks is odd. */
  @ParameterizedTest
  @CsvSource({"16, 67, 70", "32, 3, 96", "64, 1, 100", "256, 130, 30"})
  void everyShapeIsLaidOutAsTheOperatorReadsIt(int block, int rows, int columns)
      throws IOException {
    Matrix matrix = Matrix.normal(rows, columns);
    assertThat(error(restored(matrix, block), matrix.values())).isBetween(0.03, 0.13);
  }

  @Test
  void whatFourBitsHoldIsExact() throws IOException {
    float[] values = new float[64];
    for (int i = 0; i < 32; i++) {
      values[i] = (i % 16 - 5) * 0.125f;
    }
    Matrix matrix = new Matrix(1, 64, values);
    assertThat(restored(matrix, 32)).containsExactly(values, within(0f));
    float[] constant = new float[32];
    java.util.Arrays.fill(constant, -0.375f);
    assertThat(restored(new Matrix(1, 32, constant), 32)).containsExactly(constant, within(1e-4f));
  }

  @ParameterizedTest
  @CsvSource({"NaN", "Infinity", "-Infinity", "1e7"})
  void whatIsNoWeightIsRefused(float value) {
    Matrix matrix = Matrix.normal(2, 64);
    matrix.values()[70] = value;
    assertThatThrownBy(() -> restored(matrix, 32))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("weight w");
  }
}
