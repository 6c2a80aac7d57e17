package io.moviechat;

import io.moviechat.spi.testing.FakeEncoder;
import io.moviechat.spi.testing.FakeGenerator;
import io.moviechat.spi.testing.FakeMemory;
import io.moviechat.spi.testing.FakeVideo;

/** A chat that is all fakes. */
final class Fakes {
  private Fakes() {}

  static MovieChat.Builder fakes() {
    return MovieChat.builder()
        .encoder(new FakeEncoder())
        .generator(new FakeGenerator())
        .memory(FakeMemory.factory(10))
        .video(new FakeVideo())
        .breakpointFrames(3);
  }
}
