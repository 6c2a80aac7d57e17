package io.moviechat.memory;

import io.moviechat.TokenShape;
import io.moviechat.internal.NativeOwner;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.concurrency.AffinityManager;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Windows of frames in ND4J arrays, on the device of the ND4J backend that the application chose,
 * and all other rows in Java arrays.
 *
 * <p>The frames of a window lie in one array, {@code [window, N * D]}. When it is consolidated, one
 * batched product gives the inner products of all pairs, {@code [N, window, window]}, which are
 * read back at once; which pairs merge is then arithmetic on these numbers (see {@link
 * Similarity}); and one product with a {@code [window, slots]} matrix of weights gives the tokens
 * of the slots. Two calls a window, none a frame: frames are written to the array's host side,
 * which ND4J brings to the device as a whole before the first product. On a processor a few slots
 * are made by one product with a vector each, since BLAS libraries copy the frames to another order
 * for a product with a matrix, which takes up to five times as long as reading them. Long-term
 * memory, where a merge is one weighted sum and two comparisons, stays in Java arrays: on a device
 * each of them would be a call and a wait.
 *
 * <p>Every array is made once, outside of workspaces; results are column-major, several times
 * faster than row-major ones.
 */
final class Nd4jStore implements TokenStore {
  private static final int NONE = -1;

  /** Up to so many slots are made one by one on a processor. */
  private static final int FEW = 3;

  private static final Logger log = LoggerFactory.getLogger(Nd4jStore.class);

  private final TokenShape shape;
  private final int window;
  private final boolean onDevice;
  private final NativeOwner owner;
  private final FrameReader reader;
  private final FrameReader.Sink toWindow;

  /** Every row, except for what {@link #onHost} says is in {@link #frames} alone. */
  private final JavaStore host;

  private final boolean[] onHost;

  /** For each row the place of {@link #frames} that holds it too, or {@link #NONE}. */
  private final int[] placeOf;

  /** For each place its row, or {@link #NONE}. */
  private final int[] rowAt;

  /** {@code [window, N * D]}. */
  private final INDArray frames;

  private final FloatBuffer framesOnHost;

  /** The same as {@code [N * D, window]}. */
  private final INDArray framesAsColumns;

  /** The same as {@code [N, window, D]}. */
  private final INDArray framesByToken;

  /** {@code [N, window, window]}. */
  private final INDArray products;

  private final float[] productsRead;

  /** {@code [window]} and {@code [N * D]}, of one slot. */
  private final INDArray slotWeights;

  private final FloatBuffer slotWeightsOnHost;
  private final INDArray slotSum;
  private final FloatBuffer slotSumOnHost;

  /** {@code [window, slots]} and {@code [N * D, slots]}, for most slots so far. */
  private @Nullable INDArray weights;

  private @Nullable INDArray sums;
  private boolean closed;

  /**
   * @param window most rows that are ever consolidated together
   */
  @SuppressWarnings("try") // the scope is there for its effect
  Nd4jStore(int rows, TokenShape shape, int window) {
    this.shape = shape;
    this.window = window;
    this.reader = new FrameReader(shape);
    this.host = new JavaStore(rows, shape);
    this.onHost = new boolean[rows];
    Arrays.fill(onHost, true);
    this.placeOf = new int[rows];
    Arrays.fill(placeOf, NONE);
    this.rowAt = new int[window];
    Arrays.fill(rowAt, NONE);
    this.productsRead = new float[shape.tokens() * window * window];
    this.onDevice = !Nd4j.getBackend().getClass().getName().contains(".cpu.");
    this.owner = NativeOwner.open(this, "ND4J window of " + window + " frames of " + shape);
    OneThread.set(onDevice);
    try (MemoryWorkspace outside = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
      this.frames = Nd4j.create(DataType.FLOAT, new long[] {window, shape.floats()}, 'c');
      this.framesAsColumns = frames.transpose();
      this.framesByToken =
          frames.reshape('c', window, shape.tokens(), shape.width()).permute(1, 0, 2);
      this.products = Nd4j.create(DataType.FLOAT, new long[] {shape.tokens(), window, window}, 'c');
      this.slotWeights = Nd4j.create(DataType.FLOAT, window);
      this.slotSum = Nd4j.create(DataType.FLOAT, shape.floats());
    }
    FloatBuffer buffer = frames.data().asNioFloat();
    this.framesOnHost = buffer;
    this.slotWeightsOnHost = slotWeights.data().asNioFloat();
    this.slotSumOnHost = slotSum.data().asNioFloat();
    this.toWindow =
        (place, token, values) ->
            buffer.put(place * shape.floats() + token * shape.width(), values);
  }

  /**
   * OpenBLAS's threads wait for each other by spinning; where decoding and encoding keep the cores
   * busy, a product of two threads took ten times as long as on one (docs/memory.md). Whoever set
   * the number in the environment is obeyed.
   */
  private static final class OneThread {
    private static boolean done;

    private OneThread() {}

    static synchronized void set(boolean onDevice) {
      if (!done && !onDevice && System.getenv("OMP_NUM_THREADS") == null) {
        Nd4j.factory().blas().setMaxThreads(1);
        log.debug("ND4J's BLAS uses one thread");
      }
      done = true;
    }
  }

  @Override
  public void put(int row, FloatBuffer values, float[] mean) {
    int place = placeOf[row] == NONE ? freePlace() : placeOf[row];
    if (place == NONE) {
      host.put(row, values, mean);
      onHost[row] = true;
      return;
    }
    occupy(place, row);
    onHost[row] = false;
    reader.read(values, mean, toWindow, place);
    for (float sum : mean) {
      if (!Float.isFinite(sum)) {
        clear(place);
        return;
      }
    }
  }

  /** A frame that is refused must not stay: nothing times infinity is not nothing. */
  private void clear(int place) {
    for (int i = place * shape.floats(); i < (place + 1) * shape.floats(); i++) {
      framesOnHost.put(i, 0);
    }
  }

  private int freePlace() {
    for (int place = 0; place < window; place++) {
      if (rowAt[place] == NONE) {
        return place;
      }
    }
    return NONE;
  }

  private void occupy(int place, int row) {
    placeOf[row] = place;
    rowAt[place] = row;
  }

  private void release(int row) {
    if (placeOf[row] != NONE) {
      rowAt[placeOf[row]] = NONE;
      placeOf[row] = NONE;
    }
  }

  /** Makes the host's copy of a row true. */
  private void settle(int row) {
    if (!onHost[row]) {
      host.set(row, framesOnHost.position(placeOf[row] * shape.floats()));
      onHost[row] = true;
    }
  }

  /** Makes the host's copy of a row the only one, to be overwritten. */
  private void settleAlone(int row) {
    settle(row);
    release(row);
  }

  @Override
  public void mean(FloatBuffer values, float[] mean) {
    reader.read(values, mean, null, 0);
  }

  @Override
  public void get(int row, float[] values) {
    settle(row);
    host.get(row, values);
  }

  @Override
  public void copy(int from, int to) {
    settle(from);
    release(to);
    onHost[to] = true;
    host.copy(from, to);
  }

  @Override
  public void blend(int into, float a, int other, float b) {
    settleAlone(into);
    settle(other);
    host.blend(into, a, other, b);
  }

  @Override
  public void dots(int a, int b, double[] perToken) {
    settle(a);
    settle(b);
    host.dots(a, b, perToken);
  }

  @Override
  public boolean comparesWindows() {
    return true;
  }

  @Override
  public boolean products(int[] rows, int count, double[][][] found) {
    if (!gather(rows, count)) {
      return false;
    }
    Nd4j.matmul(framesByToken, framesByToken, products, false, true, false);
    products.data().asNioFloat().get(0, productsRead);
    for (int a = 0; a < count; a++) {
      for (int b = a; b < count; b++) {
        double[] perToken = found[a][b];
        int at = placeOf[rows[a]] * window + placeOf[rows[b]];
        for (int token = 0; token < perToken.length; token++, at += window * window) {
          perToken[token] = productsRead[at];
        }
      }
    }
    return true;
  }

  @Override
  public void combine(int[] rows, float[] coefficients, int[] starts, int groups) {
    int count = starts[groups];
    if (!gather(rows, count)) {
      for (int i = 0; i < count; i++) {
        settleAlone(rows[i]);
      }
      host.combine(rows, coefficients, starts, groups);
      return;
    }
    if (onDevice || groups > FEW) {
      combineAtOnce(rows, coefficients, starts, groups);
    } else {
      combineOneByOne(rows, coefficients, starts, groups);
    }
    for (int i = 0; i < count; i++) {
      release(rows[i]);
      onHost[rows[i]] = true;
    }
  }

  private void combineAtOnce(int[] rows, float[] coefficients, int[] starts, int groups) {
    INDArray factors = room(groups);
    FloatBuffer factorsOnHost = factors.data().asNioFloat();
    zero(factorsOnHost);
    for (int group = 0; group < groups; group++) {
      for (int i = starts[group]; i < starts[group + 1]; i++) {
        factorsOnHost.put(group * window + placeOf[rows[i]], coefficients[i]);
      }
    }
    changedOnHost(factors);
    INDArray results = Objects.requireNonNull(sums);
    Nd4j.gemm(frames, factors, results, true, false, 1, 0);
    FloatBuffer resultsOnHost = results.data().asNioFloat();
    for (int group = 0; group < groups; group++) {
      host.set(rows[starts[group]], resultsOnHost.position(group * shape.floats()));
    }
  }

  private void combineOneByOne(int[] rows, float[] coefficients, int[] starts, int groups) {
    for (int group = 0; group < groups; group++) {
      zero(slotWeightsOnHost);
      for (int i = starts[group]; i < starts[group + 1]; i++) {
        slotWeightsOnHost.put(placeOf[rows[i]], coefficients[i]);
      }
      Nd4j.getBlasWrapper().level2().gemv('f', 'n', 1, framesAsColumns, slotWeights, 0, slotSum);
      host.set(rows[starts[group]], slotSumOnHost);
    }
  }

  private static void zero(FloatBuffer values) {
    for (int i = 0; i < values.limit(); i++) {
      values.put(i, 0);
    }
  }

  /** Brings rows into the window, if it has room for so many. */
  private boolean gather(int[] rows, int count) {
    if (count > window) {
      return false;
    }
    for (int i = 0; i < count; i++) {
      if (placeOf[rows[i]] == NONE) {
        int place = freePlace();
        if (place == NONE) {
          place = placeOfAnother(rows, count);
        }
        host.get(rows[i], framesOnHost.position(place * shape.floats()));
        occupy(place, rows[i]);
      }
    }
    changedOnHost(frames);
    return true;
  }

  /** Takes a place from a row that is none of these. */
  private int placeOfAnother(int[] rows, int count) {
    for (int place = 0; place < window; place++) {
      boolean wanted = false;
      for (int i = 0; i < count; i++) {
        wanted |= rowAt[place] == rows[i];
      }
      if (!wanted) {
        settleAlone(rowAt[place]);
        return place;
      }
    }
    throw new IllegalStateException("rows given twice");
  }

  private static void changedOnHost(INDArray array) {
    Nd4j.getAffinityManager().tagLocation(array, AffinityManager.Location.HOST);
  }

  /** The matrix of weights for so many slots or more; {@link #sums} fits it. */
  @SuppressWarnings("try") // the scope is there for its effect
  private INDArray room(int slots) {
    INDArray enough = weights;
    if (enough == null || enough.columns() < slots) {
      closeIfThere(weights);
      closeIfThere(sums);
      try (MemoryWorkspace outside = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
        enough = Nd4j.create(DataType.FLOAT, new long[] {window, slots}, 'f');
        weights = enough;
        sums = Nd4j.create(DataType.FLOAT, new long[] {shape.floats(), slots}, 'f');
      }
    }
    return enough;
  }

  @Override
  public long heapBytes() {
    return host.heapBytes() + reader.bytes() + 4L * productsRead.length + 9L * placeOf.length;
  }

  @Override
  public long offHeapBytes() {
    return nativeBytes(); // the host side of arrays on a device takes as much
  }

  @Override
  public long deviceBytes() {
    return onDevice ? nativeBytes() : 0;
  }

  private long nativeBytes() {
    long floats = frames.length() + products.length() + slotWeights.length() + slotSum.length();
    floats += weights == null || sums == null ? 0 : weights.length() + sums.length();
    return floats * Float.BYTES;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      frames.close();
      products.close();
      slotWeights.close();
      slotSum.close();
      closeIfThere(weights);
      closeIfThere(sums);
      host.close();
      owner.close();
    }
  }

  private static void closeIfThere(@Nullable INDArray array) {
    if (array != null) {
      array.close();
    }
  }
}
