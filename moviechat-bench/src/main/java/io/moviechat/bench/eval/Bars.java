package io.moviechat.bench.eval;

import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;

/** Draws figures with their intervals, once for light pages and once for dark ones. */
final class Bars {
  private static final int HEIGHT = 520;

  private Bars() {}

  /** Writes {@code ID.png} and {@code ID-dark.png}. */
  static void write(
      Path folder, String id, String title, String axis, List<String> names, List<Interval> figures)
      throws IOException {
    for (boolean dark : new boolean[] {false, true}) {
      CategoryChart chart = draw(title, axis, names, figures, dark);
      Path file = folder.resolve(id + (dark ? "-dark" : "") + ".png");
      ImageIO.write(BitmapEncoder.getBufferedImage(chart), "png", file.toFile());
    }
  }

  private static CategoryChart draw(
      String title, String axis, List<String> names, List<Interval> figures, boolean dark) {
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(Math.max(720, 130 * names.size()))
            .height(HEIGHT)
            .title(title)
            .yAxisTitle(axis)
            .build();
    Color page = new Color(dark ? 0x0D1117 : 0xFFFFFF);
    Color text = new Color(dark ? 0xE6EDF3 : 0x1F2328);
    var style = chart.getStyler();
    style.setBaseFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
    style.setChartBackgroundColor(page);
    style.setPlotBackgroundColor(page);
    style.setChartFontColor(text);
    style.setAxisTickLabelsColor(text);
    style.setPlotBorderVisible(false);
    style.setPlotGridLinesColor(new Color(dark ? 0x2A313A : 0xE6EAEF));
    style.setLegendVisible(false);
    style.setXAxisLabelRotation(names.size() > 6 ? 30 : 0);
    style.setYAxisMin(0.0); // a cut axis makes noise look like a difference
    style.setErrorBarsColor(text);
    style.setErrorBarsColorSeriesColor(false);
    style.setAvailableSpaceFill(0.6);
    CategorySeries bars =
        chart.addSeries(
            "figure",
            names,
            figures.stream().map(Interval::value).toList(),
            figures.stream().map(each -> (each.high() - each.low()) / 2).toList());
    bars.setFillColor(new Color(dark ? 0x79C0FF : 0x0550AE));
    return chart;
  }
}
