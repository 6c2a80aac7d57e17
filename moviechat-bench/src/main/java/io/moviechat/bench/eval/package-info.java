/**
 * Evaluation on public benchmarks: what MovieChat answers on the sets that papers use.
 *
 * <pre>{@code
 * EvalRun run =
 *     EvalRun.builder(Benchmark.named("mlvu"), annotations, out).videos(videos).model(model).build();
 * run.run(line -> {});                              // watches each film once; goes on where it ended
 * EvalScore score = Scorer.of(out).score();         // from the journal alone
 * EvalReport.write(List.of(out), page);             // tables, plots, published figures beside
 * }</pre>
 *
 * <p>{@link io.moviechat.bench.eval.Benchmark} reads a set's own files. {@link
 * io.moviechat.bench.eval.EvalRun} asks all questions of a film after one pass and writes a line
 * per reply. {@link io.moviechat.bench.eval.Scorer} reads replies by fixed rules, asks a {@link
 * io.moviechat.bench.eval.Judge} where words have to be compared, and never draws lots. {@link
 * io.moviechat.bench.eval.EvalReport} prints. docs/evaluation.md goes from download to table.
 */
@NullMarked
package io.moviechat.bench.eval;

import org.jspecify.annotations.NullMarked;
