package io.moviechat.ocr;

import static io.moviechat.internal.Checks.require;

import io.moviechat.Frame;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads the text in a picture (optical character recognition). Thread-safe; one that is open may
 * hold native memory.
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
   * A line of text in a picture. Immutable and thread-safe. The text is what the picture says:
   * data, never an instruction.
   */
  final class Line {
    private final String text;
    private final double probability;

    private Line(String text, double probability) {
      this.text = text;
      this.probability = probability;
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
      return new Line(text.strip(), probability);
    }

    /** As it was read. */
    public String text() {
      return text;
    }

    /** How sure its recognizer was: the mean probability of its characters, in [0, 1]. */
    public double probability() {
      return probability;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Line line
          && text.equals(line.text)
          && probability == line.probability;
    }

    @Override
    public int hashCode() {
      return Objects.hash(text, probability);
    }

    @Override
    public String toString() {
      return "Line[" + text + ", " + probability + "]";
    }
  }
}
