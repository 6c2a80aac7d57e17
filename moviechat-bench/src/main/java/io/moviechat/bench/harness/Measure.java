package io.moviechat.bench.harness;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * One figure, measured several times.
 *
 * @param benchmark class and method, {@code MemoryWindow.consolidate}, or what a study calls it
 * @param params the parameters that it was measured with
 * @param unit of the values, {@code us/op} for instance
 * @param better which way it should go
 * @param rounds the values of each round
 */
public record Measure(
    String benchmark,
    SortedMap<String, String> params,
    String unit,
    Better better,
    List<List<Double>> rounds) {
  /** The parameter that names a rival. */
  public static final String PEER = "peer";

  public Measure {
    params = Collections.unmodifiableSortedMap(new TreeMap<>(params));
    rounds = rounds.stream().map(List::copyOf).toList();
  }

  /** A figure measured once. */
  public static Measure of(
      String benchmark, Map<String, String> params, String unit, Better better, double value) {
    return new Measure(benchmark, new TreeMap<>(params), unit, better, List.of(List.of(value)));
  }

  /** Name and parameters: equal for the same figure of two runs. */
  public String key() {
    return benchmark + params;
  }

  /** The class that measured it: the name up to the first point. */
  public String source() {
    int point = benchmark.indexOf('.');
    return point < 0 ? benchmark : benchmark.substring(0, point);
  }

  /** {@link #key()} without the peer: equal for all peers of one comparison. */
  String contest() {
    TreeMap<String, String> rest = new TreeMap<>(params);
    rest.remove(PEER);
    return benchmark + rest;
  }

  /** The same figure with further rounds. */
  public Measure plus(List<List<Double>> more) {
    List<List<Double>> all = new ArrayList<>(rounds);
    all.addAll(more);
    return new Measure(benchmark, params, unit, better, all);
  }

  /** The median of each round. */
  List<Double> roundMedians() {
    return rounds.stream().filter(round -> !round.isEmpty()).map(Measure::median).toList();
  }

  /** The median of the rounds' medians; NaN without values. */
  public double median() {
    return median(roundMedians());
  }

  public static double median(List<Double> values) {
    if (values.isEmpty()) {
      return Double.NaN;
    }
    List<Double> sorted = values.stream().sorted().toList();
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }
}
