package io.moviechat.llm.checkpoint;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.io.IOException;
import java.util.List;

/**
 * Weights of 4 bits for the operator MatMulNBits: each row of a matrix {@code [out, in]} is cut
 * into blocks, and a block's values are {@code scale * (q - zero)} with q in 0..15. The scale and
 * zero point are those of the block's range, widened to hold 0.
 */
final class FourBits {
  private final Tensor matrix;
  private final int rows;
  private final int columns;
  private final int block;
  private final int blocks;

  FourBits(Tensor matrix, int block) {
    this.matrix = matrix;
    this.rows = Math.toIntExact(matrix.shape().get(0));
    this.columns = Math.toIntExact(matrix.shape().get(1));
    this.block = block;
    this.blocks = (columns + block - 1) / block;
  }

  /** {@code [out, blocks, block / 2]}: two values a byte, the first in the low half. */
  Weight values() {
    return new Weight(
        DataType.UINT8,
        List.of((long) rows, (long) blocks, block / 2L),
        (long) rows * columns,
        sink -> {
          byte[] bytes = new byte[blocks * block / 2];
          eachRow(
              (row, scales, zeros) -> {
                for (int b = 0; b < blocks; b++) {
                  float inverse = 1 / scales[b];
                  for (int i = 0; i < block; i += 2) {
                    int at = b * block + i;
                    int low = quantised(row[at], inverse, zeros[b]);
                    int high = quantised(row[at + 1], inverse, zeros[b]);
                    bytes[at / 2] = (byte) (low | high << 4);
                  }
                }
                sink.bytes(bytes, bytes.length);
              });
        });
  }

  /** {@code [out * blocks]}. */
  Weight scales(DataType type) {
    return new Weight(
        type,
        List.of((long) rows * blocks),
        0,
        sink -> eachRow((row, scales, zeros) -> sink.floats(scales, blocks, type)));
  }

  /** {@code [out * ceil(blocks / 2)]}: two zero points a byte. */
  Weight zeroPoints() {
    int width = (blocks + 1) / 2;
    return new Weight(
        DataType.UINT8,
        List.of((long) rows * width),
        0,
        sink -> {
          byte[] bytes = new byte[width];
          eachRow(
              (row, scales, zeros) -> {
                for (int i = 0; i < width; i++) {
                  int high = 2 * i + 1 < blocks ? zeros[2 * i + 1] : 0;
                  bytes[i] = (byte) (zeros[2 * i] | high << 4);
                }
                sink.bytes(bytes, width);
              });
        });
  }

  private static int quantised(float value, float inverse, int zero) {
    return Math.max(0, Math.min(15, Math.round(value * inverse) + zero));
  }

  private interface RowVisitor {
    /**
     * @param row a row, filled up with zeros to whole blocks
     */
    void visit(float[] row, float[] scales, int[] zeros) throws IOException;
  }

  private void eachRow(RowVisitor visitor) throws IOException {
    float[] row = new float[blocks * block];
    float[] scales = new float[blocks];
    int[] zeros = new int[blocks];
    for (int r = 0; r < rows; r++) {
      matrix.read((long) r * columns, row, 0, columns);
      for (int b = 0; b < blocks; b++) {
        float low = 0;
        float high = 0;
        for (int i = b * block; i < (b + 1) * block; i++) {
          low = Math.min(low, row[i]);
          high = Math.max(high, row[i]);
        }
        // Rounded to fp16, so that the same integers fit scales of either type.
        float scale = Halves.fromHalf(Halves.toHalf((high - low) / 15));
        scales[b] = scale > 0 ? scale : 1;
        zeros[b] = Math.max(0, Math.min(15, Math.round(-low / scales[b])));
      }
      visitor.visit(row, scales, zeros);
    }
  }
}
