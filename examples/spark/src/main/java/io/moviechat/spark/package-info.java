/**
 * Films watched and asked on Apache Spark: one model per executor, one film per task, frames that
 * never leave the task.
 *
 * <pre>{@code
 * BatchSpec spec = BatchSpec.builder(ChatOpener.bundle("/models/smolvlm"), "/shared/out")
 *     .questions(List.of("What happens?"))
 *     .build();
 * MovieLibraryJob job = new MovieLibraryJob(spark, spec);
 * Dataset<FilmRow> films = job.watch(spark.read().textFile("films.txt"));
 * }</pre>
 *
 * <p>docs/scale-out.md says how to set up executors, and what was measured.
 */
@NullMarked
package io.moviechat.spark;

import org.jspecify.annotations.NullMarked;
