package io.moviechat.bench.harness;

import com.google.common.collect.ImmutableList;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Draws a {@link Chart}, once for light pages and once for dark ones. */
final class Plot {
  private static final int WIDTH = 1080;
  private static final int HEIGHT = 560;

  /** Told apart without colour too: each line has a marker and a dash of its own. */
  private static final Marker[] MARKERS = {
    SeriesMarkers.CIRCLE,
    SeriesMarkers.SQUARE,
    SeriesMarkers.DIAMOND,
    SeriesMarkers.TRIANGLE_UP,
    SeriesMarkers.TRIANGLE_DOWN,
    SeriesMarkers.CROSS
  };

  /** Colours of a page, and of lines that keep a contrast of 3:1 or more against it. */
  private enum Theme {
    LIGHT(
        "", 0xFFFFFF, 0x1F2328, 0xE6EAEF, 0x0550AE, 0xBC4C00, 0x1A7F37, 0x8250DF, 0xCF222E,
        0x57606A),
    DARK(
        "-dark", 0x0D1117, 0xE6EDF3, 0x2A313A, 0x79C0FF, 0xFFA657, 0x56D364, 0xD2A8FF, 0xFF7B72,
        0xB1BAC4);

    private final String suffix;
    private final Color page;
    private final Color text;
    private final Color grid;
    private final ImmutableList<Color> lines;

    Theme(String suffix, int page, int text, int grid, int... lines) {
      this.suffix = suffix;
      this.page = new Color(page);
      this.text = new Color(text);
      this.grid = new Color(grid);
      this.lines =
          Arrays.stream(lines).mapToObj(Color::new).collect(ImmutableList.toImmutableList());
    }
  }

  private Plot() {}

  /** Writes {@code ID.png} and {@code ID-dark.png}. */
  static void write(Chart chart, Path directory) throws IOException {
    Files.createDirectories(directory);
    for (Theme theme : Theme.values()) {
      BufferedImage image = BitmapEncoder.getBufferedImage(draw(chart, theme));
      ImageIO.write(image, "png", directory.resolve(chart.id() + theme.suffix + ".png").toFile());
    }
  }

  /** How a Markdown page shows it, with the picture that suits the reader's theme. */
  static String markdown(Chart chart, String directory) {
    String base = directory + "/" + chart.id();
    return "<picture><source media=\"(prefers-color-scheme: dark)\" srcset=\""
        + base
        + "-dark.png\"><img alt=\""
        + chart.title()
        + "\" src=\""
        + base
        + ".png\"></picture>";
  }

  private static XYChart draw(Chart chart, Theme theme) {
    XYChart plot =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(chart.title())
            .xAxisTitle(chart.xTitle())
            .yAxisTitle(chart.yTitle())
            .build();
    var style = plot.getStyler();
    style.setBaseFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
    style.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 17));
    style.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
    style.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
    style.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
    style.setChartBackgroundColor(theme.page);
    style.setPlotBackgroundColor(theme.page);
    style.setPlotBorderVisible(false);
    style.setPlotGridLinesColor(theme.grid);
    style.setPlotGridLinesStroke(new BasicStroke(1));
    style.setChartFontColor(theme.text);
    style.setAxisTickLabelsColor(theme.text);
    style.setAxisTickMarksColor(theme.grid);
    style.setXAxisTickLabelsColor(theme.text);
    style.setYAxisTickLabelsColor(theme.text);
    style.setLegendBackgroundColor(theme.page);
    style.setLegendBorderColor(theme.page);
    style.setLegendPosition(Styler.LegendPosition.OutsideE);
    style.setLegendLayout(Styler.LegendLayout.Vertical);
    style.setXAxisLogarithmic(chart.logX());
    style.setYAxisLogarithmic(chart.logY());
    style.setXAxisLogarithmicDecadeOnly(true);
    style.setYAxisLogarithmicDecadeOnly(true);
    // XChart places the labels of a logarithmic axis only without a formatting function; with one
    // it writes evenly spaced numbers beside it.
    if (chart.logX()) {
      style.setXAxisDecimalPattern("#,##0.###");
    } else {
      style.setxAxisTickLabelsFormattingFunction(Plot::tick);
    }
    if (!chart.logY()) {
      boolean bytes = chart.yTitle().startsWith("bytes");
      style.setyAxisTickLabelsFormattingFunction(bytes ? Plot::byteTick : Plot::tick);
      style.setYAxisMin(0.0); // a cut axis makes noise look like a difference
      if (chart.yTitle().contains("%")) {
        style.setYAxisMax(100.0);
      }
    }
    style.setChartPadding(14);
    style.setMarkerSize(8);
    style.setToolTipsEnabled(false);
    for (int i = 0; i < chart.series().size(); i++) {
      Chart.Series series = chart.series().get(i);
      List<Double> x = new ArrayList<>();
      List<Double> y = new ArrayList<>();
      for (int k = 0; k < series.x().size(); k++) {
        boolean drawable = !chart.logY() || series.y().get(k) > 0;
        if (drawable && (!chart.logX() || series.x().get(k) > 0)) {
          x.add(series.x().get(k));
          y.add(series.y().get(k));
        }
      }
      if (x.isEmpty()) {
        continue;
      }
      XYSeries line = plot.addSeries(series.name(), x, y);
      line.setLineColor(theme.lines.get(i % theme.lines.size()));
      line.setMarkerColor(theme.lines.get(i % theme.lines.size()));
      line.setMarker(MARKERS[i % MARKERS.length]);
      line.setLineStyle(stroke(i));
    }
    return plot;
  }

  /** The first line is wide, the next two are broken: lines that coincide all stay visible. */
  private static BasicStroke stroke(int index) {
    int cap = BasicStroke.CAP_BUTT;
    int join = BasicStroke.JOIN_ROUND;
    return switch (index) {
      case 0 -> new BasicStroke(5, cap, join);
      case 1 -> new BasicStroke(2.5f, cap, join, 10, new float[] {16, 10}, 0);
      case 2 -> new BasicStroke(2.5f, cap, join, 10, new float[] {4, 8}, 0);
      default -> new BasicStroke(2.5f, cap, join);
    };
  }

  private static String tick(double value) {
    return value >= 1000 || value == Math.rint(value)
        ? Format.count(Math.round(value))
        : Format.number(value);
  }

  private static String byteTick(double value) {
    String[] units = {"B", "kB", "MB", "GB", "TB", "PB"};
    double rest = value;
    int unit = 0;
    while (rest >= 999.5 && unit + 1 < units.length) {
      rest /= 1000;
      unit++;
    }
    return tick(rest) + " " + units[unit];
  }
}
