package io.moviechat.bench.harness;

import java.util.List;

/**
 * A plot: lines over a common horizontal axis.
 *
 * @param id file name of its PNG, without ending; unique in a group
 * @param title what it shows
 * @param xTitle horizontal axis, with unit
 * @param yTitle vertical axis, with unit
 * @param logX whether the horizontal axis is logarithmic
 * @param logY whether the vertical axis is logarithmic
 * @param series the lines
 */
public record Chart(
    String id,
    String title,
    String xTitle,
    String yTitle,
    boolean logX,
    boolean logY,
    List<Series> series) {
  /**
   * One line.
   *
   * @param name in the legend
   * @param x ascending
   * @param y one per x
   */
  public record Series(String name, List<Double> x, List<Double> y) {
    public Series {
      x = List.copyOf(x);
      y = List.copyOf(y);
    }
  }

  public Chart {
    series = List.copyOf(series);
  }
}
