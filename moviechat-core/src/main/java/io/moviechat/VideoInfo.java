package io.moviechat;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * What a container says about its video, before decoding it.
 *
 * @param location where it was read from, as given
 * @param container the container format's name, {@code mov,mp4,...}
 * @param codec the video codec's name, {@code h264}
 * @param width pixels per row of the upright picture with square pixels
 * @param height rows of the upright picture with square pixels
 * @param rotation clockwise degrees that were applied to make it upright: 0, 90, 180 or 270
 * @param duration empty where the container does not know (a live stream, a broken file)
 * @param frames frames, empty where the container does not know
 * @param frameRate average frames per second, empty where unknown or meaningless
 * @param tracks audio, subtitle and other tracks beside the video
 */
public record VideoInfo(
    String location,
    String container,
    String codec,
    int width,
    int height,
    int rotation,
    Optional<Duration> duration,
    OptionalLong frames,
    OptionalDouble frameRate,
    List<Track> tracks) {
  /** The kinds of track that can lie beside the video. */
  public enum TrackKind {
    /** Sound. */
    AUDIO,
    /** Timed text or pictures of text. */
    SUBTITLE,
    /** A further video track, cover art included. */
    VIDEO,
    /** Data or an attachment. */
    OTHER
  }

  /**
   * A track beside the video.
   *
   * @param kind what it holds
   * @param codec its codec's name
   * @param language as the container names it, empty if it does not
   */
  public record Track(TrackKind kind, String codec, Optional<String> language) {
    /** Refuses nulls. */
    public Track {
      Objects.requireNonNull(kind, "kind");
      Objects.requireNonNull(codec, "codec");
      Objects.requireNonNull(language, "language");
    }
  }

  /** Copies the list. */
  public VideoInfo {
    Objects.requireNonNull(location, "location");
    Objects.requireNonNull(duration, "duration");
    tracks = List.copyOf(tracks);
  }
}
