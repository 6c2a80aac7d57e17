package io.moviechat.spi;

import io.moviechat.TokenShape;
import java.util.OptionalInt;

/**
 * Answers questions from a memory. <b>Threads.</b> Sessions of one generator may answer at the same
 * time and do not influence each other; one session answers one question at a time.
 */
public interface AnswerGenerator extends AutoCloseable {
  /** Names the model, for messages. */
  String id();

  /** The width of visual tokens that it reads; empty, as here, if it sees pictures instead. */
  default OptionalInt tokenWidth() {
    return OptionalInt.empty();
  }

  /**
   * Most memory slots of such a shape that fit beside a prompt and an answer of usual length;
   * empty, as here, if there is no such limit: of many slots it may see a part, say.
   */
  default OptionalInt maxSlots(TokenShape shape) {
    return OptionalInt.empty();
  }

  /**
   * Whether its prompts hold what a movie says ({@link AnswerRequest#cues()}), for which a full
   * memory then makes room.
   */
  default boolean showsCues() {
    return true;
  }

  /**
   * Starts a session about one view of a movie. What the sessions of a view share (a KV cache of
   * the memory, say) is kept as long as one of them is open.
   *
   * @return the session; the caller closes it
   * @throws IllegalArgumentException if the view's tokens are of another width, which the message
   *     names
   */
  AnswerSession open(MovieView view);

  /** Frees everything; open sessions end. Closing twice is fine. */
  @Override
  void close();
}
