package io.moviechat.bench.memory;

import io.moviechat.ColorPatchEncoder;
import io.moviechat.Frame;
import io.moviechat.FrameSampling;
import io.moviechat.FrameTokens;
import io.moviechat.MemoryBudget;
import io.moviechat.MemorySlot;
import io.moviechat.bench.harness.Strategies;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoSource;
import io.moviechat.video.FfmpegVideoSourceProvider;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.imageio.ImageIO;

/**
 * Draws which frames of a real video merged with which: {@code java -cp benchmarks.jar
 * io.moviechat.bench.memory.MemoryTimeline VIDEO PICTURE.png [STRATEGY]}, by default {@code
 * moviechat}. Encodes frames as plain colour patches, so no model is needed, and takes five frames
 * a second.
 *
 * <p>Downwards goes the time of watching, to the right the time in the movie; each row is a
 * snapshot, each box a slot, in the mean colour of its frames: tall boxes are single frames of
 * short-term memory, flat ones long-term slots.
 */
final class MemoryTimeline {
  private static final int LEFT = 70;
  private static final int TOP = 60;
  private static final int PLOT_WIDTH = 1000;
  private static final int ROW = 12;
  private static final int ROWS = 50;
  private static final int MOST_SLOTS = 30;

  private MemoryTimeline() {}

  public static void main(String[] args) throws IOException {
    String strategy = args.length > 2 ? args[2] : "moviechat";
    List<List<MemorySlot>> rows = watch(Path.of(args[0]), strategy);
    int step = Math.max(1, (rows.size() + ROWS - 1) / ROWS);
    List<List<MemorySlot>> shown = new ArrayList<>();
    for (int i = step - 1; i < rows.size(); i += step) {
      shown.add(rows.get(i));
    }
    ImageIO.write(
        draw(shown, Path.of(args[0]).getFileName() + ", " + strategy),
        "png",
        Path.of(args[1]).toFile());
  }

  private static List<List<MemorySlot>> watch(Path video, String strategy) {
    List<List<MemorySlot>> snapshots = new ArrayList<>();
    try (VideoSource source = new FfmpegVideoSourceProvider().open(video);
        ColorPatchEncoder encoder = new ColorPatchEncoder();
        VideoMemory memory =
            Strategies.of(strategy)
                .within(MemoryBudget.ofSlots(MOST_SLOTS), encoder.shape())
                .open(encoder.shape());
        FrameStream frames =
            source.frames(FrameSampling.every(Duration.ofMillis(200)), encoder.preferredFormat())) {
      for (Optional<Frame> next = frames.next(); next.isPresent(); next = frames.next()) {
        try (Frame frame = next.orElseThrow();
            FrameTokens tokens = encoder.encode(List.of(frame)).get(0)) {
          memory.add(tokens);
        }
        snapshots.add(memory.snapshot().slots());
      }
    }
    return snapshots;
  }

  private static BufferedImage draw(List<List<MemorySlot>> rows, String title) {
    double end = seconds(last(last(rows)).end());
    int height = TOP + rows.size() * ROW + 50;
    BufferedImage image =
        new BufferedImage(LEFT + PLOT_WIDTH + 30, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = image.createGraphics();
    g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    g.setColor(Color.WHITE);
    g.fillRect(0, 0, image.getWidth(), height);
    g.setColor(Color.BLACK);
    g.setFont(g.getFont().deriveFont(16f));
    g.drawString(title + ": what is remembered while watching", LEFT, 26);
    g.setFont(g.getFont().deriveFont(12f));
    g.drawString(
        "each box is a slot in the mean colour of its frames; number = frames merged; 5 frames"
            + " a second, at most "
            + MOST_SLOTS
            + " slots",
        LEFT,
        46);
    for (int row = 0; row < rows.size(); row++) {
      int y = TOP + row * ROW;
      for (MemorySlot slot : rows.get(row)) {
        box(g, slot, end, y);
      }
      if (row % 5 == 0) {
        g.setColor(Color.BLACK);
        g.drawString(Math.round(seconds(last(rows.get(row)).end())) + " s", 28, y + ROW - 1);
      }
    }
    g.setColor(Color.BLACK);
    int axis = TOP + rows.size() * ROW + 16;
    for (int s = 0; s <= end; s += 5) {
      g.drawString(s + " s", LEFT + (int) (s / end * PLOT_WIDTH) - 6, axis);
    }
    g.drawString("time in the movie", LEFT + PLOT_WIDTH / 2 - 50, axis + 20);
    g.drawString("watched", 8, TOP - 6);
    g.dispose();
    return image;
  }

  private static void box(Graphics2D g, MemorySlot slot, double end, int y) {
    int from = LEFT + (int) Math.round(seconds(slot.start()) / end * PLOT_WIDTH);
    int to = LEFT + (int) Math.round(seconds(slot.end()) / end * PLOT_WIDTH);
    int width = Math.max(2, to - from);
    boolean longTerm = slot.tier() == MemorySlot.Tier.LONG_TERM;
    Color color = color(slot);
    g.setColor(color);
    g.fillRect(from, longTerm ? y + 1 : y, width, longTerm ? ROW - 2 : ROW);
    g.setColor(longTerm ? Color.BLACK : Color.LIGHT_GRAY);
    g.drawRect(from, longTerm ? y + 1 : y, width - 1, longTerm ? ROW - 3 : ROW - 1);
    if (longTerm && width > 22) {
      boolean dark = color.getRed() + color.getGreen() + color.getBlue() < 380;
      g.setColor(dark ? Color.WHITE : Color.BLACK);
      g.setFont(g.getFont().deriveFont(9f));
      g.drawString(Long.toString(slot.frames()), from + width / 2 - 5, y + ROW - 3);
      g.setFont(g.getFont().deriveFont(12f));
    }
  }

  /** The mean of all patches; the first three values of one are red, green and blue, -1 to 1. */
  private static Color color(MemorySlot slot) {
    float[] sums = new float[3];
    int width = slot.shape().width();
    int tokens = slot.shape().tokens();
    for (int token = 0; token < tokens; token++) {
      for (int c = 0; c < 3; c++) {
        sums[c] += slot.tokens().get(token * width + c) / tokens;
      }
    }
    return new Color(clip(sums[0]), clip(sums[1]), clip(sums[2]));
  }

  private static float clip(float value) {
    return Math.max(0, Math.min(1, (value + 1) / 2));
  }

  private static double seconds(Duration time) {
    return time.toNanos() / 1e9;
  }

  private static <T> T last(List<T> list) {
    return list.get(list.size() - 1);
  }
}
