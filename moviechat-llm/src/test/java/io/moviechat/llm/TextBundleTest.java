package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.moviechat.Frame;
import io.moviechat.ModelException;
import io.moviechat.internal.NativeOwner;
import io.moviechat.ocr.TextRecognizer;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** On a bundle whose letters are coloured cells. */
class TextBundleTest {
  private static final Map<Character, Color> LETTERS =
      Map.of(
          'R', Color.RED,
          'G', Color.GREEN,
          'B', Color.BLUE,
          'C', Color.CYAN,
          'M', Color.MAGENTA,
          'Y', Color.YELLOW,
          'W', Color.WHITE);

  @TempDir Path temp;

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  private static Path bundle() {
    return TestData.resource("ocr").resolve("ocr-tiny");
  }

  /** Draws a line of cells 24 pixels high, turned around its first corner. */
  private static void write(BufferedImage picture, String line, int x, int y, double degrees) {
    Graphics2D graphics = picture.createGraphics();
    graphics.rotate(Math.toRadians(degrees), x, y);
    for (int i = 0; i < line.length(); i++) {
      graphics.setColor(LETTERS.get(line.charAt(i)));
      graphics.fillRect(x + 20 * i, y, 16, 24);
    }
    graphics.dispose();
  }

  private static BufferedImage black(int width, int height) {
    return new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
  }

  static Frame frame(BufferedImage picture) {
    ByteBuffer rgb = ByteBuffer.allocate(3 * picture.getWidth() * picture.getHeight());
    for (int y = 0; y < picture.getHeight(); y++) {
      for (int x = 0; x < picture.getWidth(); x++) {
        int pixel = picture.getRGB(x, y);
        rgb.put((byte) (pixel >> 16)).put((byte) (pixel >> 8)).put((byte) pixel);
      }
    }
    return Frame.of(Duration.ZERO, picture.getWidth(), picture.getHeight(), rgb.flip());
  }

  private static List<String> read(BufferedImage picture) {
    try (TextRecognizer recognizer = TextBundle.at(bundle()).withThreads(1).open()) {
      return recognizer.read(frame(picture)).stream().map(TextRecognizer.Line::text).toList();
    }
  }

  @Test
  void linesFromTheTopAndOfOneLineFromTheLeft() {
    BufferedImage picture = black(640, 360);
    write(picture, "YCM", 400, 203, 0);
    write(picture, "RWB", 60, 200, 0);
    write(picture, "GGMM", 100, 40, 0);
    assertThat(read(picture)).containsExactly("GGMM", "RWB", "YCM");
  }

  @Test
  void aBlackPictureSaysNothing() {
    assertThat(read(black(320, 200))).isEmpty();
    assertThat(read(black(1, 1))).isEmpty();
  }

  /** A long picture is shrunk to find lines, and lines are read in their own size. */
  @Test
  void largePictures() {
    BufferedImage picture = black(2500, 700);
    Graphics2D graphics = picture.createGraphics();
    graphics.scale(3, 3);
    int x = 200;
    for (char letter : "RYWCB".toCharArray()) {
      graphics.setColor(LETTERS.get(letter));
      graphics.fillRect(x, 100, 16, 24);
      x += 20;
    }
    graphics.dispose();
    assertThat(read(picture)).containsExactly("RYWCB");
  }

  @ParameterizedTest
  @ValueSource(doubles = {-25, -10, 5, 15, 30})
  void turnedLines(double degrees) {
    BufferedImage picture = black(640, 480);
    write(picture, "RWGYCMB", 200, 240, degrees);
    assertThat(read(picture)).containsExactly("RWGYCMB");
    try (PpOcr recognizer = TextBundle.at(bundle()).openOcr()) {
      TextBox box = recognizer.find(frame(picture)).get(0).box();
      assertThat(Math.toDegrees(Math.atan2(box.alongY(), box.alongX())))
          .isCloseTo(degrees, within(3.0));
    }
  }

  @Test
  void upsideDownAndDownwards() {
    BufferedImage picture = black(640, 480);
    write(picture, "RWGB", 300, 200, 180);
    assertThat(read(picture)).containsExactly("RWGB");
    picture = black(640, 480);
    write(picture, "RWGB", 300, 200, 90);
    assertThat(read(picture)).containsExactly("RWGB");
  }

  @Test
  void upsideDownIsNotSeenWithoutItsGraph() throws IOException {
    Path copy = TestData.copy(bundle(), temp.resolve("b"));
    Files.delete(copy.resolve("tiny_cls.onnx"));
    BufferedImage picture = black(640, 480);
    write(picture, "RWGB", 300, 200, 180);
    try (TextRecognizer recognizer = TextBundle.at(copy).open()) {
      assertThat(recognizer.name()).isEqualTo("b");
      assertThat(recognizer.read(frame(picture)).get(0).text()).isEqualTo("BGWR");
    }
  }

  /** Of more lines than that, those that are surest are read. */
  @Test
  void boundedWork() {
    BufferedImage picture = black(900, 900);
    for (int row = 0; row < 15; row++) {
      for (int column = 0; column < 15; column++) {
        write(picture, "GM", 20 + 56 * column, 20 + 56 * row, 0);
      }
    }
    assertThat(read(picture)).hasSize(100).containsOnly("GM");
  }

  @Test
  void theDictionaryBesideTheGraph() throws IOException {
    Path copy = withoutMetadata();
    Files.writeString(copy.resolve("tiny_dict.txt"), "\u00e4\nb\nc\nd\ne\nf\ng\n");
    BufferedImage picture = black(320, 96);
    write(picture, "RWB", 100, 40, 0);
    try (TextRecognizer recognizer = TextBundle.at(copy).open()) {
      assertThat(recognizer.read(frame(picture)).get(0).text()).isEqualTo("\u00e4gc");
    }
    // One less: what is left is the space.
    Files.writeString(copy.resolve("tiny_dict.txt"), "a\r\nb\r\nc\r\nd\r\ne\r\nf\r\n");
    try (TextRecognizer recognizer = TextBundle.at(copy).open()) {
      assertThat(recognizer.read(frame(picture)).get(0).text()).isEqualTo("a c");
    }
  }

  /** As those of version 5 are: the wide space first (it is no text), two code units, a quote. */
  @Test
  void dictionariesOfOtherScripts() throws IOException {
    Path copy = withoutMetadata();
    Files.writeString(
        copy.resolve("ppocrv5_dict.txt"),
        "\u3000\n\u4e00\n\u9fa5\n\ud840\udc0b\n\u3042\n'\n\ud55c\n");
    BufferedImage picture = black(320, 96);
    write(picture, "RGBCMYW", 100, 40, 0);
    try (TextRecognizer recognizer = TextBundle.at(copy).open()) {
      assertThat(recognizer.read(frame(picture)).get(0).text())
          .isEqualTo("\u4e00\u9fa5\ud840\udc0b\u3042'\ud55c");
    }
    picture = black(320, 96);
    write(picture, "RRR", 100, 40, 0); // nothing but wide spaces
    try (TextRecognizer recognizer = TextBundle.at(copy).open()) {
      assertThat(recognizer.read(frame(picture))).isEmpty();
    }
  }

  @Test
  void theDictionaryInTheConfigurationOfVersion5() throws IOException {
    Path copy = withoutMetadata();
    Files.writeString(
        copy.resolve("inference.yml"),
        """
        Global:
          model_name: PP-OCRv5_mobile_rec
        PreProcess:
          transform_ops:
          - DecodeImage:
              channel_first: false
        PostProcess:
          name: CTCLabelDecode
          character_dict:
          - '\u3000'
          - \u4e00
          - \u9fa5
          - "\\U0002000b"
          - '"'
          - \'\'\'\'
          - '#'
        """);
    BufferedImage picture = black(320, 96);
    write(picture, "RGBCMYW", 100, 40, 0);
    try (TextRecognizer recognizer = TextBundle.at(copy).open()) {
      assertThat(recognizer.read(frame(picture)).get(0).text())
          .isEqualTo("\u4e00\u9fa5\ud840\udc0b\"'#");
    }
  }

  @Test
  void linesTellWhereTheyStand() {
    BufferedImage picture = black(640, 360);
    write(picture, "RWB", 60, 180, 0);
    try (TextRecognizer recognizer = TextBundle.at(bundle()).withThreads(1).open()) {
      TextRecognizer.Place place = recognizer.read(frame(picture)).get(0).place().orElseThrow();
      assertThat(place.left()).isBetween(0.05, 0.11);
      assertThat(place.right()).isBetween(0.16, 0.25);
      assertThat(place.top()).isBetween(0.4, 0.52);
      assertThat(place.bottom()).isBetween(0.54, 0.65);
    }
    TextBox outside = new TextBox(-5, 350, 700, -20, 3, 30, 1);
    assertThat(outside.in(640, 360)).isEqualTo(new TextRecognizer.Place(0, 330 / 360.0, 1, 1));
  }

  /** The copy's graph has its dictionary under a name that means nothing. */
  private Path withoutMetadata() throws IOException {
    Path copy = TestData.copy(bundle(), temp.resolve("copy"));
    Path graph = copy.resolve("tiny_rec.onnx");
    String bytes = Files.readString(graph, StandardCharsets.ISO_8859_1);
    Files.writeString(
        graph, bytes.replace("character\u0012", "cHaracter\u0012"), StandardCharsets.ISO_8859_1);
    return copy;
  }

  @Test
  void whatDoesNotFitIsToldAtOnce() throws IOException {
    assertThatThrownBy(() -> TextBundle.at(temp.resolve("none")).open())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("does not exist; a text bundle is a folder with");
    assertThatThrownBy(() -> TextBundle.at(temp).open())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("*det*.onnx is missing")
        .hasMessageContaining("*rec*.onnx is missing");

    Path copy = withoutMetadata();
    assertThatThrownBy(() -> TextBundle.at(copy).open())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("*dict*.txt or *keys*.txt is missing");
    Files.writeString(copy.resolve("keys.txt"), "a\nb\n");
    assertThatThrownBy(() -> TextBundle.at(copy).open())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining(
            "tiny_rec.onnx scores 8 characters, but its dictionary has 2, which makes 3 or 4");
    Files.write(copy.resolve("keys.txt"), new byte[] {(byte) 0xff, (byte) 0xfe});
    assertThatThrownBy(() -> TextBundle.at(copy).open())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("keys.txt is no UTF-8");

    Files.copy(copy.resolve("tiny_cls.onnx"), copy.resolve("other_det.onnx"));
    assertThatThrownBy(() -> TextBundle.at(copy).open())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("several of *det*.onnx: [other_det.onnx, tiny_det.onnx]; leave one");
    Files.delete(copy.resolve("tiny_det.onnx"));
    assertThatThrownBy(() -> TextBundle.at(copy).open())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("other_det.onnx gives 'angles'")
        .hasMessageContaining("which is no map [batch, 1, height, width]");
  }

  @Test
  void otherKindsOfBundlesAreRefused() {
    assertThatThrownBy(() -> TextBundle.at(TestData.speech()).open())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("text bundle " + TestData.speech());
    assertThatThrownBy(() -> SpeechBundle.at(bundle()).open()).isInstanceOf(ModelException.class);
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void interruptedAndClosed() {
    BufferedImage picture = black(320, 96);
    write(picture, "RWB", 100, 40, 0);
    TextRecognizer recognizer = TextBundle.at(bundle()).open();
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> recognizer.read(frame(picture)))
        .isInstanceOf(CancellationException.class);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(recognizer.read(frame(picture))).hasSize(1);
    recognizer.close();
    recognizer.close();
    assertThatThrownBy(() -> recognizer.read(frame(picture)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
  }

  @Test
  void negativeThreads() {
    assertThatThrownBy(() -> TextBundle.at(bundle()).withThreads(-1))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
