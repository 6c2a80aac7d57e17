package io.moviechat.video;

import io.moviechat.Frame;
import io.moviechat.spi.FrameStream;
import java.util.Optional;

/** The frames of the pictures that a selection picks, scaled by whoever asks for them. */
final class ScaledFrames implements FrameStream {
  private final FrameSelection selection;
  private final Scaler scaler;
  private final FramePool pool;

  /**
   * @param selection closed with this
   * @param scaler closed with this
   */
  ScaledFrames(FrameSelection selection, Scaler scaler, FramePool pool) {
    this.selection = selection;
    this.scaler = scaler;
    this.pool = pool;
  }

  @Override
  public Optional<Frame> next() {
    return selection.next()
        ? Optional.of(scaler.convert(selection.picture(), selection.time(), pool))
        : Optional.empty();
  }

  @Override
  public long damagedFrames() {
    return selection.damaged();
  }

  @Override
  public void close() {
    selection.close();
    scaler.close();
  }
}
