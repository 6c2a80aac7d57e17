package io.moviechat;

import static io.moviechat.internal.Checks.require;

import java.util.Objects;
import java.util.Optional;

/** A question about a movie. Immutable and thread-safe. */
public final class Question {
  private final String text;
  private final Optional<GenerationOptions> options;

  private Question(String text, Optional<GenerationOptions> options) {
    this.text = text;
    this.options = options;
  }

  /**
   * A question with the chat's own generation options.
   *
   * @throws IllegalArgumentException if the text is blank
   */
  public static Question of(String text) {
    require(!text.isBlank(), "the question is empty");
    return new Question(text, Optional.empty());
  }

  /** The same question with generation options of its own. */
  public Question with(GenerationOptions newOptions) {
    return new Question(text, Optional.of(Objects.requireNonNull(newOptions, "options")));
  }

  /** What is asked, not blank. */
  public String text() {
    return text;
  }

  /** How the answer is generated; empty takes the chat's options. */
  public Optional<GenerationOptions> options() {
    return options;
  }

  @Override
  public String toString() {
    return text;
  }
}
