package io.moviechat.llm;

import java.util.List;
import java.util.Optional;

/**
 * What models of one kind have in common and other kinds do not: how a frame becomes the encoder's
 * picture, and how a chat becomes a prompt. One small class each, chosen by {@code model_type}
 * ({@link Families}). Immutable and thread-safe.
 */
interface Family {
  /** The family's name, for messages. */
  String name();

  /** What happens to a frame before the vision encoder. */
  ImagePreprocessor images();

  /** The order of the encoder's inputs; empty if it reads pictures, channel by channel. */
  default Optional<PatchLayout> patches() {
    return Optional.empty();
  }

  /** The token that stands where a visual row goes. */
  String placeholder();

  /**
   * Writes a chat as a prompt that ends where the model's answer begins. Calls {@link
   * Prompt.Builder#endOfMemory()} once, after the video.
   */
  void render(List<Message> chat, Prompt.Builder prompt);

  /** Whether {@link #render} writes the token that begins every prompt. */
  default boolean writesBeginToken() {
    return false;
  }

  /**
   * What the model's own processor makes of a rendered template: each picture's mark becomes what
   * frames a picture, here with a single visual row.
   */
  default String expand(String rendered) {
    return rendered;
  }

  /**
   * What a chat template must hold if it writes the prompts that {@link #render} writes. Templates
   * are not run: one without these is another family's.
   */
  default List<String> templateMarks() {
    return List.of();
  }

  /** Texts that end every answer, besides those that are asked for. */
  default List<String> stopStrings() {
    return List.of();
  }

  /**
   * Whether the prompt makes the model begin its answers with a blank that is no part of them, as
   * {@code Assistant:} does.
   */
  default boolean answersBeginWithBlank() {
    return false;
  }
}
