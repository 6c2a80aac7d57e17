package io.moviechat.llm;

import io.moviechat.spi.MovieView;
import java.util.List;

/**
 * One message of a chat, before it becomes a prompt.
 *
 * @param role who speaks
 * @param content what is said or shown, in order
 */
record Message(Role role, List<Content> content) {
  enum Role {
    SYSTEM,
    USER,
    ASSISTANT
  }

  /** A part of a message. */
  sealed interface Content {}

  /** Text that somebody typed or a model wrote; special tokens in it are mere text. */
  record Text(String text) implements Content {}

  /** One picture: the visual rows of a memory slot, without a time. */
  record Image(int slot) implements Content {}

  /** A video: all slots of a view. */
  record Video(MovieView view) implements Content {}

  Message {
    content = List.copyOf(content);
  }

  static Message of(Role role, Content... content) {
    return new Message(role, List.of(content));
  }
}
