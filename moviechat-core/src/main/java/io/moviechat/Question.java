package io.moviechat;

import static io.moviechat.Checks.require;

import java.util.Objects;
import java.util.Optional;

/**
 * A question about a movie.
 *
 * @param text what is asked, not blank
 * @param options how the answer is generated; empty takes the chat's options
 */
public record Question(String text, Optional<GenerationOptions> options) {
  /**
   * @throws IllegalArgumentException if the text is blank
   */
  public Question {
    require(!text.isBlank(), "the question is empty");
    Objects.requireNonNull(options, "options");
  }

  /** A question with the chat's own generation options. */
  public static Question of(String text) {
    return new Question(text, Optional.empty());
  }

  /** The same question with generation options of its own. */
  public Question with(GenerationOptions newOptions) {
    return new Question(text, Optional.of(newOptions));
  }
}
