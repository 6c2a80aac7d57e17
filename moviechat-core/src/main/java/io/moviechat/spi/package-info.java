/**
 * What an application may plug in: where frames come from ({@link io.moviechat.spi.VideoSource}),
 * how they become tokens ({@link io.moviechat.spi.FrameEncoder}), what is remembered ({@link
 * io.moviechat.spi.VideoMemory}) and who answers ({@link io.moviechat.spi.AnswerGenerator}).
 *
 * <p>Implementations are given to {@link io.moviechat.MovieChat.Builder} or found by {@link
 * java.util.ServiceLoader}. Each interface has a contract test in this module's test-jar; extend it
 * with your implementation.
 */
@NullMarked
package io.moviechat.spi;

import org.jspecify.annotations.NullMarked;
