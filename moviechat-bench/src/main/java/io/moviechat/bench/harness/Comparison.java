package io.moviechat.bench.harness;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Two runs of one group, figure by figure.
 *
 * <p><b>Noise model.</b> A figure is the median of its rounds' medians. The relative standard
 * deviation of a run is estimated from the range of those medians (range over d2, Tippett 1925,
 * which suits the two to five rounds that there are). A change counts if its natural logarithm is
 * larger than three times both deviations together (root of the sum of squares) and larger than a
 * floor: 5 %, or 15 % for a figure that one of the runs measured only once. That is about one false
 * alarm in 300 figures if the rounds are independent; a machine that is busy for a whole run is not
 * noise that a run can see, so the drift of the peers (whose code did not change) is told beside
 * it.
 *
 * @param lines for reading
 * @param regressions names of the figures that became worse
 */
public record Comparison(List<String> lines, List<String> regressions) {
  private static final double FLOOR = Math.log(1.05);
  private static final double FLOOR_MEASURED_ONCE = Math.log(1.15);
  private static final double DEVIATIONS = 3;

  /** Expected range of n normal values over their standard deviation, from n = 2. */
  private static final double[] D2 = {1.128, 1.693, 2.059, 2.326, 2.534, 2.704, 2.847, 2.970};

  public Comparison {
    lines = List.copyOf(lines);
    regressions = List.copyOf(regressions);
  }

  public static Comparison of(RunFile before, RunFile after) {
    Map<String, Measure> later = new HashMap<>();
    after.measures().forEach(measure -> later.put(measure.key(), measure));
    List<String> lines = new ArrayList<>();
    List<String> regressions = new ArrayList<>();
    List<Double> drift = new ArrayList<>();
    if (!before.machine().cpu().equals(after.machine().cpu())
        || before.machine().cores() != after.machine().cores()) {
      lines.add("the runs are of different machines: nothing follows from absolute figures");
    }
    if (before.size() != after.size()) {
      lines.add("the runs are of different sizes: " + before.size() + " and " + after.size());
    }
    lines.add(String.format(Locale.ROOT, "before %s, after %s", before.commit(), after.commit()));
    int same = 0;
    for (Measure old : before.measures()) {
      Measure now = later.remove(old.key());
      if (now == null) {
        lines.add("gone: " + old.key());
        continue;
      }
      double change = Math.log(now.median() / old.median());
      if (!Double.isFinite(change)) {
        if (Double.compare(now.median(), old.median()) != 0) {
          lines.add("not comparable: " + old.key() + ": " + old.median() + ", " + now.median());
        }
        continue;
      }
      if (isPeer(old, before)) {
        drift.add(change);
      }
      double noise = noise(old, now);
      if (Math.abs(change) <= noise || old.better() == Better.NEITHER) {
        same++;
        continue;
      }
      boolean worse = change > 0 == (old.better() == Better.LOWER);
      lines.add(
          String.format(
              Locale.ROOT,
              "%s: %s %s -> %s %s (%+.1f %%, noise %.1f %%)",
              worse ? "WORSE" : "better",
              old.key(),
              Format.number(old.median()),
              Format.number(now.median()),
              old.unit(),
              100 * Math.expm1(change),
              100 * Math.expm1(noise)));
      if (worse && !isPeer(old, before)) {
        regressions.add(old.key());
      }
    }
    later.keySet().stream().sorted().forEach(key -> lines.add("new: " + key));
    lines.add(same + " figures are the same within noise");
    if (!drift.isEmpty()) {
      lines.add(
          String.format(
              Locale.ROOT,
              "the peers, whose code is not ours, drifted by %+.1f %% in the median",
              100 * Math.expm1(Measure.median(drift))));
    }
    return new Comparison(lines, regressions);
  }

  /** Whether a figure is a rival's: not the first value of its peer parameter. */
  private static boolean isPeer(Measure measure, RunFile run) {
    String peer = measure.params().get(Measure.PEER);
    if (peer == null) {
      return false;
    }
    for (Measure first : run.measures()) {
      if (first.contest().equals(measure.contest())) {
        return !peer.equals(first.params().get(Measure.PEER));
      }
    }
    return false;
  }

  /** The change, as a natural logarithm, that two measurements of the same thing may show. */
  public static double noise(Measure a, Measure b) {
    double together = Math.hypot(deviation(a), deviation(b));
    boolean once = a.roundMedians().size() < 2 || b.roundMedians().size() < 2;
    return Math.max(once ? FLOOR_MEASURED_ONCE : FLOOR, DEVIATIONS * together);
  }

  private static double deviation(Measure measure) {
    List<Double> medians = measure.roundMedians();
    if (medians.size() < 2) {
      return 0;
    }
    double range = Collections.max(medians) - Collections.min(medians);
    return range / D2[Math.min(medians.size() - 2, D2.length - 1)] / Math.abs(measure.median());
  }
}
