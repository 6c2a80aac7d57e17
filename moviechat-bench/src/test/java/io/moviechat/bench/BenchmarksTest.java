package io.moviechat.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.moviechat.bench.harness.Catalog;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.GroupRunner;
import io.moviechat.bench.harness.Journal;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Skipped;
import io.moviechat.bench.harness.SmallModel;
import java.io.PrintStream;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Runs every benchmark once at its smallest size, only to see that it works. */
class BenchmarksTest {
  @TestFactory
  Stream<DynamicTest> runsAndMeasuresSomething() {
    System.setProperty("jmh.ignoreLock", "true");
    return Catalog.ofClassPath().all().stream()
        .map(entry -> DynamicTest.dynamicTest(entry.name(), () -> check(entry)));
  }

  private static void check(Catalog.Entry entry) {
    PrintStream log = new PrintStream(java.io.OutputStream.nullOutputStream());
    Findings findings =
        new GroupRunner(Size.SMOKE, false, log, Journal.none(), Optional.empty())
            .run(List.of(entry));

    assertThat(findings.skipped())
        .noneMatch(skipped -> skipped.reason().startsWith("failed"))
        .noneMatch(skipped -> skipped.reason().startsWith("only"));
    boolean needsModel =
        findings.skipped().stream()
            .map(Skipped::reason)
            .anyMatch(r -> r.equals(SmallModel.MISSING) || r.startsWith("no -Dmoviechat.bench."));
    assumeThat(findings.measures().isEmpty() && needsModel)
        .as("%s needs a model that this build does not have", entry.name())
        .isFalse();
    assertThat(findings.measures())
        .as("%s found nothing; left out: %s", entry.name(), findings.skipped())
        .isNotEmpty();
    assertThat(findings.measures()).allMatch(measure -> Double.isFinite(measure.median()));
    assertThat(entry.question()).endsWith("?");
  }
}
