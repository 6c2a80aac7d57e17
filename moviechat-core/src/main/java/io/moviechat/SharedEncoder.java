package io.moviechat;

import io.moviechat.internal.ResourceStack;
import io.moviechat.spi.FrameEncoder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/** One encoder used by many movies: one call at a time, in the order of asking. */
final class SharedEncoder {
  private final FrameEncoder encoder;
  private final String id;
  private final TokenShape shape;
  private final FrameFormat preferredFormat;
  private final int preferredBatch;
  private final ReentrantLock turn = new ReentrantLock(true);

  SharedEncoder(FrameEncoder encoder) {
    this.encoder = encoder;
    this.id = encoder.id();
    this.shape = encoder.shape();
    this.preferredFormat = encoder.preferredFormat();
    this.preferredBatch = encoder.preferredBatch();
  }

  String id() {
    return id;
  }

  TokenShape shape() {
    return shape;
  }

  FrameFormat preferredFormat() {
    return preferredFormat;
  }

  int preferredBatch() {
    return preferredBatch;
  }

  List<FrameTokens> encode(List<Frame> frames) {
    turn.lock();
    try {
      return encoder.encode(frames);
    } finally {
      turn.unlock();
    }
  }

  /** Encodes any number of frames, batch by batch: all of them or none. */
  List<FrameTokens> encodeAll(List<Frame> frames) {
    try (ResourceStack opened = new ResourceStack()) {
      List<FrameTokens> tokens = new ArrayList<>();
      for (int i = 0; i < frames.size(); i += preferredBatch) {
        List<FrameTokens> batch =
            encode(frames.subList(i, Math.min(frames.size(), i + preferredBatch)));
        batch.forEach(opened::push);
        tokens.addAll(batch);
      }
      opened.release();
      return tokens;
    }
  }
}
