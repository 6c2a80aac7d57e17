/**
 * Benchmarks of every module, one runnable jar.
 *
 * <pre>{@code
 * java -jar moviechat-bench/target/benchmarks.jar                      what there is
 * java -jar moviechat-bench/target/benchmarks.jar pipeline -Pquick     run one group
 * java -jar moviechat-bench/target/benchmarks.jar all -Pfull --out docs/benchmarks
 * java -jar moviechat-bench/target/benchmarks.jar report docs/benchmarks
 * java -jar moviechat-bench/target/benchmarks.jar compare before.json after.json
 * }</pre>
 *
 * <h2>Adding a benchmark</h2>
 *
 * Put one file into the package of its group; nothing else has to be edited.
 *
 * <ul>
 *   <li><b>The package is the group</b>: {@code memory}, {@code video}, {@code llm}, {@code
 *       pipeline}, {@code accuracy} ({@link io.moviechat.bench.harness.Group}). The class name
 *       begins with the group all the same: it is the name under which figures are published.
 *   <li><b>A loop that JMH can time</b> is a public class with {@code @Benchmark} methods and the
 *       annotation {@link io.moviechat.bench.harness.Question}. Rivals are values of one
 *       {@code @Param public String peer}; the <b>first value is ours</b>, and ratios are taken
 *       against it. Other {@code @Param} fields are sizes: the values in {@code @Param} are those
 *       of {@code -Pquick}, {@link io.moviechat.bench.harness.BySize} gives those of the other
 *       sizes. Leave {@code @Fork}, {@code @Warmup} and {@code @Measurement} away: {@link
 *       io.moviechat.bench.harness.Size} decides, and peers take turns in several rounds. A static
 *       method {@code Map<String, String> missingPeers()} names peers that are not installed, each
 *       with the reason; they are left out and listed as left out.
 *   <li><b>Anything else</b> (memory over a million frames, a peer in another language, a soak) is
 *       a class with a constructor without parameters that implements {@link
 *       io.moviechat.bench.harness.Study}; {@link io.moviechat.bench.harness.ChildJvm} runs a part
 *       of it in a fresh JVM.
 * </ul>
 *
 * Javadoc of each class says its question, its peers, its sizes and the command. All figures end in
 * one JSON file per group ({@link io.moviechat.bench.harness.RunFile}), which {@code report} and
 * {@code compare} read. {@code BenchmarksTest} runs everything once at {@link
 * io.moviechat.bench.harness.Size#SMOKE}, so keep that size under a second or two.
 */
@NullMarked
package io.moviechat.bench;

import org.jspecify.annotations.NullMarked;
