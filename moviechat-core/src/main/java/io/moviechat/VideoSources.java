package io.moviechat;

import io.moviechat.spi.VideoSourceProvider;
import java.util.List;

/** Finds who can open a video. */
record VideoSources(List<VideoSourceProvider> providers) {
  /**
   * @throws VideoException if no provider knows such a location
   */
  VideoSourceProvider of(VideoLocation location) {
    for (VideoSourceProvider provider : providers) {
      if (provider.accepts(location)) {
        return provider;
      }
    }
    throw new VideoException(
        "no video source knows "
            + location
            + "; there "
            + (providers.isEmpty()
                ? "is none: add the dependency io.moviechat:moviechat-video"
                : "are " + providers.stream().map(VideoSourceProvider::name).toList()));
  }
}
