package io.moviechat.llm;

import com.google.common.primitives.ImmutableLongArray;
import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameTokens;
import io.moviechat.InferenceException;
import io.moviechat.ModelException;
import io.moviechat.TokenShape;
import io.moviechat.internal.NativeOwner;
import io.moviechat.internal.ResourceStack;
import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.Graph;
import io.moviechat.llm.internal.GraphRun;
import io.moviechat.llm.internal.OrtException;
import io.moviechat.llm.internal.Tensor;
import io.moviechat.llm.internal.TensorInfo;
import io.moviechat.spi.FrameEncoder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/** A bundle's vision encoder. */
final class OnnxFrameEncoder implements FrameEncoder {
  /** Buffers kept for reuse beyond those in use. */
  private static final int KEPT_BUFFERS = 32;

  private final Graph graph;
  private final String id;
  private final ImagePreprocessor images;
  private final @Nullable PatchLayout layout;
  private final TensorInfo pixelInfo;
  private final int batch;
  private final Tensor pixels;
  private final Tensor pixelsView;
  private final float[] floats;
  private final List<FixedInput> fixedInputs = new ArrayList<>();
  private final GraphRun run;
  private final TokenShape shape;
  private final @Nullable RowGrid unpooled;
  private final Queue<FloatBuffer> pool = new ConcurrentLinkedQueue<>();
  private final ResourceStack resources;
  private boolean closed;

  /**
   * An input that is the same for every picture.
   *
   * @param memory for a whole batch
   * @param dims behind the number of pictures
   */
  private record FixedInput(
      String name, Tensor memory, Tensor view, boolean framed, ImmutableLongArray dims) {
    void bind(GraphRun run, int pictures) {
      long[] shape = new long[dims.length() + (framed ? 2 : 1)];
      shape[0] = 1;
      shape[framed ? 1 : 0] = pictures;
      for (int i = 0; i < dims.length(); i++) {
        shape[shape.length - dims.length() + i] = dims.get(i);
      }
      view.view(memory, 0, shape);
      run.input(name, view);
    }
  }

  /**
   * Takes ownership of the graph, also if this fails.
   *
   * @param wantedBatch frames at once, unless the graph insists on a number
   */
  OnnxFrameEncoder(Graph graph, String id, Family family, int wantedBatch, boolean pooled) {
    this.graph = graph;
    this.id = pooled ? id + "+pooled" : id;
    this.images = family.images();
    this.layout = family.patches().orElse(null);
    this.pixelInfo = graph.header().input("pixel_values").orElseThrow();
    try (ResourceStack opened = new ResourceStack()) {
      opened.push(graph);
      this.batch = fixedBatch() > 0 ? Math.min(fixedBatch(), 64) : wantedBatch;
      pixels = opened.push(Tensor.allocate(pixelInfo.type(), pixelDims(batch)));
      pixelsView = opened.push(Tensor.newView(pixels, pixelInfo.type(), pixelInfo.rank()));
      floats = new float[pixelInfo.type() == ElementType.FLOAT ? 0 : batch * frameFloats()];
      openFixedInputs(opened);
      run = opened.push(new GraphRun(graph));
      run.freeOutput("image_features");
      TokenShape full = probe();
      RowGrid grid = layout != null ? layout.grid() : RowGrid.square(full.tokens());
      if (layout != null && layout.grid().rows() != full.tokens()) {
        throw new ModelException(
            graph.header().file()
                + " gives "
                + full.tokens()
                + " tokens for a frame of "
                + images.width()
                + " x "
                + images.height()
                + ", which should give "
                + layout.grid().rows());
      }
      if (pooled && grid == null) {
        throw new ModelException(
            graph.header().file()
                + " gives "
                + full.tokens()
                + " tokens for a frame, which form no square that could be pooled");
      }
      unpooled = pooled ? grid : null;
      shape = unpooled == null ? full : new TokenShape(unpooled.pooled().rows(), full.width());
      opened.push(NativeOwner.open(this, "frame encoder " + id));
      resources = opened.release();
    }
  }

  private void openFixedInputs(ResourceStack opened) {
    if (layout == null) {
      if (graph.header().input("pixel_attention_mask").isPresent()) {
        ImmutableLongArray dims = ImmutableLongArray.of(images.height(), images.width());
        Tensor mask =
            opened.push(Tensor.allocate(ElementType.BOOL, batch, images.height(), images.width()));
        ByteBuffer all = mask.buffer();
        while (all.hasRemaining()) {
          all.put((byte) 1);
        }
        Tensor view = opened.push(Tensor.newView(mask, ElementType.BOOL, 4));
        fixedInputs.add(new FixedInput("pixel_attention_mask", mask, view, true, dims));
      }
      return;
    }
    for (Map.Entry<String, PatchLayout.Input> entry : layout.inputs().entrySet()) {
      PatchLayout.Input input = entry.getValue();
      if (graph.header().input(entry.getKey()).isPresent()) {
        int rank = 1 + input.dims().length();
        long[] dims = new long[rank];
        dims[0] = batch;
        for (int i = 1; i < rank; i++) {
          dims[i] = input.dims().get(i - 1);
        }
        Tensor memory = opened.push(Tensor.allocate(ElementType.INT64, dims));
        LongBuffer values = memory.buffer().asLongBuffer();
        while (values.hasRemaining()) {
          values.put(input.values().toArray());
        }
        Tensor view = opened.push(Tensor.newView(memory, ElementType.INT64, rank));
        fixedInputs.add(new FixedInput(entry.getKey(), memory, view, false, input.dims()));
      }
    }
  }

  private long[] pixelDims(int pictures) {
    if (layout != null) {
      return layout.dims(pictures);
    }
    return pixelInfo.rank() == 5
        ? new long[] {1, pictures, 3, images.height(), images.width()}
        : new long[] {pictures, 3, images.height(), images.width()};
  }

  private int frameFloats() {
    return layout != null ? layout.floats() : 3 * images.width() * images.height();
  }

  /** The real shape of a frame's tokens: what the encoder gives for a black frame. */
  private TokenShape probe() {
    ByteBuffer black = pixels.buffer();
    while (black.hasRemaining()) {
      black.put((byte) 0);
    }
    try (Tensor features = runBatch(Math.max(1, fixedBatch()))) {
      int frames = Math.max(1, fixedBatch());
      int rank = features.rank();
      long rows = rank == 3 ? features.dim(0) * features.dim(1) : features.dim(0);
      long width = features.dim(rank - 1);
      if (rank < 2 || rows % frames != 0) {
        throw new ModelException(
            graph.header().file() + " gives " + rows + " visual tokens for " + frames + " frames");
      }
      return new TokenShape((int) (rows / frames), (int) width);
    } catch (OrtException e) {
      throw new ModelException(
          graph.header().file() + " loads but does not run: " + e.getMessage(), e);
    }
  }

  /** The number of frames that the graph insists on, 0 if any will do. */
  private int fixedBatch() {
    long fixed = pixelInfo.dim(pixelInfo.rank() == 5 ? 1 : 0);
    if (fixed <= 0) {
      return 0;
    }
    long one = layout == null ? 1 : layout.dims(1)[0];
    return (int) Math.max(1, fixed / one);
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public TokenShape shape() {
    return shape;
  }

  @Override
  public FrameFormat preferredFormat() {
    return images.preferred();
  }

  @Override
  public int preferredBatch() {
    return batch;
  }

  @Override
  public synchronized List<FrameTokens> encode(List<Frame> frames) {
    if (closed) {
      throw new IllegalStateException("frame encoder " + id + " is closed");
    }
    if (frames.isEmpty()) {
      throw new IllegalArgumentException("there are no frames to encode");
    }
    List<FrameTokens> result = new ArrayList<>(frames.size());
    try {
      for (int from = 0; from < frames.size(); from += batch) {
        encode(frames.subList(from, Math.min(frames.size(), from + batch)), result);
      }
      return result;
    } catch (RuntimeException e) {
      result.forEach(FrameTokens::close);
      throw e;
    }
  }

  private void encode(List<Frame> frames, List<FrameTokens> result) {
    FloatBuffer values =
        pixels.type() == ElementType.FLOAT
            ? pixels.buffer().asFloatBuffer()
            : FloatBuffer.wrap(floats);
    for (Frame frame : frames) {
      if (layout == null) {
        images.write(frame, values);
      } else {
        layout.write(images.prepare(frame), images, values);
      }
    }
    if (pixels.type() != ElementType.FLOAT) {
      Lane.fromFloats(floats, pixels);
    }
    int count = fixedBatch() > 0 ? fixedBatch() : frames.size();
    try (Tensor features = runBatch(count)) {
      long got = features.bytes() / features.type().bytes();
      int frameFloats = unpooled != null ? unpooled.rows() * shape.width() : shape.floats();
      if (got != (long) frameFloats * count) {
        throw new InferenceException(
            "the vision encoder gave " + got + " values for " + count + " frames of " + shape);
      }
      FloatBuffer from = floats(features);
      for (int i = 0; i < frames.size(); i++) {
        FloatBuffer tokens = take();
        FloatBuffer frame = from.slice(i * frameFloats, frameFloats);
        if (unpooled != null) {
          Pooling.pool(frame, unpooled, shape.width(), tokens);
        } else {
          tokens.put(frame);
        }
        tokens.flip();
        Duration time = frames.get(i).timestamp();
        result.add(FrameTokens.of(time, shape, tokens, () -> give(tokens)));
      }
    } catch (OrtException e) {
      throw new InferenceException("the vision encoder failed: " + e.getMessage(), e);
    }
  }

  private static FloatBuffer floats(Tensor features) {
    if (features.type() == ElementType.FLOAT) {
      return features.buffer().asFloatBuffer();
    }
    float[] values = new float[(int) (features.bytes() / features.type().bytes())];
    Lane.toFloats(features, values);
    return FloatBuffer.wrap(values);
  }

  private Tensor runBatch(int count) {
    pixelsView.view(pixels, 0, pixelDims(count));
    run.input("pixel_values", pixelsView);
    for (FixedInput input : fixedInputs) {
      input.bind(run, count);
    }
    run.run();
    return run.takeFree();
  }

  private FloatBuffer take() {
    FloatBuffer pooled = pool.poll();
    if (pooled != null) {
      return pooled.clear();
    }
    return ByteBuffer.allocateDirect((int) shape.bytes())
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }

  private void give(FloatBuffer buffer) {
    if (pool.size() < KEPT_BUFFERS) {
      pool.add(buffer);
    }
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      resources.close();
      pool.clear();
    }
  }
}
