package io.moviechat;

import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.MovieView;
import java.util.OptionalInt;

/** In place of a language model where a chat only searches: refuses every question. */
final class NoAnswers implements AnswerGenerator {
  private final String id;

  /**
   * @param id of what searches
   */
  NoAnswers(String id) {
    this.id = id;
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public OptionalInt tokenWidth() {
    return OptionalInt.empty();
  }

  @Override
  public OptionalInt maxSlots(TokenShape shape) {
    return OptionalInt.empty();
  }

  @Override
  public AnswerSession open(MovieView view) {
    throw new IllegalStateException(
        "this chat only searches, it has no language model: call model(...) in place of"
            + " searchOnly(...) to ask questions");
  }

  @Override
  public void close() {}
}
