package io.moviechat.video;

import io.moviechat.VideoException;
import io.moviechat.VideoLocation;
import io.moviechat.speech.AudioSource;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** Opens live videos, and finds the sound of one that is open. Thread-safe. */
final class LiveProvider implements VideoSourceProvider {
  private final LiveVideo.Options live;
  private final VideoOptions options;
  private final ConcurrentMap<String, LiveVideo> opened = new ConcurrentHashMap<>();

  LiveProvider(LiveVideo.Options live, VideoOptions options) {
    this.live = Objects.requireNonNull(live, "live");
    this.options = Objects.requireNonNull(options, "options");
  }

  @Override
  public String name() {
    return "live";
  }

  @Override
  public boolean accepts(VideoLocation location) {
    return new FfmpegVideoSourceProvider(options).accepts(location);
  }

  @Override
  @SuppressWarnings(
      "MustBeClosedChecker") // the caller closes it; the map remembers it for its sound
  public VideoSource open(VideoLocation location) {
    opened.values().removeIf(LiveVideo::isClosed);
    LiveVideo video = LiveVideo.open(location.uri(), live, options);
    opened.put(location.uri().toString(), video);
    return video;
  }

  @Override
  public boolean isLive(VideoLocation location) {
    return true;
  }

  /** Of the live video that was opened last at the same place: what comes from now on. */
  @Override
  public Optional<AudioSource> openAudio(
      VideoLocation location, Duration from, Optional<String> language) {
    LiveVideo video = opened.get(location.uri().toString());
    if (video == null || video.isClosed()) {
      throw new VideoException(
          location + " is live: its sound comes with its pictures, which are not open");
    }
    return Optional.of(video.sound());
  }
}
