package io.moviechat.video;

import io.moviechat.spi.VideoSourceProvider;
import io.moviechat.spi.testing.VideoSourceContract;
import java.net.URI;

class FfmpegVideoSourceContractTest extends VideoSourceContract {
  @Override
  protected VideoSourceProvider provider() {
    return new FfmpegVideoSourceProvider();
  }

  @Override
  protected URI video() {
    return Clips.file("bunny.mp4").toUri();
  }

  @Override
  protected URI missing() {
    return Clips.file("bunny.mp4").resolveSibling("no-such-film.mp4").toUri();
  }
}
