package io.moviechat.tinyworld;

import java.util.ArrayList;
import java.util.List;

/**
 * A movie as it was planned: what is shown when. All truth about a movie comes from its script.
 *
 * @param segments in order, without gaps, starting at 0
 */
public record Script(List<Segment> segments) {

  /**
   * A scene on the timeline.
   *
   * @param scene what is shown
   * @param startMillis when it begins
   * @param millis how long; a cyclic scene may be held for longer than its own length
   */
  public record Segment(Scene scene, long startMillis, long millis) {
    /** When it ends. */
    public long endMillis() {
      return startMillis + millis;
    }
  }

  /** Copies the segments. */
  public Script {
    segments = List.copyOf(segments);
    if (segments.isEmpty()) {
      throw new IllegalArgumentException("a script needs at least one segment");
    }
  }

  /** Plays scenes one after the other. */
  public static Script of(List<Scene> scenes) {
    List<Long> lengths = scenes.stream().map(Scene::millis).toList();
    return of(scenes, lengths);
  }

  static Script of(List<Scene> scenes, List<Long> lengths) {
    List<Segment> segments = new ArrayList<>();
    long at = 0;
    for (int i = 0; i < scenes.size(); i++) {
      segments.add(new Segment(scenes.get(i), at, lengths.get(i)));
      at += lengths.get(i);
    }
    return new Script(segments);
  }

  /** Length of the movie. */
  public long millis() {
    return segments.get(segments.size() - 1).endMillis();
  }

  /** The segment on screen at a moment. */
  Segment at(long millis) {
    for (Segment segment : segments) {
      if (millis < segment.endMillis()) {
        return segment;
      }
    }
    return segments.get(segments.size() - 1);
  }
}
