package io.moviechat.llm.internal;

import org.bytedeco.onnxruntime.OrtStatus;
import org.jspecify.annotations.Nullable;

/** ONNX Runtime that refuses the n-th call, as it does when a graphics card is full. */
public final class FailingOrt extends Ort implements AutoCloseable {
  private final Ort real;
  private int left;

  private FailingOrt(Ort real, int steps) {
    super(real);
    this.real = real;
    this.left = steps;
  }

  /** All that is opened from now on, until closed, fails after that many calls. */
  public static FailingOrt after(int steps) {
    FailingOrt failing = new FailingOrt(Ort.get(), steps);
    Ort.instance = failing;
    return failing;
  }

  /** Whether a call was refused. */
  public boolean refused() {
    return left < 0;
  }

  /** Tensors that are open. */
  public static int liveTensors() {
    return Tensor.LIVE.get();
  }

  @Override
  void check(@Nullable OrtStatus status) {
    super.check(status);
    if (--left < 0) {
      throw new OrtException("this call was made to fail");
    }
  }

  @Override
  public void close() {
    Ort.instance = real;
  }
}
