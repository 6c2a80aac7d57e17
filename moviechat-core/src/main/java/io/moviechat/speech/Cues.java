package io.moviechat.speech;

import static io.moviechat.internal.Checks.require;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a film says, as far as it was heard and its pictures were read: its cues in order of time.
 * Immutable and thread-safe.
 *
 * <p>Bounded: of more than {@value #MOST} cues, or 16 million characters, the oldest ones are
 * forgotten and counted ({@link #forgotten()}).
 */
public final class Cues {
  /** Most cues that are kept; a film of ten hours has about 12,000. */
  public static final int MOST = 100_000;

  private static final long MOST_CHARACTERS = 16L << 20;
  private static final Comparator<Cue> ORDER =
      Comparator.comparing(Cue::start).thenComparing(Cue::end);

  /** Nothing was heard. */
  public static final Cues NONE =
      new Cues(List.of(), Duration.ZERO, Duration.ZERO, 0, Optional.empty());

  private final List<Cue> list;
  private final Duration heard;
  private final Duration read;
  private final long forgotten;
  private final Optional<String> problem;

  private Cues(
      List<Cue> list, Duration heard, Duration read, long forgotten, Optional<String> problem) {
    this.list = list;
    this.heard = heard;
    this.read = read;
    this.forgotten = forgotten;
    this.problem = problem;
  }

  /** Cues in any order, heard and read up to the end of the last one of that kind. */
  public static Cues of(List<Cue> cues) {
    return NONE.plus(cues);
  }

  /**
   * These cues and more, heard and read up to the end of the last one of that kind at least.
   *
   * @param more in any order
   */
  public Cues plus(List<Cue> more) {
    List<Cue> all = new ArrayList<>(list);
    all.addAll(more);
    all.sort(ORDER);
    long characters = all.stream().mapToLong(cue -> cue.text().length()).sum();
    int first = 0;
    while (all.size() - first > MOST || characters > MOST_CHARACTERS) {
      characters -= all.get(first++).text().length();
    }
    return new Cues(
        List.copyOf(all.subList(first, all.size())),
        end(more, cue -> !isShown(cue), heard),
        end(more, Cues::isShown, read),
        forgotten + first,
        problem);
  }

  private static Duration end(List<Cue> cues, Predicate<Cue> which, Duration least) {
    return cues.stream().filter(which).map(Cue::end).reduce(least, Cues::later);
  }

  private static boolean isShown(Cue cue) {
    return cue.origin() == Cue.Origin.SCREEN_TEXT;
  }

  /**
   * The same cues, heard up to another time.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public Cues withHeard(Duration newHeard) {
    require(!newHeard.isNegative(), "the time heard is negative: %s", newHeard);
    return new Cues(list, newHeard, read, forgotten, problem);
  }

  /**
   * The same cues, with pictures that were read up to another time.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public Cues withRead(Duration newRead) {
    require(!newRead.isNegative(), "the time read is negative: %s", newRead);
    return new Cues(list, heard, newRead, forgotten, problem);
  }

  /**
   * The same cues, of which more were forgotten.
   *
   * @throws IllegalArgumentException if the count is negative
   */
  public Cues withForgotten(long newForgotten) {
    require(newForgotten >= 0, "a count of forgotten cues is negative: %d", newForgotten);
    return new Cues(list, heard, read, newForgotten, problem);
  }

  /** The same cues with what ended listening early; empty if nothing did. */
  public Cues withProblem(Optional<String> newProblem) {
    return new Cues(list, heard, read, forgotten, Objects.requireNonNull(newProblem, "problem"));
  }

  /** All of them; no cue begins before the one before it. */
  public List<Cue> list() {
    return list;
  }

  /** Whether there is none. */
  public boolean isEmpty() {
    return list.isEmpty();
  }

  /** Up to where the film was listened to; zero if it was not. */
  public Duration heard() {
    return heard;
  }

  /** Up to where its pictures were read for text; zero if they were not. */
  public Duration read() {
    return read;
  }

  /** Cues that were forgotten because there were too many: always the oldest. */
  public long forgotten() {
    return forgotten;
  }

  /** What ended listening or reading before the film did, in one line; empty if nothing did. */
  public Optional<String> problem() {
    return problem;
  }

  /**
   * The cues that are on within {@code [from, to)}.
   *
   * @throws IllegalArgumentException if the times are out of order
   */
  public Cues between(Duration from, Duration to) {
    require(from.compareTo(to) <= 0, "the times are out of order: %s to %s", from, to);
    return only(
        cue ->
            cue.start().compareTo(to) < 0
                && (cue.end().compareTo(from) > 0 || cue.start().compareTo(from) >= 0));
  }

  /**
   * What was said by a moment: the cues that end by then, so that there is no word of a later time.
   * Text in the picture is known as soon as it is shown: of what is on at the moment, the time up
   * to it.
   *
   * @throws IllegalArgumentException if the moment is negative
   */
  public Cues until(Duration moment) {
    require(!moment.isNegative(), "the moment %s is negative", moment);
    Predicate<Cue> past = cue -> (isShown(cue) ? cue.start() : cue.end()).compareTo(moment) <= 0;
    Duration left =
        list.stream()
            .filter(past.negate())
            .filter(cue -> !isShown(cue))
            .findFirst()
            .map(Cue::start)
            .orElse(moment);
    List<Cue> cues = list.stream().filter(past).map(cue -> cue.endingBy(moment)).toList();
    return new Cues(
        cues, earlier(heard, earlier(left, moment)), earlier(read, moment), forgotten, problem);
  }

  /**
   * The cues within a film: those that begin before its end, none of them ending later.
   *
   * @throws IllegalArgumentException if the end is negative
   */
  public Cues within(Duration end) {
    require(!end.isNegative(), "the end %s is negative", end);
    List<Cue> inside =
        list.stream()
            .filter(cue -> cue.start().compareTo(end) < 0)
            .map(cue -> cue.endingBy(end))
            .toList();
    return new Cues(inside, earlier(heard, end), earlier(read, end), forgotten, problem);
  }

  /** Some of the cues, heard and read as far as all of them. */
  public Cues only(Predicate<Cue> wanted) {
    return new Cues(list.stream().filter(wanted).toList(), heard, read, forgotten, problem);
  }

  private static Duration earlier(Duration a, Duration b) {
    return a.compareTo(b) <= 0 ? a : b;
  }

  private static Duration later(Duration a, Duration b) {
    return a.compareTo(b) >= 0 ? a : b;
  }

  /** SubRip subtitles ({@code .srt}, UTF-8). Times are rounded down to milliseconds. */
  public String toSrt() {
    return SubtitleText.srt(list);
  }

  /** WebVTT subtitles ({@code .vtt}, UTF-8). Times are rounded down to milliseconds. */
  public String toVtt() {
    return SubtitleText.vtt(list);
  }

  /**
   * Reads SubRip or WebVTT. Blocks without times, notes and styles for one, are passed over.
   *
   * @param text of a file; untrusted
   * @throws IllegalArgumentException if there is text and no cue in it
   */
  public static Cues parse(String text) {
    return of(SubtitleText.parse(text));
  }

  /** Whether the other has the same cues and says the same about them. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Cues cues
        && list.equals(cues.list)
        && heard.equals(cues.heard)
        && read.equals(cues.read)
        && forgotten == cues.forgotten
        && problem.equals(cues.problem);
  }

  @Override
  public int hashCode() {
    return Objects.hash(list, heard);
  }

  @Override
  public String toString() {
    return "Cues["
        + list.size()
        + ", heard to "
        + heard
        + (read.isZero() ? "" : ", read to " + read)
        + problem.map(what -> ", " + what).orElse("")
        + "]";
  }
}
