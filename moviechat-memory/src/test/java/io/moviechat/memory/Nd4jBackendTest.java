package io.moviechat.memory;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The native backend loads and multiplies with this project's JavaCPP and OpenBLAS. */
class Nd4jBackendTest {
  @Test
  void multipliesMatrices() {
    INDArray a = Nd4j.createFromArray(new float[][] {{1, 2, 3}, {4, 5, 6}});
    INDArray out = Nd4j.create(DataType.FLOAT, new long[] {2, 2}, 'f');
    a.mmuli(a.transpose(), out);
    assertThat(out.toFloatMatrix()).isDeepEqualTo(new float[][] {{14, 32}, {32, 77}});
  }
}
