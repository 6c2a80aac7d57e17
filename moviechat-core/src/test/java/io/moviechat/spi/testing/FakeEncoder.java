package io.moviechat.spi.testing;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameTokens;
import io.moviechat.TokenShape;
import io.moviechat.spi.FrameEncoder;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** An encoder whose tokens are the mean colour of the frame, repeated. */
public final class FakeEncoder implements FrameEncoder {
  private final String id;
  private final TokenShape shape;
  private final int batch;
  private final Consumer<List<Frame>> onEncode;
  private boolean closed;

  /** An encoder of two tokens of width three, four frames to a batch. */
  public FakeEncoder() {
    this(new TokenShape(2, 3), 4, frames -> {});
  }

  /**
   * An encoder that does something for each batch: wait, fail, count.
   *
   * @param shape of its tokens
   * @param batch its preferred batch
   * @param onEncode called with each batch
   */
  public FakeEncoder(TokenShape shape, int batch, Consumer<List<Frame>> onEncode) {
    this("fake-encoder", shape, batch, onEncode);
  }

  /**
   * The same of another name, as encoders of other weights have.
   *
   * @param id its name
   * @param shape of its tokens
   * @param batch its preferred batch
   * @param onEncode called with each batch
   */
  public FakeEncoder(String id, TokenShape shape, int batch, Consumer<List<Frame>> onEncode) {
    this.id = id;
    this.shape = shape;
    this.batch = batch;
    this.onEncode = onEncode;
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
    return FrameFormat.stretch(8, 6, FrameFormat.Resampling.BILINEAR);
  }

  @Override
  public int preferredBatch() {
    return batch;
  }

  @Override
  public List<FrameTokens> encode(List<Frame> frames) {
    if (closed) {
      throw new IllegalStateException("FakeEncoder is closed");
    }
    if (frames.isEmpty()) {
      throw new IllegalArgumentException("there is no frame to encode");
    }
    onEncode.accept(frames);
    List<FrameTokens> tokens = new ArrayList<>();
    for (Frame frame : frames) {
      double[] sums = new double[3];
      ByteBuffer rgb = frame.rgb();
      for (int i = 0; i < rgb.limit(); i++) {
        sums[i % 3] += rgb.get(i) & 0xff;
      }
      float[] values = new float[shape.floats()];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (sums[i % 3] / rgb.limit() * 3 / 255);
      }
      tokens.add(FrameTokens.of(frame.timestamp(), shape, FloatBuffer.wrap(values)));
    }
    return tokens;
  }

  @Override
  public void close() {
    closed = true;
  }
}
