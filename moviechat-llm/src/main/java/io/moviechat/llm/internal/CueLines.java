package io.moviechat.llm.internal;

import io.moviechat.speech.Cue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToIntFunction;
import java.util.regex.Pattern;

/**
 * What a film says as prompts hold it: a line for each cue, with its times and in quotes. The words
 * are the film's: no quote of theirs ends the quotation, and nothing of them begins a line.
 */
public final class CueLines {
  /** What stands behind the words. */
  public static final String END = "\"\n";

  /** What ends turns in prompts of the original, as plain text. */
  private static final Pattern TURNS = Pattern.compile("#{3,}");

  /** Longer words are cut: a cue is a sentence or two. */
  private static final int MOST_CHARACTERS = 500;

  private CueLines() {}

  /** What stands before the words. */
  public static String begin(Cue cue) {
    String verb = cue.origin() == Cue.Origin.SCREEN_TEXT ? "Written " : "Said ";
    String from = Times.hours(cue.start());
    String to = Times.hours(cue.end());
    return verb + (from.equals(to) ? "at " + from : from + " to " + to) + ": \"";
  }

  /** The words. */
  public static String words(Cue cue) {
    String words = TURNS.matcher(cue.text().replace('"', '\'').replace('\n', ' ')).replaceAll("##");
    if (words.length() <= MOST_CHARACTERS) {
      return words;
    }
    int end = Character.isHighSurrogate(words.charAt(MOST_CHARACTERS - 1)) ? 1 : 0;
    return words.substring(0, MOST_CHARACTERS - end) + "\u2026";
  }

  /** The whole line. */
  public static String line(Cue cue) {
    return begin(cue) + words(cue) + END;
  }

  /**
   * As many of the first cues as there is room for, in order of time.
   *
   * @param wanted the most wanted first
   * @param cost what one takes of the room
   */
  public static List<Cue> fitting(List<Cue> wanted, int room, ToIntFunction<Cue> cost) {
    List<Cue> fitting = new ArrayList<>();
    int left = room;
    for (Cue cue : wanted) {
      left -= cost.applyAsInt(cue);
      if (left < 0) {
        break;
      }
      fitting.add(cue);
    }
    fitting.sort(Comparator.comparing(Cue::start));
    return List.copyOf(fitting);
  }

  /**
   * Which cues stand at which slot: at the last one that begins before them, else the first.
   *
   * @param starts of the slots, in order, not empty
   * @param cues in order
   */
  public static List<List<Cue>> atSlots(List<Duration> starts, List<Cue> cues) {
    List<List<Cue>> slots = new ArrayList<>();
    int next = 0;
    for (int i = 0; i < starts.size(); i++) {
      int first = next;
      while (next < cues.size()
          && (i + 1 == starts.size() || cues.get(next).start().compareTo(starts.get(i + 1)) < 0)) {
        next++;
      }
      slots.add(cues.subList(first, next));
    }
    return slots;
  }
}
