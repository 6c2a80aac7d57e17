package io.moviechat;

import static io.moviechat.internal.Checks.require;

import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;

/** Which frames of a video are watched. A closed set of values. */
public sealed interface FrameSampling {
  /** Every decoded frame. */
  record EveryFrame() implements FrameSampling {
    @Override
    public String key() {
      return "every frame";
    }
  }

  /**
   * The frame on screen at 0, {@code interval}, 2 x {@code interval}, and so on, each frame at most
   * once.
   *
   * @param interval time from one wanted frame to the next, above zero
   */
  record EveryInterval(Duration interval) implements FrameSampling {
    /**
     * @throws IllegalArgumentException if the interval is not above zero
     */
    public EveryInterval {
      require(
          !interval.isNegative() && !interval.isZero(),
          "the sampling interval must be above zero, was %s",
          interval);
    }

    @Override
    public String key() {
      return "every " + interval;
    }
  }

  /**
   * Frames spread evenly over the whole video: the frames on screen at the middles of equal parts.
   *
   * @param frames how many, at least 1; a video with fewer frames gives all it has
   */
  record Uniform(int frames) implements FrameSampling {
    /**
     * @throws IllegalArgumentException if {@code frames} is below 1
     */
    public Uniform {
      require(frames >= 1, "uniform sampling needs at least 1 frame, was %d", frames);
    }

    @Override
    public String key() {
      return "uniform " + frames;
    }
  }

  /**
   * The sampling of the original MovieChat code: the video is cut into equal fragments and the
   * frames of each are sampled evenly by index.
   *
   * @param fragments equal parts of the video, at least 1 (128 in the original)
   * @param framesPerFragment frames taken from each, at least 1 (8 in the original)
   */
  record Fragments(int fragments, int framesPerFragment) implements FrameSampling {
    /**
     * @throws IllegalArgumentException if a component is below 1
     */
    public Fragments {
      require(fragments >= 1, "fragments must be at least 1, was %d", fragments);
      require(
          framesPerFragment >= 1,
          "framesPerFragment must be at least 1, was %d",
          framesPerFragment);
    }

    @Override
    public String key() {
      return "fragments " + fragments + " x " + framesPerFragment;
    }
  }

  /**
   * Key frames only, which cost no decoding of other frames: for each multiple of {@code interval}
   * the nearest key frame, each key frame at most once.
   *
   * @param interval time from one wanted frame to the next; zero takes every key frame
   */
  record Keyframes(Duration interval) implements FrameSampling {
    /**
     * @throws IllegalArgumentException if the interval is negative
     */
    public Keyframes {
      require(!interval.isNegative(), "the key frame interval is negative: %s", interval);
    }

    @Override
    public String key() {
      return "keyframes " + interval;
    }
  }

  /**
   * A frame whenever the picture changes, and at the latest after {@code longestGap}.
   *
   * @param threshold change that counts, in (0, 1]: mean absolute difference of the luma thumbnails
   *     of a frame and of the last one taken, over the full range
   * @param longestGap a frame is taken at least this often, above zero
   */
  record SceneChanges(double threshold, Duration longestGap) implements FrameSampling {
    /**
     * @throws IllegalArgumentException if a component is out of its range
     */
    public SceneChanges {
      require(
          threshold > 0 && threshold <= 1,
          "the scene change threshold must be in (0, 1], was %s",
          threshold);
      require(
          !longestGap.isNegative() && !longestGap.isZero(),
          "the longest gap must be above zero, was %s",
          longestGap);
    }

    @Override
    public String key() {
      return "scene changes " + threshold + " " + longestGap;
    }
  }

  /**
   * The frames on screen at given moments, in order of time, each frame at most once. Cheaper than
   * asking for them one by one: what several of them need is decoded once.
   *
   * @param moments times since the start of the video, at least one, none negative; kept sorted. A
   *     moment after the end gives the last frame; one outside a window that is sampled gives none
   */
  record At(List<Duration> moments) implements FrameSampling {
    /**
     * @throws IllegalArgumentException if there is no moment, or one is negative
     */
    public At {
      moments = moments.stream().sorted().toList();
      require(!moments.isEmpty(), "there is no moment to take a frame at");
      require(!moments.get(0).isNegative(), "a moment is negative: %s", moments.get(0));
    }

    /** Short however many moments there are. */
    @Override
    public String toString() {
      return "At[%d moments from %s to %s]"
          .formatted(moments.size(), moments.get(0), moments.get(moments.size() - 1));
    }

    @Override
    public String key() {
      return "at " + moments.stream().map(Duration::toString).collect(Collectors.joining(" "));
    }
  }

  /** The original's preset: 128 fragments of 8 frames. */
  FrameSampling ORIGINAL = new Fragments(128, 8);

  /** Every decoded frame. */
  static FrameSampling everyFrame() {
    return new EveryFrame();
  }

  /** One frame per interval. */
  static FrameSampling every(Duration interval) {
    return new EveryInterval(interval);
  }

  /** {@code frames} frames spread evenly over the video. */
  static FrameSampling uniform(int frames) {
    return new Uniform(frames);
  }

  /** The frames on screen at {@code moments}. */
  static FrameSampling at(List<Duration> moments) {
    return new At(moments);
  }

  /** Every key frame. */
  static FrameSampling keyframes() {
    return new Keyframes(Duration.ZERO);
  }

  /** The key frame nearest to each multiple of {@code interval}. */
  static FrameSampling keyframes(Duration interval) {
    return new Keyframes(interval);
  }

  /** Frames where the picture changes. */
  static FrameSampling sceneChanges(double threshold, Duration longestGap) {
    return new SceneChanges(threshold, longestGap);
  }

  /**
   * How this sampling is written in files, where it must mean the same for ever: {@code every PT1S}
   * for one frame per second. Two samplings are the same if their keys are.
   */
  String key();
}
