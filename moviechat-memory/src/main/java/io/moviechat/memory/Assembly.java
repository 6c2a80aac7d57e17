package io.moviechat.memory;

import static io.moviechat.memory.Checks.require;

import java.util.ArrayList;
import java.util.List;

/** Which frames go on to the model, in which order, when there is room for so many only. */
public final class Assembly {
  private Assembly() {}

  /**
   * Global mode: the newest long-term slots that fit.
   *
   * @param longTerm in time order
   * @param most at least 1
   */
  public static <T> List<T> global(List<T> longTerm, int most) {
    require(most >= 1, "there must be room for at least 1 frame, was %d", most);
    return List.copyOf(longTerm.subList(Math.max(0, longTerm.size() - most), longTerm.size()));
  }

  /**
   * Breakpoint mode: long-term slots, short-term frames, the current frame. If that is too much,
   * the oldest short-term frames go first, then the oldest long-term slots.
   *
   * @param longTerm in time order
   * @param shortTerm in time order
   * @param current the frame on screen at the moment asked about
   * @param most at least 1
   */
  public static <T> List<T> breakpoint(List<T> longTerm, List<T> shortTerm, T current, int most) {
    require(most >= 1, "there must be room for at least 1 frame, was %d", most);
    int over = Math.max(0, longTerm.size() + shortTerm.size() + 1 - most);
    int shortDropped = Math.min(over, shortTerm.size());
    List<T> frames = new ArrayList<>();
    frames.addAll(longTerm.subList(over - shortDropped, longTerm.size()));
    frames.addAll(shortTerm.subList(shortDropped, shortTerm.size()));
    frames.add(current);
    return List.copyOf(frames);
  }
}
