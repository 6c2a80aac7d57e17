package io.moviechat.recall;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.speech.Cue;
import io.moviechat.spi.MovieView;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/** A part of a movie that was found. Immutable and thread-safe. */
public final class SearchHit {
  /** The least relevance of what is found. */
  static final float FOUND = 0.25f;

  private final Duration start;
  private final Duration end;
  private final Duration representative;
  private final List<Cue> cues;
  private final double score;
  private final String reason;
  private final MovieView.Pictures pictures;

  private SearchHit(
      Duration start,
      Duration end,
      Duration representative,
      List<Cue> cues,
      double score,
      String reason,
      MovieView.Pictures pictures) {
    this.start = start;
    this.end = end;
    this.representative = representative;
    this.cues = cues;
    this.score = score;
    this.reason = Objects.requireNonNull(reason, "reason");
    this.pictures = Objects.requireNonNull(pictures, "pictures");
  }

  /**
   * A hit as movies give it; an application needs this only to test what it does with hits.
   *
   * @param score in [0, 1]
   * @param reason {@link SlotScorer#name()} of who found it
   */
  public static SearchHit of(
      MemorySlot slot, double score, String reason, MovieView.Pictures pictures) {
    return new SearchHit(
        slot.start(), slot.end(), slot.representative(), List.of(), score, reason, pictures);
  }

  /** Something that is said. Its reason is "words". */
  public static SearchHit of(CueSearch.Hit hit, MovieView.Pictures pictures) {
    return new SearchHit(
        hit.start(), hit.end(), hit.cue().start(), hit.passage(), hit.score(), "words", pictures);
  }

  /**
   * The slots of a memory that stand out, the most wanted first.
   *
   * @param relevance one for each slot, in [0, 1]; from a quarter on a slot is a hit
   * @param reason of the slot of that index
   * @param most at most so many
   */
  public static List<SearchHit> best(
      MemorySnapshot memory,
      float[] relevance,
      IntFunction<String> reason,
      int most,
      MovieView.Pictures pictures) {
    return IntStream.range(0, relevance.length)
        .filter(i -> relevance[i] >= FOUND)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> -relevance[i]))
        .limit(most)
        .map(i -> of(memory.slots().get(i), relevance[i], reason.apply(i), pictures))
        .toList();
  }

  /** Time of its first frame, or of the first of its words. */
  public Duration start() {
    return start;
  }

  /** Time at which it ends. */
  public Duration end() {
    return end;
  }

  /** Time of the frame that shows it best, or at which the words that fit best begin. */
  public Duration representative() {
    return representative;
  }

  /** What is said there, in order of time: the cue that was found and its neighbours; else none. */
  public List<Cue> cues() {
    return cues;
  }

  /** How well it fits, in [0, 1]. */
  public double score() {
    return score;
  }

  /** What was looked at: "picture", "words", "time". */
  public String reason() {
    return reason;
  }

  /**
   * The frame that shows it best, decoded now; empty if the video is not at hand.
   *
   * @return a frame that the caller closes
   * @throws io.moviechat.VideoException if the video is there but cannot be decoded
   */
  public Optional<Frame> picture(FrameFormat format) {
    return pictures.frameAt(representative(), format);
  }

  @Override
  public String toString() {
    return "SearchHit[%s to %s, %.2f by %s]".formatted(start(), end(), score, reason);
  }
}
