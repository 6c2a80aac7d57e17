package io.moviechat.bench.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * How one figure is made of many: the mean of all, or a mean of means.
 *
 * @param dimensions empty for the mean of all; one for the mean over its values' means; two for the
 *     mean over the first one's values of the means over the second one's values' means
 */
record Aggregation(List<String> dimensions) {
  static final Aggregation SAMPLES = new Aggregation(List.of());

  /** Bootstrap samples of an interval. */
  static final int DRAWS = 1000;

  private static final long SEED = 1;

  static Aggregation categories(String dimension) {
    return new Aggregation(List.of(dimension));
  }

  static Aggregation nested(String outer, String inner) {
    return new Aggregation(List.of(outer, inner));
  }

  /** The figure of items; empty if there are none. */
  OptionalDouble of(List<EvalItem> items, ToDoubleFunction<EvalItem> value) {
    Leaves leaves = new Leaves();
    Sums sums = new Sums(leaves.collect(items), items, value);
    return leaves.figure(sums);
  }

  /**
   * The figure, and where 95 % of its bootstrap samples lie. What is drawn again and again are
   * films, not questions: questions about one film are right or wrong together. The seed is fixed,
   * so the same items give the same interval.
   */
  Optional<Interval> interval(List<EvalItem> items, ToDoubleFunction<EvalItem> value) {
    Leaves leaves = new Leaves();
    List<List<Integer>> all = leaves.collect(items);
    Map<String, List<Integer>> byFilm = new LinkedHashMap<>();
    for (int i = 0; i < items.size(); i++) {
      byFilm.computeIfAbsent(items.get(i).video(), film -> new ArrayList<>()).add(i);
    }
    List<Sums> films =
        byFilm.values().stream()
            .map(
                numbers ->
                    new Sums(
                        leaves.size(),
                        numbers.stream().map(all::get).toList(),
                        numbers.stream().map(items::get).toList(),
                        value))
            .toList();
    Sums total = new Sums(leaves.size());
    films.forEach(total::add);
    OptionalDouble figure = leaves.figure(total);
    if (figure.isEmpty()) {
      return Optional.empty();
    }
    SplittableRandom random = new SplittableRandom(SEED);
    double[] drawn = new double[DRAWS];
    for (int i = 0; i < DRAWS; i++) {
      Sums sample = new Sums(leaves.size());
      for (int k = 0; k < films.size(); k++) {
        sample.add(films.get(random.nextInt(films.size())));
      }
      drawn[i] = leaves.figure(sample).orElse(figure.getAsDouble());
    }
    Arrays.sort(drawn);
    return Optional.of(
        new Interval(
            figure.getAsDouble(),
            drawn[(int) (0.025 * (DRAWS - 1))],
            drawn[(int) Math.ceil(0.975 * (DRAWS - 1))]));
  }

  /** The groups of which means are taken first, and how they belong together. */
  private final class Leaves {
    private final Map<List<String>, Integer> numbers = new LinkedHashMap<>();

    int size() {
      return numbers.size();
    }

    /** Per item the leaves that it counts in: several where a dimension has several values. */
    List<List<Integer>> collect(List<EvalItem> items) {
      List<List<Integer>> all = new ArrayList<>();
      for (EvalItem item : items) {
        List<List<String>> paths = List.of(List.of());
        for (String dimension : dimensions) {
          List<List<String>> longer = new ArrayList<>();
          for (List<String> path : paths) {
            for (String value : item.categories().getOrDefault(dimension, List.of())) {
              List<String> more = new ArrayList<>(path);
              more.add(value);
              longer.add(more);
            }
          }
          paths = longer;
        }
        all.add(
            paths.stream()
                .map(path -> numbers.computeIfAbsent(path, key -> numbers.size()))
                .toList());
      }
      return all;
    }

    OptionalDouble figure(Sums sums) {
      Map<List<String>, List<Double>> groups = new LinkedHashMap<>();
      numbers.forEach(
          (path, leaf) -> {
            if (sums.counts[leaf] > 0) {
              List<String> group = path.subList(0, Math.max(0, path.size() - 1));
              groups
                  .computeIfAbsent(group, key -> new ArrayList<>())
                  .add(sums.values[leaf] / sums.counts[leaf]);
            }
          });
      return groups.values().stream()
          .mapToDouble(means -> means.stream().mapToDouble(Double::doubleValue).average().orElse(0))
          .average();
    }
  }

  private static final class Sums {
    private final double[] values;
    private final int[] counts;

    Sums(int leaves) {
      values = new double[leaves];
      counts = new int[leaves];
    }

    Sums(List<List<Integer>> leaves, List<EvalItem> items, ToDoubleFunction<EvalItem> value) {
      this(
          1 + leaves.stream().flatMap(List::stream).mapToInt(Integer::intValue).max().orElse(0),
          leaves,
          items,
          value);
    }

    Sums(
        int size,
        List<List<Integer>> leaves,
        List<EvalItem> items,
        ToDoubleFunction<EvalItem> value) {
      this(size);
      for (int i = 0; i < items.size(); i++) {
        double each = value.applyAsDouble(items.get(i));
        for (int leaf : leaves.get(i)) {
          values[leaf] += each;
          counts[leaf]++;
        }
      }
    }

    void add(Sums other) {
      for (int i = 0; i < values.length; i++) {
        values[i] += other.values[i];
        counts[i] += other.counts[i];
      }
    }
  }

  /** Groups by the values of a dimension, in order of their first appearance. */
  static <T> Map<String, List<T>> groups(
      List<T> all, Function<T, EvalItem> item, String dimension) {
    Map<String, List<T>> groups = new LinkedHashMap<>();
    for (T each : all) {
      for (String value : item.apply(each).categories().getOrDefault(dimension, List.of())) {
        groups.computeIfAbsent(value, key -> new ArrayList<>()).add(each);
      }
    }
    return groups;
  }
}
