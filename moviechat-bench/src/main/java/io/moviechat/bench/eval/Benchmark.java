package io.moviechat.bench.eval;

import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A benchmark that can be read: its name, its layout, what its papers report. Immutable. */
public final class Benchmark {
  private static final ImmutableList<Benchmark> ALL =
      ImmutableList.of(
          new Benchmark(
              "moviechat-1k",
              "MovieChat-1K, global and breakpoint questions",
              "the mean of each mode",
              OpenReaders.movieChat1k(OpenReaders.TimeUnit.FRAMES),
              Aggregation.categories("mode")),
          new Benchmark(
              "msvd-qa", "MSVD-QA", "the mean of all", OpenReaders::msvd, Aggregation.SAMPLES),
          new Benchmark(
              "msrvtt-qa",
              "MSRVTT-QA",
              "the mean of all",
              OpenReaders::msrvtt,
              Aggregation.SAMPLES),
          new Benchmark(
              "activitynet-qa",
              "ActivityNet-QA",
              "the mean of all",
              OpenReaders::activityNet,
              Aggregation.SAMPLES),
          new Benchmark(
              "video-mme",
              "Video-MME",
              "the mean of all",
              ChoiceReaders::videoMme,
              Aggregation.SAMPLES),
          new Benchmark(
              "mlvu",
              "MLVU, multiple choice (dev or test)",
              "M-Avg, the mean of the tasks' means",
              ChoiceReaders::mlvu,
              Aggregation.categories("task")),
          new Benchmark(
              "mlvu-generation",
              "MLVU, sub-scene and summary",
              "G-Avg, the mean of the tasks' means (2 to 10)",
              ChoiceReaders::mlvuGeneration,
              Aggregation.categories("task")),
          new Benchmark(
              "lvbench", "LVBench", "the mean of all", ChoiceReaders::lvBench, Aggregation.SAMPLES),
          new Benchmark(
              "longvideobench",
              "LongVideoBench",
              "the mean of all",
              ChoiceReaders::longVideoBench,
              Aggregation.SAMPLES),
          new Benchmark(
              "egoschema",
              "EgoSchema",
              "the mean of all",
              ChoiceReaders::egoSchema,
              Aggregation.SAMPLES),
          new Benchmark(
              "next-qa",
              "NExT-QA, multiple choice",
              "the mean of all",
              ChoiceReaders::nextQa,
              Aggregation.SAMPLES),
          new Benchmark(
              "perception-test",
              "Perception Test, multiple choice",
              "the mean of all",
              ChoiceReaders::perceptionTest,
              Aggregation.SAMPLES),
          new Benchmark(
              "streamingbench",
              "StreamingBench, all but proactive output",
              "the mean of all of a set",
              ChoiceReaders::streamingBench,
              Aggregation.SAMPLES),
          new Benchmark(
              "ovo-bench",
              "OVO-Bench",
              "the mean of the three modes' means of their tasks' means",
              ChoiceReaders::ovoBench,
              Aggregation.nested("mode", "task")),
          new Benchmark(
              "flash-vstream",
              "Flash-VStream's copies of EgoSchema, LVBench, MLVU, MVBench and Video-MME",
              "the mean of all of a set",
              ChoiceReaders::flashVstream,
              Aggregation.SAMPLES),
          new Benchmark(
              "own",
              "questions of one's own as CSV or JSON Lines",
              "the mean of all",
              ChoiceReaders::own,
              Aggregation.SAMPLES));

  private final String name;
  private final String title;
  private final String metric;
  private final Reader reader;
  private final Aggregation headline;

  private Benchmark(String name, String title, String metric, Reader reader, Aggregation headline) {
    this.name = name;
    this.title = title;
    this.metric = metric;
    this.reader = reader;
    this.headline = headline;
  }

  /** All of them, in the order of the documentation. */
  public static List<Benchmark> all() {
    return ALL;
  }

  /**
   * One of them.
   *
   * @throws IllegalArgumentException if there is none of that name, naming those that there are
   */
  public static Benchmark named(String name) {
    return ALL.stream()
        .filter(each -> each.name.equals(name.toLowerCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "there is no benchmark '"
                        + name
                        + "'; there are "
                        + ALL.stream().map(Benchmark::name).collect(Collectors.joining(", "))));
  }

  /** Its name on the command line. */
  public String name() {
    return name;
  }

  /** Its name in papers. */
  public String title() {
    return title;
  }

  /** How its papers make one figure of all replies. */
  public String metric() {
    return metric;
  }

  Aggregation headline() {
    return headline;
  }

  /** MovieChat-1K in a copy whose times are seconds. */
  Benchmark inSeconds() {
    if (!name.equals("moviechat-1k")) {
      throw new IllegalArgumentException(
          "only moviechat-1k has times in frames; those of " + name + " are seconds anyway");
    }
    Reader seconds = OpenReaders.movieChat1k(OpenReaders.TimeUnit.SECONDS);
    return new Benchmark(name, title, metric, seconds, headline);
  }

  /**
   * Reads its files.
   *
   * @param annotations the folder that they lie in, at any depth, or the only one
   * @throws IOException if a file that must be there is not, or cannot be read
   * @throws IllegalArgumentException if no item could be read, saying the first reason
   */
  Dataset read(Path annotations) throws IOException {
    Dataset dataset = new Dataset();
    reader.read(new Annotations(annotations, dataset));
    if (dataset.items().isEmpty()) {
      throw new IllegalArgumentException(
          "no question of "
              + name
              + " could be read from "
              + annotations
              + (dataset.problems().isEmpty()
                  ? ": it holds no file of that set's layout"
                  : "; the first of "
                      + dataset.problems().size()
                      + " problems: "
                      + dataset.problems().get(0)));
    }
    return dataset;
  }
}
