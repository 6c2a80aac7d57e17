package io.moviechat.memory;

import io.moviechat.TokenShape;
import io.moviechat.spi.NativeOwner;
import java.nio.FloatBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.concurrency.AffinityManager;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Rows of one ND4J array, on the device of the ND4J backend that the application chose. Whole-row
 * operations and products only: no reduction over a middle axis, no element access, no host memory
 * assumed. Every array is made once, outside of workspaces.
 */
final class Nd4jStore implements TokenStore {
  private final TokenShape shape;
  private final int rowCount;
  private final boolean onDevice;
  private final NativeOwner owner;
  private final INDArray all;
  private final INDArray[] rows;
  private final INDArray[] matrices;
  private final INDArray staging;
  private final INDArray products;
  private final INDArray ones;
  private final INDArray sums;
  private final float[] host;
  private final FrameReader reader;
  private boolean closed;

  @SuppressWarnings("try") // the scope is there for its effect
  Nd4jStore(int rowCount, TokenShape shape) {
    this.shape = shape;
    this.rowCount = rowCount;
    this.host = new float[shape.floats()];
    this.reader = new FrameReader(shape);
    this.owner = NativeOwner.open(this, "ND4J memory of " + rowCount + " slots of " + shape);
    try (MemoryWorkspace outside = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
      int tokens = shape.tokens();
      int width = shape.width();
      this.all = Nd4j.create(DataType.FLOAT, new long[] {rowCount, shape.floats()}, 'c');
      this.staging = Nd4j.create(DataType.FLOAT, new long[] {shape.floats()}, 'c');
      this.products = Nd4j.create(DataType.FLOAT, new long[] {tokens, width}, 'c');
      this.ones = Nd4j.ones(DataType.FLOAT, width, 1);
      // Column-major results are several times faster than row-major ones.
      this.sums = Nd4j.create(DataType.FLOAT, new long[] {tokens, 1}, 'f');
      this.rows = new INDArray[rowCount];
      this.matrices = new INDArray[rowCount];
      for (int i = 0; i < rowCount; i++) {
        rows[i] = all.getRow(i);
        matrices[i] = rows[i].reshape('c', tokens, width);
      }
    }
    this.onDevice = !Nd4j.getBackend().getClass().getName().contains(".cpu.");
  }

  @Override
  public void put(int row, FloatBuffer values, float[] mean) {
    mean(values, mean);
    values.get(values.position(), host);
    staging.data().setData(host);
    Nd4j.getAffinityManager().tagLocation(staging, AffinityManager.Location.HOST);
    rows[row].assign(staging);
  }

  @Override
  public void mean(FloatBuffer values, float[] mean) {
    reader.read(values, mean, null, 0);
  }

  @Override
  public void get(int row, float[] values) {
    staging.assign(rows[row]);
    Nd4j.getAffinityManager().ensureLocation(staging, AffinityManager.Location.HOST);
    System.arraycopy(staging.toFloatVector(), 0, values, 0, shape.floats());
  }

  @Override
  public void copy(int from, int to) {
    rows[to].assign(rows[from]);
  }

  @Override
  public void blend(int into, float a, int other, float b) {
    rows[into].muli(a);
    add(into, b, other);
  }

  @Override
  public void combine(int[] indices, float[] coefficients, int from, int to) {
    if (coefficients[from] != 1) {
      rows[indices[from]].muli(coefficients[from]);
    }
    for (int i = from + 1; i < to; i++) {
      add(indices[from], coefficients[i], indices[i]);
    }
  }

  private void add(int into, float factor, int other) {
    Nd4j.getBlasWrapper().level1().axpy(shape.floats(), factor, rows[other], rows[into]);
  }

  @Override
  public void dots(int a, int b, double[] perToken) {
    matrices[a].muli(matrices[b], products);
    products.mmuli(ones, sums);
    float[] found = sums.toFloatVector();
    for (int token = 0; token < perToken.length; token++) {
      perToken[token] = found[token];
    }
  }

  @Override
  public long heapBytes() {
    return shape.bytes() + reader.bytes();
  }

  @Override
  public long offHeapBytes() {
    return onDevice ? 0 : nativeBytes();
  }

  @Override
  public long deviceBytes() {
    return onDevice ? nativeBytes() : 0;
  }

  private long nativeBytes() {
    return (rowCount + 2L) * shape.bytes() + 4L * (shape.width() + shape.tokens());
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      for (INDArray array : new INDArray[] {all, staging, products, ones, sums}) {
        array.close();
      }
      owner.close();
    }
  }
}
