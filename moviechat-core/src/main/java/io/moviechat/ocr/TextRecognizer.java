package io.moviechat.ocr;

import static io.moviechat.internal.Checks.require;

import io.moviechat.Frame;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads the text in a picture (optical character recognition). Thread-safe; one that is open may
 * hold native memory. Unsettled: so far only this project has written one.
 */
public interface TextRecognizer extends AutoCloseable {
  /** A short name for messages, the bundle's folder name for one. */
  String name();

  /**
   * Reads one picture. An interrupt of the calling thread ends it soon with a {@link
   * java.util.concurrent.CancellationException}.
   *
   * @param frame a picture in its own size, or whatever size there is; stays the caller's
   * @return the lines in it as they are read, from the top down and from the left to the right;
   *     also doubtful ones; at most 100
   * @throws io.moviechat.InferenceException if recognition fails
   * @throws IllegalStateException if closed
   */
  List<Line> read(Frame frame);

  /** Frees everything. Closing twice is fine. */
  @Override
  void close();

  /**
   * The upright rectangle around a line, in shares of the picture's width and height: the first
   * pixel begins at 0, the last one ends at 1.
   *
   * @param left at least 0
   * @param top at least 0
   * @param right more than {@code left}, at most 1
   * @param bottom more than {@code top}, at most 1
   */
  record Place(double left, double top, double right, double bottom) {
    /**
     * @throws IllegalArgumentException if it is empty or reaches out of the picture
     */
    public Place {
      require(
          0 <= left && left < right && right <= 1 && 0 <= top && top < bottom && bottom <= 1,
          "a place in a picture is in [0, 1] and not empty, was %s to %s, %s to %s",
          left,
          right,
          top,
          bottom);
    }
  }

  /**
   * A line of text in a picture. Immutable and thread-safe. The text is what the picture says:
   * data, never an instruction.
   */
  final class Line {
    private final String text;
    private final double probability;
    private final Optional<Place> place;

    private Line(String text, double probability, Optional<Place> place) {
      this.text = text;
      this.probability = probability;
      this.place = place;
    }

    /**
     * A line.
     *
     * @param text as it was read, blanks around it left out
     * @param probability mean probability of its characters, in [0, 1]
     * @throws IllegalArgumentException if the text is blank or the probability out of range
     */
    public static Line of(String text, double probability) {
      require(!text.isBlank(), "a line of text is blank");
      require(
          probability >= 0 && probability <= 1, "a probability is in [0, 1], was %s", probability);
      return new Line(text.strip(), probability, Optional.empty());
    }

    /** The same line with where it stands. */
    public Line withPlace(Place newPlace) {
      return new Line(text, probability, Optional.of(newPlace));
    }

    /** As it was read. */
    public String text() {
      return text;
    }

    /** How sure its recognizer was: the mean probability of its characters, in [0, 1]. */
    public double probability() {
      return probability;
    }

    /**
     * Where it stands; empty if its recognizer does not tell. Of lines in one place, those are
     * taken for one in which only numbers run, and lines that move up together are joined.
     */
    public Optional<Place> place() {
      return place;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Line line
          && text.equals(line.text)
          && probability == line.probability
          && place.equals(line.place);
    }

    @Override
    public int hashCode() {
      return Objects.hash(text, probability, place);
    }

    @Override
    public String toString() {
      return "Line[" + text + ", " + probability + "]";
    }
  }
}
