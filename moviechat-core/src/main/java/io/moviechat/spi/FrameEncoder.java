package io.moviechat.spi;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameTokens;
import io.moviechat.TokenShape;
import java.util.List;

/**
 * Turns frames into the visual tokens that memory keeps.
 *
 * <p><b>Shape.</b> Each frame becomes N tokens of width D ({@link #shape()}), float32, row-major.
 * The shape never changes during the life of an encoder. <b>Ownership.</b> Frames are borrowed
 * until the call returns. The results belong to the caller, who closes them; they share no memory
 * that a later call writes to. <b>Threads.</b> One call at a time, not always from the same thread.
 * <b>Determinism.</b> The same frames give the same tokens.
 */
public interface FrameEncoder extends AutoCloseable {
  /** Names the model and its weights, so that a saved memory can refuse another encoder. */
  String id();

  /** N and D. */
  TokenShape shape();

  /** The picture size that saves this encoder work; it takes any other size too. */
  FrameFormat preferredFormat();

  /** Frames per call that suit this encoder best, at least 1. */
  int preferredBatch();

  /**
   * Encodes a batch.
   *
   * @param frames at least one, oldest first, of any size
   * @return one entry per frame in the same order, with the frame's timestamp unchanged
   * @throws IllegalArgumentException if {@code frames} is empty
   * @throws io.moviechat.InferenceException if the model fails on this batch; the encoder stays
   *     usable
   * @throws IllegalStateException if closed
   */
  List<FrameTokens> encode(List<Frame> frames);

  /** Frees everything. Closing twice is fine. */
  @Override
  void close();
}
