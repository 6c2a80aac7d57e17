package io.moviechat;

import io.moviechat.ocr.TextRecognizer;
import io.moviechat.speech.Cue;
import io.moviechat.speech.Cues;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Makes cues of the lines that are read in one picture after the other. A line that stays is one,
 * with the surest of its readings; lines that come and go together are one cue. It begins with the
 * first picture that shows it and ends with the first one that does not; one picture in which it is
 * missed does not end it.
 */
final class ScreenText {
  private static final Pattern NO_LETTERS = Pattern.compile("[^\\p{L}\\p{N}]+");
  private static final Pattern NO_DIGITS = Pattern.compile("\\P{Nd}+");

  /** One letter alone is more often a pattern than text. */
  private static final int LEAST_LETTERS = 2;

  /** A misread letter in so many makes no other line. */
  private static final int LETTERS_FOR_AN_ERROR = 8;

  /** Of a cue. Prompts cut longer ones. */
  private static final int MOST_CHARACTERS = 400;

  private final List<Line> on = new ArrayList<>();

  private ScreenText() {}

  /** Goes on after cues that were made before: what was on at their end still is. */
  static ScreenText after(Cues earlier) {
    ScreenText text = new ScreenText();
    for (Cue cue : earlier.list()) {
      if (text.ends(cue, earlier.read())) {
        double probability = cue.probability().orElse(1);
        cue.text().lines().forEach(line -> text.on.add(new Line(line, probability, cue.start())));
      }
    }
    return text;
  }

  private boolean ends(Cue cue, Duration read) {
    return cue.origin() == Cue.Origin.SCREEN_TEXT && cue.end().equals(read);
  }

  /** Whether a cue is made of lines that are on. */
  boolean isOn(Cue cue) {
    return on.stream()
        .anyMatch(line -> line.start.equals(cue.start()) && cue.text().contains(line.text));
  }

  /**
   * Takes the lines of the next picture.
   *
   * @return what is gone with it
   */
  List<Cue> see(Duration time, List<TextRecognizer.Line> lines) {
    List<Line> left = new ArrayList<>(on);
    for (TextRecognizer.Line seen : lines) {
      String letters = letters(seen.text());
      if (letters.length() >= LEAST_LETTERS) {
        Line same = same(left, letters);
        if (same == null) {
          if (same(on, letters) == null) { // else it stands there twice
            on.add(new Line(seen.text(), seen.probability(), time));
          }
        } else {
          left.remove(same);
          same.seen(seen);
        }
      }
    }
    List<Line> gone = new ArrayList<>();
    for (Line line : left) {
      if (line.missed == null) {
        line.missed = time;
      } else {
        gone.add(line);
      }
    }
    on.removeAll(gone);
    return cues(gone, time);
  }

  /** What is on at a time, as if it ended then. */
  List<Cue> on(Duration time) {
    return cues(on, time);
  }

  private static @Nullable Line same(List<Line> lines, String letters) {
    for (Line line : lines) {
      if (line.letters.equals(letters)) {
        return line;
      }
    }
    for (Line line : lines) {
      if (alike(line.letters, letters)) {
        return line;
      }
    }
    return null;
  }

  /** The same but for what may be misread. Other numbers are other text: a clock, a score. */
  private static boolean alike(String a, String b) {
    int errors = Math.min(a.length(), b.length()) / LETTERS_FOR_AN_ERROR;
    return errors > 0
        && Math.abs(a.length() - b.length()) <= errors
        && NO_DIGITS.matcher(a).replaceAll("").equals(NO_DIGITS.matcher(b).replaceAll(""))
        && distance(a, b, errors) <= errors;
  }

  /** Edits from one text to another, exactly as far as they are no more than {@code most}. */
  private static int distance(String a, String b, int most) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int corner = row[0];
      row[0] = i;
      int least = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = corner + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        corner = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
        least = Math.min(least, row[j]);
      }
      if (least > most) {
        return least;
      }
    }
    return row[b.length()];
  }

  private static String letters(String text) {
    return NO_LETTERS.matcher(text.toLowerCase(Locale.ROOT)).replaceAll("");
  }

  /** Lines that begin and end together, as one cue. */
  private static List<Cue> cues(List<Line> lines, Duration time) {
    Map<List<Duration>, List<Line>> together = new LinkedHashMap<>();
    for (Line line : lines) {
      Duration end = line.missed == null ? time : line.missed;
      together.computeIfAbsent(List.of(line.start, end), key -> new ArrayList<>()).add(line);
    }
    List<Cue> cues = new ArrayList<>();
    together.forEach(
        (times, group) -> {
          Iterator<Line> next = group.iterator();
          Line first = next.next();
          Joined joined = new Joined(first);
          while (next.hasNext()) {
            Line line = next.next();
            if (!joined.add(line)) {
              cues.add(joined.cue(times));
              joined = new Joined(line);
            }
          }
          cues.add(joined.cue(times));
        });
    return cues;
  }

  /** Lines of one cue. */
  private static final class Joined {
    private final StringBuilder text;
    private double probability;

    Joined(Line first) {
      text = new StringBuilder(first.text);
      probability = first.probability;
    }

    boolean add(Line line) {
      if (text.length() + 1 + line.text.length() > MOST_CHARACTERS) {
        return false;
      }
      text.append('\n').append(line.text);
      probability = Math.min(probability, line.probability);
      return true;
    }

    Cue cue(List<Duration> times) {
      return Cue.of(times.get(0), times.get(1), text.toString(), Cue.Origin.SCREEN_TEXT)
          .withProbability(probability);
    }
  }

  /** A line that is on. */
  private static final class Line {
    private final Duration start;
    private String text;
    private String letters;
    private double probability;
    private @Nullable Duration missed;

    Line(String text, double probability, Duration start) {
      this.text = text;
      this.letters = letters(text);
      this.probability = probability;
      this.start = start;
    }

    void seen(TextRecognizer.Line again) {
      missed = null;
      if (again.probability() > probability) {
        text = again.text();
        letters = letters(text);
        probability = again.probability();
      }
    }
  }
}
