package io.moviechat.bench.harness;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ComparisonTest {
  @Test
  void aChangeBeyondTheSpreadOfTheRoundsIsOne() {
    Comparison comparison = Comparison.of(run(time("A", 100, 101)), run(time("A", 120, 121)));

    assertThat(comparison.regressions()).containsExactly("A{}");
    assertThat(comparison.lines()).anyMatch(line -> line.startsWith("WORSE: A"));
  }

  @Test
  void aChangeWithinTheSpreadOfTheRoundsIsNone() {
    Comparison comparison = Comparison.of(run(time("A", 90, 115)), run(time("A", 100, 125)));

    assertThat(comparison.regressions()).isEmpty();
  }

  @Test
  void smallChangesAreNoneHoweverStableTheRoundsAre() {
    Comparison comparison = Comparison.of(run(time("A", 100, 100)), run(time("A", 104, 104)));

    assertThat(comparison.regressions()).isEmpty();
  }

  @Test
  void whatShouldGrowIsWorseWhenItShrinks() {
    Measure before = new Measure("A", new TreeMap<>(), "ops/s", Better.HIGHER, rounds(100, 101));
    Measure after = new Measure("A", new TreeMap<>(), "ops/s", Better.HIGHER, rounds(50, 51));

    assertThat(Comparison.of(run(before), run(after)).regressions()).hasSize(1);
    assertThat(Comparison.of(run(after), run(before)).regressions()).isEmpty();
  }

  @Test
  void aSlowerRivalIsNoRegressionButDrift() {
    Measure ours = peer("ours", 10);
    Comparison comparison =
        Comparison.of(run(ours, peer("rival", 10)), run(ours, peer("rival", 20)));

    assertThat(comparison.regressions()).isEmpty();
    assertThat(comparison.lines()).anyMatch(line -> line.contains("drifted by +100.0 %"));
  }

  @Test
  void whatIsGoneAndWhatIsNewIsTold() {
    Comparison comparison = Comparison.of(run(time("A", 1, 1)), run(time("B", 1, 1)));

    assertThat(comparison.lines()).contains("gone: A{}", "new: B{}");
  }

  private static Measure peer(String name, double value) {
    TreeMap<String, String> params = new TreeMap<>();
    params.put(Measure.PEER, name);
    return new Measure("A", params, "us/op", Better.LOWER, rounds(value, value));
  }

  private static Measure time(String name, double first, double second) {
    return new Measure(name, new TreeMap<>(), "us/op", Better.LOWER, rounds(first, second));
  }

  private static List<List<Double>> rounds(double first, double second) {
    return List.of(List.of(first), List.of(second));
  }

  private static RunFile run(Measure... measures) {
    Findings findings = new Findings(System.err, Journal.none());
    List.of(measures).forEach(findings::measure);
    return RunFile.of(
        Group.PIPELINE,
        Size.QUICK,
        "2026-01-01T00:00:00Z",
        1,
        "command",
        "abc",
        Machine.here(),
        new TreeMap<>(),
        findings);
  }
}
