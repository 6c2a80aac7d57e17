/**
 * What an application may plug in: where frames come from ({@link io.moviechat.spi.VideoSource}),
 * how they become tokens ({@link io.moviechat.spi.FrameEncoder}), what is remembered ({@link
 * io.moviechat.spi.VideoMemory}) and who answers ({@link io.moviechat.spi.AnswerGenerator}).
 *
 * <p>Implementations are given to {@link io.moviechat.MovieChat.Builder} or found by {@link
 * java.util.ServiceLoader}. Each interface has a contract test in the artifact {@code
 * moviechat-spi-testing} (scope test), which brings JUnit and AssertJ: inherit from it and give it
 * your implementation. What it asks of a message stands in the interface's {@code @throws}.
 */
@NullMarked
package io.moviechat.spi;

import org.jspecify.annotations.NullMarked;
