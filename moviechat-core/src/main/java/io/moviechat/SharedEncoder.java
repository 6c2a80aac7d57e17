package io.moviechat;

import io.moviechat.spi.FrameEncoder;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/** One encoder used by many movies: one call at a time, in the order of asking. */
final class SharedEncoder {
  private final FrameEncoder encoder;
  private final ReentrantLock turn = new ReentrantLock(true);

  SharedEncoder(FrameEncoder encoder) {
    this.encoder = encoder;
  }

  String id() {
    return encoder.id();
  }

  TokenShape shape() {
    return encoder.shape();
  }

  FrameFormat preferredFormat() {
    return encoder.preferredFormat();
  }

  int preferredBatch() {
    return encoder.preferredBatch();
  }

  List<FrameTokens> encode(List<Frame> frames) {
    turn.lock();
    try {
      return encoder.encode(frames);
    } finally {
      turn.unlock();
    }
  }
}
