package io.moviechat.llm;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameTokens;
import io.moviechat.InferenceException;
import io.moviechat.ModelException;
import io.moviechat.TokenShape;
import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.Graph;
import io.moviechat.llm.internal.GraphRun;
import io.moviechat.llm.internal.OrtException;
import io.moviechat.llm.internal.Tensor;
import io.moviechat.llm.internal.TensorInfo;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.NativeOwner;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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
  private final TensorInfo pixelInfo;
  private final int batch;
  private final Tensor pixels;
  private final Tensor pixelsView;
  private final float[] floats;
  private final @Nullable Tensor mask;
  private final @Nullable Tensor maskView;
  private final GraphRun run;
  private final TokenShape shape;
  private final int side;
  private final Queue<FloatBuffer> pool = new ConcurrentLinkedQueue<>();
  private final NativeOwner owner;
  private boolean closed;

  /** Takes ownership of the graph, also if this fails. */
  OnnxFrameEncoder(Graph graph, String id, Family family, int wantedBatch, boolean pooled) {
    this.graph = graph;
    this.id = pooled ? id + "+pooled" : id;
    this.images = family.images();
    this.pixelInfo = graph.header().input("pixel_values").orElseThrow();
    boolean square = pixelInfo.rank() == 5;
    long fixed = pixelInfo.dim(square ? 1 : 0);
    this.batch = fixed > 0 ? (int) Math.min(fixed, 64) : wantedBatch;
    List<AutoCloseable> opened = new ArrayList<>();
    try {
      opened.add(graph);
      int plane = images.width() * images.height();
      pixels = Tensor.allocate(pixelInfo.type(), batch, 3, images.height(), images.width());
      opened.add(pixels);
      pixelsView = Tensor.newView(pixels, pixelInfo.type(), pixelInfo.rank());
      opened.add(pixelsView);
      floats = new float[pixelInfo.type() == ElementType.FLOAT ? 0 : batch * 3 * plane];
      if (graph.header().input("pixel_attention_mask").isPresent()) {
        mask = Tensor.allocate(ElementType.BOOL, batch, images.height(), images.width());
        opened.add(mask);
        ByteBuffer all = mask.buffer();
        while (all.hasRemaining()) {
          all.put((byte) 1);
        }
        maskView = Tensor.newView(mask, ElementType.BOOL, 4);
        opened.add(maskView);
      } else {
        mask = null;
        maskView = null;
      }
      run = new GraphRun(graph);
      opened.add(run);
      run.freeOutput("image_features");
      TokenShape full = probe();
      side = pooled ? Pooling.side(full.tokens()) : 0;
      if (pooled && side == 0) {
        throw new ModelException(
            graph.header().file()
                + " gives "
                + full.tokens()
                + " tokens for a frame, which form no square that could be pooled");
      }
      shape = pooled ? new TokenShape(Pooling.pooled(side), full.width()) : full;
      owner = NativeOwner.open(this, "frame encoder " + id);
    } catch (RuntimeException e) {
      closeAll(opened);
      throw e;
    }
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
    return fixed > 0 ? (int) fixed : 0;
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
      images.write(frame, values);
    }
    if (pixels.type() != ElementType.FLOAT) {
      Lane.fromFloats(floats, pixels);
    }
    int count = fixedBatch() > 0 ? fixedBatch() : frames.size();
    try (Tensor features = runBatch(count)) {
      long got = features.bytes() / features.type().bytes();
      int frameFloats = side > 0 ? side * side * shape.width() : shape.floats();
      if (got != (long) frameFloats * count) {
        throw new InferenceException(
            "the vision encoder gave " + got + " values for " + count + " frames of " + shape);
      }
      FloatBuffer from = floats(features);
      for (int i = 0; i < frames.size(); i++) {
        FloatBuffer tokens = take();
        FloatBuffer frame = from.slice(i * frameFloats, frameFloats);
        if (side > 0) {
          Pooling.pool(frame, side, shape.width(), tokens);
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
    if (pixelInfo.rank() == 5) {
      pixelsView.view(pixels, 0, 1, count, 3, images.height(), images.width());
    } else {
      pixelsView.view(pixels, 0, count, 3, images.height(), images.width());
    }
    run.input("pixel_values", pixelsView);
    if (mask != null && maskView != null) {
      maskView.view(mask, 0, 1, count, images.height(), images.width());
      run.input("pixel_attention_mask", maskView);
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
      run.close();
      pixelsView.close();
      pixels.close();
      if (mask != null && maskView != null) {
        maskView.close();
        mask.close();
      }
      graph.close();
      pool.clear();
      owner.close();
    }
  }

  private static void closeAll(List<AutoCloseable> opened) {
    for (int i = opened.size() - 1; i >= 0; i--) {
      try {
        opened.get(i).close();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
