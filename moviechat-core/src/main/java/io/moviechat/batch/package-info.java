/**
 * Many films, watched and asked the same questions, into a folder that can be gone on with.
 *
 * <pre>{@code
 * try (MovieChat chat = MovieChat.create()) {
 *   MovieBatch batch = MovieBatch.builder(chat, Path.of("out"))
 *       .questions(List.of("What happens?"))
 *       .jobs(2)
 *       .build();
 *   List<FilmResult> results = batch.run(films);
 * }
 * }</pre>
 *
 * <p>Open {@link io.moviechat.batch.MovieBatch} first. docs/scale-out.md describes the folder and
 * the same work on Spark.
 */
@NullMarked
package io.moviechat.batch;

import org.jspecify.annotations.NullMarked;
