/**
 * Vision-language models on ONNX Runtime: encoders for watching and generators for answering.
 *
 * <p>Open {@link io.moviechat.llm.ModelBundle} first: a folder with a model.
 *
 * <pre>{@code
 * try (MovieChat chat = MovieChat.builder().model(ModelBundle.at(Path.of("SmolVLM2-256M"))).build();
 *     Movie movie = chat.watch(Path.of("movie.mp4"))) {
 *   movie.ask("What is the rabbit doing?", token -> print(token));
 * }
 * }</pre>
 *
 * <p>Threads: a {@link io.moviechat.llm.ModelBundle} is a value; generators answer any number of
 * sessions at the same time, turn by turn. Native memory belongs to what was opened and is freed by
 * closing it. No network is used, but by what has a network address as its argument.
 */
@NullMarked
package io.moviechat.llm;

import org.jspecify.annotations.NullMarked;
