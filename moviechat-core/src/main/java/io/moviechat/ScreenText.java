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
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Makes cues of the lines that are read in one picture after the other. A line that stays is one,
 * with the surest of its readings; lines that come and go together are one cue. It begins with the
 * first picture that shows it and ends with the first one that does not; one picture in which it is
 * missed does not end it.
 *
 * <p>What would be a cue for each picture, and say little, is one too: a line whose numbers change
 * in every picture (a clock, a time code) is one that tells the first and the last of them, and
 * lines that move up together (credits) are one as long as they fit.
 */
final class ScreenText {
  private static final Pattern NO_LETTERS = Pattern.compile("[^\\p{L}\\p{N}]+");
  private static final Pattern NO_DIGITS = Pattern.compile("\\P{Nd}+");
  private static final Pattern NUMBER = Pattern.compile("\\p{Nd}+");

  /** One letter alone is more often a pattern than text. */
  private static final int LEAST_LETTERS = 2;

  /** A misread letter in so many makes no other line. */
  private static final int LETTERS_FOR_AN_ERROR = 8;

  /** Of a cue. Prompts cut longer ones. */
  private static final int MOST_CHARACTERS = 400;

  /** Between the first and the last reading of a line whose numbers change. */
  private static final String FROM_TO = " … ";

  /** Changes from picture to picture after which a line's numbers are known to run. */
  private static final int CHANGES_OF_A_CLOCK = 2;

  /** Steps up after which a line is known to scroll. */
  private static final int STEPS_OF_A_SCROLL = 2;

  /** Share of a place that is in the other one if both are the same. */
  private static final double SAME_PLACE = 0.5;

  private final List<Line> on = new ArrayList<>();
  private @Nullable Joined scroll;

  private ScreenText() {}

  /** Goes on after cues that were made before: what was on at their end still is. */
  static ScreenText after(Cues earlier) {
    ScreenText text = new ScreenText();
    for (Cue cue : earlier.list()) {
      if (text.ends(cue, earlier.read())) {
        cue.text().lines().forEach(line -> text.on.add(Line.of(line, cue)));
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
        .anyMatch(line -> line.start.equals(cue.start()) && cue.text().contains(line.told()));
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
        if (same == null && same(on, letters) != null) {
          continue; // it stands there twice
        }
        if (same == null) {
          same = before(left, seen);
        }
        if (same == null) {
          on.add(new Line(seen, time));
        } else {
          left.remove(same);
          same.seen(seen, time);
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
    List<Cue> cues = cues(gone, time);
    scroll = scrolled(scroll, gone, time, cues);
    if (scroll != null && on.stream().noneMatch(Line::scrolls)) {
      cues.add(scroll.cue());
      scroll = null;
    }
    return cues;
  }

  /** What is on at a time, as if it ended then. */
  List<Cue> on(Duration time) {
    List<Cue> cues = cues(on, time);
    Joined last = scrolled(scroll == null ? null : new Joined(scroll), on, time, cues);
    if (last != null) {
      cues.add(last.cue());
    }
    return cues;
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

  /** The line of which this is the next reading, with other numbers in the same place. */
  private static @Nullable Line before(List<Line> lines, TextRecognizer.Line seen) {
    String frame = numberless(letters(seen.text()));
    for (Line line : lines) {
      if (line.mayRun() && numberless(line.letters).equals(frame) && inPlace(line.place, seen)) {
        return line;
      }
    }
    return null;
  }

  private static boolean inPlace(Optional<TextRecognizer.Place> before, TextRecognizer.Line seen) {
    return before.isEmpty()
        || seen.place().isEmpty()
        || overlap(before.get(), seen.place().get()) >= SAME_PLACE;
  }

  /** Share of the smaller one that lies in the other. */
  private static double overlap(TextRecognizer.Place a, TextRecognizer.Place b) {
    double width = Math.min(a.right(), b.right()) - Math.max(a.left(), b.left());
    double height = Math.min(a.bottom(), b.bottom()) - Math.max(a.top(), b.top());
    double smaller = Math.min(area(a), area(b));
    return width <= 0 || height <= 0 ? 0 : width * height / smaller;
  }

  private static double area(TextRecognizer.Place place) {
    return (place.right() - place.left()) * (place.bottom() - place.top());
  }

  /** Whether a line went up by half its height or more, and not aside. */
  private static boolean wentUp(TextRecognizer.Place before, TextRecognizer.Place now) {
    double up = (before.top() + before.bottom() - now.top() - now.bottom()) / 2;
    return up >= (now.bottom() - now.top()) / 2
        && Math.min(before.right(), now.right()) > Math.max(before.left(), now.left());
  }

  /** The same but for what may be misread. Other numbers are other text: a score. */
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

  /** What stays of a line whose numbers change. */
  private static String numberless(String letters) {
    return NUMBER.matcher(letters).replaceAll("0");
  }

  /** Lines that begin and end together, as one cue; without those that scroll. */
  private static List<Cue> cues(List<Line> lines, Duration time) {
    Map<List<Duration>, List<Line>> together = new LinkedHashMap<>();
    for (Line line : lines) {
      if (!line.scrolls()) {
        together
            .computeIfAbsent(List.of(line.start, line.end(time)), key -> new ArrayList<>())
            .add(line);
      }
    }
    List<Cue> cues = new ArrayList<>();
    for (List<Line> group : together.values()) {
      Iterator<Line> next = group.iterator();
      Joined joined = new Joined(next.next(), time);
      while (next.hasNext()) {
        Line line = next.next();
        if (!joined.add(line, time)) {
          cues.add(joined.cue());
          joined = new Joined(line, time);
        }
      }
      cues.add(joined.cue());
    }
    return cues;
  }

  /**
   * Joins those lines that scroll to what scrolled before them.
   *
   * @param full gets what holds no more
   * @return what may still grow
   */
  private static @Nullable Joined scrolled(
      @Nullable Joined before, List<Line> lines, Duration time, List<Cue> full) {
    Joined scroll = before;
    for (Line line : lines) {
      if (line.scrolls()
          && (scroll == null || line.start.compareTo(scroll.end) > 0 || !scroll.add(line, time))) {
        if (scroll != null) {
          full.add(scroll.cue());
        }
        scroll = new Joined(line, time);
      }
    }
    return scroll;
  }

  /** Lines of one cue. */
  private static final class Joined {
    private final StringBuilder text;
    private Duration start;
    private Duration end;
    private double probability;

    Joined(Line first, Duration time) {
      text = new StringBuilder(first.told());
      start = first.start;
      end = first.end(time);
      probability = first.probability;
    }

    Joined(Joined other) {
      text = new StringBuilder(other.text);
      start = other.start;
      end = other.end;
      probability = other.probability;
    }

    boolean add(Line line, Duration time) {
      if (text.length() + 1 + line.told().length() > MOST_CHARACTERS) {
        return false;
      }
      text.append('\n').append(line.told());
      start = start.compareTo(line.start) < 0 ? start : line.start;
      end = end.compareTo(line.end(time)) > 0 ? end : line.end(time);
      probability = Math.min(probability, line.probability);
      return true;
    }

    Cue cue() {
      return Cue.of(start, end, text.toString(), Cue.Origin.SCREEN_TEXT)
          .withProbability(probability);
    }
  }

  /** A line that is on. */
  private static final class Line {
    private final Duration start;
    private Duration last;
    private String text;
    private String letters;
    private double probability;
    private Optional<TextRecognizer.Place> place;
    private @Nullable Duration missed;

    /** The first reading of a line whose numbers change. */
    private @Nullable String first;

    private int changes;
    private int sameInRow = 1;
    private int stepsUp;

    Line(TextRecognizer.Line seen, Duration start) {
      this.text = seen.text();
      this.letters = letters(text);
      this.probability = seen.probability();
      this.place = seen.place();
      this.start = start;
      this.last = start;
    }

    /** A line of a cue that was made before. */
    static Line of(String told, Cue cue) {
      int to = told.indexOf(FROM_TO);
      String text = to < 0 ? told : told.substring(to + FROM_TO.length());
      Line line = new Line(TextRecognizer.Line.of(text, cue.probability().orElse(1)), cue.start());
      line.last = cue.end();
      if (to >= 0) {
        line.first = told.substring(0, to);
        line.changes = 1;
      } else if (cue.end().compareTo(cue.start()) > 0) {
        line.sameInRow = 2;
      }
      return line;
    }

    String told() {
      return first == null ? text : first + FROM_TO + text;
    }

    Duration end(Duration time) {
      return missed == null ? time : missed;
    }

    /** Whether other numbers may be its next reading: those that stayed are a text of their own. */
    boolean mayRun() {
      return sameInRow == 1 || changes >= CHANGES_OF_A_CLOCK;
    }

    boolean scrolls() {
      return stepsUp >= STEPS_OF_A_SCROLL;
    }

    void seen(TextRecognizer.Line again, Duration time) {
      missed = null;
      String now = letters(again.text());
      boolean runs = !now.equals(letters) && !alike(now, letters);
      if (runs) {
        first = first == null ? text : first;
        changes++;
        sameInRow = 1;
      } else if (time.compareTo(last) > 0) {
        sameInRow++;
      }
      last = time;
      if (runs || again.probability() > probability) {
        text = again.text();
        letters = now;
        probability = again.probability();
      }
      if (place.isPresent() && again.place().isPresent()) {
        stepsUp += wentUp(place.get(), again.place().get()) ? 1 : 0;
      }
      place = again.place();
    }
  }
}
