/**
 * Ask questions about long videos. A movie is watched once, kept as a small bounded memory of
 * merged frames, and asked any number of times.
 *
 * <p>Open {@link io.moviechat.MovieChat} first:
 *
 * <pre>{@code
 * try (MovieChat chat = MovieChat.builder().model(model).build();
 *     Movie movie = chat.watch(Path.of("movie.mp4"))) {
 *   movie.ask("What is the rabbit doing?").text(); // global mode: the whole movie
 *   movie.at(Duration.ofMinutes(61)).ask("What is he doing?"); // breakpoint mode: that moment
 * }
 * }</pre>
 *
 * <p>The values that flow between the stages ({@link io.moviechat.Frame}, {@link
 * io.moviechat.FrameTokens}, {@link io.moviechat.MemorySlot}, {@link io.moviechat.MemorySnapshot},
 * {@link io.moviechat.Question}, {@link io.moviechat.Answer}) live here; what a user may implement
 * lives in {@link io.moviechat.spi}. Values are immutable and thread-safe; {@link
 * io.moviechat.MovieChat} may be shared by threads; one {@link io.moviechat.Conversation} answers
 * one question at a time.
 */
@NullMarked
package io.moviechat;

import org.jspecify.annotations.NullMarked;
