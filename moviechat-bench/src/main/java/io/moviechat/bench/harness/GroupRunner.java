package io.moviechat.bench.harness;

import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs the benchmarks of a group and gathers what they find. */
public final class GroupRunner {
  private static final String ALLOCATION = "gc.alloc.rate.norm";

  private final Size size;
  private final boolean forked;
  private final PrintStream log;
  private final Journal journal;
  private final Optional<Duration> limit;

  /**
   * @param forked whether JMH measures in JVMs of its own; without that the figures mean nothing
   * @param journal what an interrupted run found
   * @param limit after which studies of many movies begin no further one
   */
  public GroupRunner(
      Size size, boolean forked, PrintStream log, Journal journal, Optional<Duration> limit) {
    this.limit = limit;
    this.size = size;
    this.forked = forked;
    this.log = log;
    this.journal = journal;
  }

  /**
   * Runs the entries, studies first; one that fails is noted and does not keep the others from
   * running. At the quick size nothing new is begun after the group's share of time: what is left
   * out then is named.
   */
  public Findings run(Collection<Catalog.Entry> entries) {
    Findings findings = new Findings(log, journal, limit);
    long start = System.nanoTime();
    List<Catalog.Entry> timed = entries.stream().filter(entry -> !entry.isStudy()).toList();
    for (Catalog.Entry entry : entries) {
      if (entry.isStudy() && !isLate(entry, start, findings)) {
        log.println(entry.name() + ": " + entry.question());
        long began = System.nanoTime();
        try {
          entry.study().run(size, findings);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return findings;
        } catch (Exception | LinkageError e) { // reported, and the next one still runs
          e.printStackTrace(log);
          findings.skip(entry.name(), "failed: " + e);
        }
        log.printf("  %s took %.0f s%n", entry.name(), (System.nanoTime() - began) / 1e9);
      }
    }
    int rounds = wishedRounds().orElse(size.rounds());
    for (int round = 1; round <= rounds && !timed.isEmpty(); round++) {
      for (Catalog.Entry entry : timed) {
        if (isLate(entry, start, findings)) {
          continue;
        }
        log.printf("round %d of %d: %s%n", round, rounds, entry.name());
        try {
          runJmh(entry.type(), findings);
        } catch (RunnerException e) {
          findings.skip(entry.name(), "failed: " + e.getMessage());
        }
      }
    }
    return findings;
  }

  /** {@code -Dmoviechat.bench.rounds=N}: so many rounds, however long they take. */
  private static OptionalInt wishedRounds() {
    Integer rounds = Integer.getInteger("moviechat.bench.rounds");
    return rounds == null ? OptionalInt.empty() : OptionalInt.of(Math.max(1, rounds));
  }

  private boolean isLate(Catalog.Entry entry, long start, Findings findings) {
    int seconds = entry.group().quickSeconds();
    boolean late =
        size == Size.QUICK
            && wishedRounds().isEmpty()
            && (System.nanoTime() - start) / 1e9 > seconds;
    if (late) {
      findings.skip(
          entry.name() + ", in whole or its later rounds",
          "the quick size gives this group " + seconds + " s; use --filter or -Pfull");
    }
    return late;
  }

  private void runJmh(Class<?> type, Findings findings) throws RunnerException {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include("^" + Pattern.quote(type.getName()) + "\\.")
            .forks(forked ? 1 : 0)
            .warmupIterations(size.warmups())
            .warmupTime(TimeValue.milliseconds(size.iterationMillis()))
            .measurementIterations(size.iterations())
            .measurementTime(TimeValue.milliseconds(size.iterationMillis()))
            .addProfiler(GCProfiler.class)
            .verbosity(VerboseMode.SILENT)
            .jvmArgsAppend(ChildJvm.nativeAccess().toArray(String[]::new));
    int expected = 1;
    for (Field field : type.getFields()) {
      if (field.isAnnotationPresent(Param.class)) {
        List<String> values = values(type, field, findings);
        if (values.isEmpty()) {
          return;
        }
        options.param(field.getName(), values.toArray(String[]::new));
        expected *= values.size();
      }
    }
    Collection<RunResult> results = new Runner(options.build()).run();
    if (results.size() % expected != 0 || results.isEmpty()) {
      findings.skip(
          type.getSimpleName(),
          "only " + results.size() + " of its " + expected + " settings ran; see the log");
    }
    results.forEach(result -> record(result, findings));
  }

  private List<String> values(Class<?> type, Field field, Findings findings) {
    List<String> values = new ArrayList<>(Arrays.asList(field.getAnnotation(Param.class).value()));
    BySize bySize = field.getAnnotation(BySize.class);
    if (field.getName().equals(Measure.PEER)) {
      missingPeers(type)
          .forEach(
              (peer, reason) -> {
                if (values.remove(peer)) {
                  findings.skip(type.getSimpleName() + ", peer " + peer, reason);
                }
              });
      return values;
    }
    return switch (size) {
      case QUICK -> values;
      case FULL -> bySize != null && bySize.full().length > 0 ? List.of(bySize.full()) : values;
      case SMOKE ->
          bySize != null && bySize.smoke().length > 0
              ? List.of(bySize.smoke())
              : values.subList(0, 1);
    };
  }

  @SuppressWarnings("unchecked") // the documented signature
  private static Map<String, String> missingPeers(Class<?> type) {
    try {
      Method method = type.getDeclaredMethod("missingPeers");
      method.setAccessible(true);
      return (Map<String, String>) method.invoke(null);
    } catch (NoSuchMethodException e) {
      return Map.of();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(
          type + ".missingPeers() must be static, without parameters, a Map<String, String>", e);
    }
  }

  private static void record(RunResult result, Findings findings) {
    BenchmarkParams params = result.getParams();
    TreeMap<String, String> values = new TreeMap<>();
    params.getParamsKeys().forEach(key -> values.put(key, params.getParam(key)));
    String method = params.getBenchmark();
    String name = method.substring(method.lastIndexOf('.', method.lastIndexOf('.') - 1) + 1);
    Better better = params.getMode() == Mode.Throughput ? Better.HIGHER : Better.LOWER;
    List<List<Double>> primary = new ArrayList<>();
    List<List<Double>> allocation = new ArrayList<>();
    for (BenchmarkResult fork : result.getBenchmarkResults()) {
      List<Double> times = new ArrayList<>();
      List<Double> bytes = new ArrayList<>();
      for (IterationResult iteration : fork.getIterationResults()) {
        times.add(iteration.getPrimaryResult().getScore());
        Result<?> allocated = iteration.getSecondaryResults().get(ALLOCATION);
        if (allocated != null) {
          bytes.add(allocated.getScore());
        }
      }
      primary.add(times);
      if (!bytes.isEmpty()) {
        allocation.add(bytes);
      }
    }
    String unit = result.getPrimaryResult().getScoreUnit();
    findings.measure(new Measure(name, values, unit, better, primary));
    if (!allocation.isEmpty()) {
      findings.measure(
          new Measure(name + " heap allocation", values, "B/op", Better.LOWER, allocation));
    }
  }
}
