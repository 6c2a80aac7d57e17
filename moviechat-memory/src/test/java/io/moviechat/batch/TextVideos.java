package io.moviechat.batch;

import io.moviechat.VideoException;
import io.moviechat.VideoLocation;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import io.moviechat.spi.testing.FakeVideo;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/** Text files as videos: "N frames of NAME" is a computed video, anything else is broken. */
final class TextVideos implements VideoSourceProvider {
  final AtomicInteger decoded = new AtomicInteger();
  volatile IntConsumer onDecode = index -> {};

  private final FakeVideo videos =
      new FakeVideo(
          index -> {
            decoded.incrementAndGet();
            onDecode.accept(index);
          });

  static URI write(Path file, int frames, String name) throws IOException {
    Files.writeString(file, frames + " frames of " + name);
    return file.toUri();
  }

  @Override
  public String name() {
    return "text";
  }

  @Override
  public boolean accepts(VideoLocation location) {
    return location.path().isPresent();
  }

  @Override
  public VideoSource open(VideoLocation location) {
    String text;
    try {
      text = Files.readString(location.path().orElseThrow());
    } catch (IOException e) {
      throw new VideoException(location + " cannot be read", e);
    }
    int end = text.indexOf(" frames of ");
    if (end < 0) {
      throw new VideoException(location + " is no video");
    }
    return videos.open(VideoLocation.of(FakeVideo.of(Integer.parseInt(text.substring(0, end)))));
  }
}
