package io.moviechat.video;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.VideoException;
import io.moviechat.spi.MovieView;
import io.moviechat.spi.VideoSource;
import java.awt.AWTError;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.RoundRectangle2D;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/**
 * A memory as a contact sheet: for each slot its representative frame, its time span and how many
 * frames it stands for, and above them a time line with a segment for each slot.
 *
 * <pre>{@code
 * Storyboard.of(movie.memory().snapshot(), video).title("Big Buck Bunny").write(Path.of("board.png"));
 * }</pre>
 *
 * Immutable.
 */
public final class Storyboard {
  private static final Color BACKGROUND = new Color(0xfafafa);
  private static final Color INK = new Color(0x1c1c1e);
  private static final Color FAINT = new Color(0x6b6b70);
  private static final Color EMPTY = new Color(0xdcdce0);
  private static final Color EVEN = new Color(0x2f6fb2);
  private static final Color ODD = new Color(0x8fb8de);
  private static final int MARGIN = 32;
  private static final int GAP = 16;
  private static final int MAX_SLOTS = 2000;

  private final MemorySnapshot memory;
  private final MovieView.Pictures pictures;
  private final String title;

  private Storyboard(MemorySnapshot memory, MovieView.Pictures pictures, String title) {
    this.memory = Objects.requireNonNull(memory, "memory");
    this.pictures = Objects.requireNonNull(pictures, "pictures");
    this.title = Objects.requireNonNull(title, "title");
  }

  /**
   * The storyboard of a memory.
   *
   * @param memory at least one slot, at most 2,000
   * @param pictures where the slots' pictures come from; a slot without one shows an empty place
   */
  public static Storyboard of(MemorySnapshot memory, MovieView.Pictures pictures) {
    return new Storyboard(memory, pictures, "");
  }

  /** The storyboard of a memory with the pictures of its video, which stays the caller's. */
  public static Storyboard of(MemorySnapshot memory, VideoSource video) {
    return of(memory, (moment, format) -> Optional.of(video.frameAt(moment, format)));
  }

  /** The same with a line above it. */
  public Storyboard title(String newTitle) {
    return new Storyboard(memory, pictures, newTitle);
  }

  /**
   * Draws the storyboard and writes it as a PNG file.
   *
   * @throws IllegalArgumentException if the memory is empty or has more than 2,000 slots
   * @throws VideoException if a picture cannot be decoded or the file cannot be written
   */
  public void write(Path file) {
    FrameImages.write(draw(), FrameImages.Type.PNG, file);
  }

  /** Where everything goes, in pixels. */
  private record Layout(
      int columns, int rows, int thumbWidth, int thumbHeight, int fontSize, int headHeight) {
    static Layout of(int slots, double aspect) {
      int thumbWidth = slots <= 30 ? 264 : slots <= 80 ? 200 : slots <= 200 ? 152 : 120;
      int thumbHeight = (int) Math.max(24, Math.min(2.0 * thumbWidth, thumbWidth / aspect));
      int fontSize = thumbWidth >= 200 ? 15 : thumbWidth >= 150 ? 13 : 11;
      double cellHeight = thumbHeight + 3.2 * fontSize + GAP;
      // A little wider than high, as a screen is.
      int columns = (int) Math.round(Math.sqrt(slots * 1.5 * cellHeight / (thumbWidth + GAP)));
      columns = Math.max(Math.min(4, slots), Math.min(columns, slots));
      int rows = (slots + columns - 1) / columns;
      return new Layout(columns, rows, thumbWidth, thumbHeight, fontSize, 132);
    }

    int cellWidth() {
      return thumbWidth + GAP;
    }

    int cellHeight() {
      return thumbHeight + (int) (3.4 * fontSize) + GAP;
    }

    int width() {
      return Math.max(720, 2 * MARGIN + columns * cellWidth() - GAP);
    }

    int height() {
      return headHeight + rows * cellHeight() + MARGIN - GAP;
    }
  }

  /**
   * Draws the storyboard.
   *
   * @throws IllegalArgumentException if the memory is empty or has more than 2,000 slots
   * @throws VideoException if a picture cannot be decoded, or this Java has no fonts
   */
  public BufferedImage draw() {
    List<MemorySlot> slots = memory.slots();
    if (slots.isEmpty() || slots.size() > MAX_SLOTS) {
      throw new IllegalArgumentException(
          String.format("a storyboard shows 1 to %d slots, there are %d", MAX_SLOTS, slots.size()));
    }
    try {
      double aspect = aspect(slots.get(0));
      Layout layout = Layout.of(slots.size(), aspect);
      BufferedImage sheet =
          new BufferedImage(layout.width(), layout.height(), BufferedImage.TYPE_INT_RGB);
      Graphics2D graphics = sheet.createGraphics();
      try {
        graphics.setRenderingHint(
            RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setRenderingHint(
            RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setColor(BACKGROUND);
        graphics.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
        head(graphics, layout);
        long most = slots.stream().mapToLong(MemorySlot::frames).max().orElseThrow();
        for (int i = 0; i < slots.size(); i++) {
          cell(
              graphics,
              layout,
              slots.get(i),
              i,
              MARGIN + i % layout.columns * layout.cellWidth(),
              layout.headHeight + i / layout.columns * layout.cellHeight(),
              most);
        }
      } finally {
        graphics.dispose();
      }
      return sheet;
    } catch (AWTError | UnsatisfiedLinkError | InternalError e) {
      throw new VideoException(
          "the storyboard cannot be drawn: this Java has no fonts (" + e + "); install fontconfig",
          e);
    }
  }

  private double aspect(MemorySlot slot) {
    FrameFormat format = FrameFormat.inside(64, 64, Resampling.BILINEAR);
    Optional<Frame> picture = pictures.frameAt(slot.representative(), format);
    if (picture.isEmpty()) {
      return 16.0 / 9;
    }
    try (Frame frame = picture.get()) {
      return (double) frame.width() / frame.height();
    }
  }

  private void head(Graphics2D graphics, Layout layout) {
    int width = layout.width() - 2 * MARGIN;
    graphics.setColor(INK);
    graphics.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 24));
    String heading = title.isEmpty() ? "Storyboard" : title;
    graphics.drawString(shortened(heading, graphics.getFontMetrics(), width), MARGIN, 50);
    graphics.setColor(FAINT);
    graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 15));
    String forgotten =
        memory.framesForgotten() > 0
            ? String.format(Locale.ROOT, ", %,d forgotten", memory.framesForgotten())
            : "";
    graphics.drawString(
        String.format(
            Locale.ROOT,
            "%,d frames in %,d slots%s, %s to %s",
            memory.framesSeen() - memory.framesForgotten(),
            memory.slots().size(),
            forgotten,
            time(memory.slots().get(0).start()),
            time(memory.end())),
        MARGIN,
        76);
    double start = memory.slots().get(0).start().toNanos();
    double span = Math.max(1, memory.end().toNanos() - start);
    for (int i = 0; i < memory.slots().size(); i++) {
      MemorySlot slot = memory.slots().get(i);
      int left = MARGIN + (int) Math.round((slot.start().toNanos() - start) / span * width);
      int right = MARGIN + (int) Math.round((slot.end().toNanos() - start) / span * width);
      graphics.setColor(i % 2 == 0 ? EVEN : ODD);
      graphics.fillRect(left, 92, Math.max(1, right - left), 14);
    }
  }

  private void cell(
      Graphics2D graphics, Layout layout, MemorySlot slot, int index, int x, int y, long most) {
    Shape everywhere = graphics.getClip();
    graphics.setClip(
        new RoundRectangle2D.Double(x, y, layout.thumbWidth, layout.thumbHeight, 10, 10));
    graphics.setColor(EMPTY);
    graphics.fillRect(x, y, layout.thumbWidth, layout.thumbHeight);
    FrameFormat format =
        FrameFormat.coverAndCrop(layout.thumbWidth, layout.thumbHeight, Resampling.BICUBIC);
    Optional<Frame> picture = pictures.frameAt(slot.representative(), format);
    if (picture.isPresent()) {
      try (Frame frame = picture.get()) {
        graphics.drawImage(FrameImages.image(frame), x, y, null);
      }
    }
    graphics.setClip(everywhere);
    if (picture.isEmpty()) {
      graphics.setColor(FAINT);
      graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, layout.fontSize));
      centred(graphics, "no picture", x, layout.thumbWidth, y + layout.thumbHeight / 2);
    }
    int line = y + layout.thumbHeight + (int) (1.35 * layout.fontSize);
    graphics.setColor(INK);
    graphics.setFont(new Font(Font.SANS_SERIF, Font.BOLD, layout.fontSize));
    graphics.drawString(time(slot.start()) + " \u2013 " + time(slot.end()), x, line);
    graphics.setColor(FAINT);
    graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, layout.fontSize));
    String weight =
        String.format(
            Locale.ROOT, "%,d %s", slot.frames(), slot.frames() == 1 ? "frame" : "frames");
    int textWidth = graphics.getFontMetrics().stringWidth(weight);
    int below = line + (int) (1.35 * layout.fontSize);
    graphics.drawString(weight, x, below);
    // Beside the number, a bar in the colour of the slot's segment of the time line.
    int barLeft = x + textWidth + 8;
    int room = Math.max(0, x + layout.thumbWidth - barLeft);
    graphics.setColor(index % 2 == 0 ? EVEN : ODD);
    graphics.fillRect(
        barLeft,
        below - layout.fontSize / 2 - 1,
        (int) Math.max(2, Math.round((double) room * slot.frames() / most)),
        4);
  }

  private static void centred(Graphics2D graphics, String text, int x, int width, int y) {
    int textWidth = graphics.getFontMetrics().stringWidth(text);
    graphics.drawString(text, x + (width - textWidth) / 2, y);
  }

  private static String shortened(String text, FontMetrics metrics, int width) {
    String shorter = text;
    while (shorter.length() > 1 && metrics.stringWidth(shorter) > width) {
      shorter = shorter.substring(0, shorter.length() - 2) + "\u2026";
    }
    return shorter;
  }

  /** Hours only where there are some; tenths in short videos. */
  private String time(Duration time) {
    Duration end = memory.end();
    if (end.toHours() > 0) {
      return String.format(
          Locale.ROOT, "%d:%02d:%02d", time.toHours(), time.toMinutesPart(), time.toSecondsPart());
    }
    if (end.toMinutes() >= 10) {
      return String.format(Locale.ROOT, "%d:%02d", time.toMinutes(), time.toSecondsPart());
    }
    return String.format(
        Locale.ROOT,
        "%d:%02d.%d",
        time.toMinutes(),
        time.toSecondsPart(),
        time.toMillisPart() / 100);
  }
}
