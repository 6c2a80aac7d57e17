package io.moviechat.video;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB24;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.VideoSource;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Photos as cameras and phones write them: upright, whole, cut as their files say. */
class PhotoTest {
  private static final int WIDTH = 48;
  private static final int HEIGHT = 32;

  /** Red, green, blue and white, as stored: top left, top right, bottom left, bottom right. */
  private static final int[] CORNERS = {0xff0000, 0x00ff00, 0x0000ff, 0xffffff};

  /**
   * Which of the stored corners is seen top left, top right, bottom left and bottom right, for
   * EXIF's numbers 1 to 8 (CIPA DC-008, "Orientation").
   */
  private static final int[][] SEEN = {
    {0, 1, 2, 3}, {1, 0, 3, 2}, {3, 2, 1, 0}, {2, 3, 0, 1},
    {0, 2, 1, 3}, {2, 0, 3, 1}, {3, 1, 2, 0}, {1, 3, 0, 2}
  };

  @TempDir Path folder;

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  private static BufferedImage image() {
    BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        image.setRGB(x, y, CORNERS[(y < HEIGHT / 2 ? 0 : 2) + (x < WIDTH / 2 ? 0 : 1)]);
      }
    }
    return image;
  }

  private static byte[] encoded(String type) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    assertThat(ImageIO.write(image(), type, out)).isTrue();
    return out.toByteArray();
  }

  private static byte[] exif(int orientation, ByteOrder order) {
    ByteBuffer tiff = ByteBuffer.allocate(26).order(order);
    tiff.put((order == ByteOrder.LITTLE_ENDIAN ? "II" : "MM").getBytes(ISO_8859_1));
    tiff.putShort((short) 42).putInt(8).putShort((short) 1);
    tiff.putShort((short) 0x112).putShort((short) 3).putInt(1);
    tiff.putShort((short) orientation).putShort((short) 0).putInt(0);
    return tiff.array();
  }

  private static byte[] jpeg(int orientation) throws IOException {
    byte[] picture = encoded("jpg");
    byte[] exif = exif(orientation, ByteOrder.BIG_ENDIAN);
    ByteBuffer file = ByteBuffer.allocate(picture.length + exif.length + 10);
    file.put(picture, 0, 2).putShort((short) 0xffe1).putShort((short) (exif.length + 8));
    file.put("Exif\0\0".getBytes(ISO_8859_1)).put(exif);
    return file.put(picture, 2, picture.length - 2).array();
  }

  private static byte[] png(int orientation) throws IOException {
    byte[] picture = encoded("png");
    byte[] exif = exif(orientation, ByteOrder.LITTLE_ENDIAN);
    CRC32 sum = new CRC32();
    sum.update("eXIf".getBytes(ISO_8859_1));
    sum.update(exif);
    int header = 8 + 25;
    ByteBuffer file = ByteBuffer.allocate(picture.length + exif.length + 12);
    file.put(picture, 0, header).putInt(exif.length).put("eXIf".getBytes(ISO_8859_1)).put(exif);
    file.putInt((int) sum.getValue());
    return file.put(picture, header, picture.length - header).array();
  }

  private static byte[] tiff(int orientation) {
    int[][] entries = {
      {256, 3, WIDTH},
      {257, 3, HEIGHT},
      {258, 3, 0},
      {259, 3, 1},
      {262, 3, 2},
      {273, 4, 0},
      {274, 3, orientation},
      {277, 3, 3},
      {278, 3, HEIGHT},
      {279, 4, 3 * WIDTH * HEIGHT}
    };
    int bits = 8 + 2 + 12 * entries.length + 4;
    ByteBuffer file =
        ByteBuffer.allocate(bits + 6 + 3 * WIDTH * HEIGHT).order(ByteOrder.LITTLE_ENDIAN);
    file.put("II".getBytes(ISO_8859_1)).putShort((short) 42).putInt(8);
    file.putShort((short) entries.length);
    for (int[] entry : entries) {
      boolean depths = entry[0] == 258;
      boolean data = entry[0] == 273;
      file.putShort((short) entry[0]).putShort((short) entry[1]).putInt(depths ? 3 : 1);
      file.putInt(depths ? bits : data ? bits + 6 : entry[2]);
    }
    file.putInt(0).putShort((short) 8).putShort((short) 8).putShort((short) 8);
    BufferedImage image = image();
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
      int rgb = image.getRGB(i % WIDTH, i / WIDTH);
      file.put((byte) (rgb >> 16)).put((byte) (rgb >> 8)).put((byte) rgb);
    }
    return file.array();
  }

  @ParameterizedTest
  @ValueSource(strings = {"jpg", "png", "tiff"})
  void isUprightWhateverExifSays(String type) throws IOException {
    for (int orientation = 1; orientation <= 8; orientation++) {
      Path file = folder.resolve("photo" + orientation + "." + type);
      Files.write(
          file,
          switch (type) {
            case "jpg" -> jpeg(orientation);
            case "png" -> png(orientation);
            default -> tiff(orientation);
          });
      boolean lying = orientation >= 5;
      try (VideoSource video = new FfmpegVideoSourceProvider().open(file);
          Frame frame = video.frameAt(Duration.ZERO, FrameFormat.ORIGINAL)) {
        int width = lying ? HEIGHT : WIDTH;
        int height = lying ? WIDTH : HEIGHT;
        assertThat(List.of(frame.width(), frame.height(), video.info().width()))
            .as("%s, orientation %d", type, orientation)
            .isEqualTo(List.of(width, height, width));
        int[][] places = {{2, 2}, {width - 3, 2}, {2, height - 3}, {width - 3, height - 3}};
        for (int place = 0; place < 4; place++) {
          int wanted = CORNERS[SEEN[orientation - 1][place]];
          int at = 3 * (places[place][1] * width + places[place][0]);
          for (int channel = 0; channel < 3; channel++) {
            assertThat(frame.rgb().get(at + channel) & 0xff)
                .as("%s, orientation %d, corner %d", type, orientation, place)
                .isCloseTo(wanted >> (16 - 8 * channel) & 0xff, within(60));
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"photo.jp2", "photo.j2k"})
  void readsJpeg2000(String name) throws IOException {
    Path video = folder.resolve("one.nut");
    ByteBuffer rgb = ByteBuffer.allocateDirect(3 * WIDTH * HEIGHT);
    while (rgb.hasRemaining()) {
      rgb.put((byte) 200).put((byte) 30).put((byte) 90);
    }
    try (VideoWriter writer =
        VideoWriter.builder(video)
            .size(WIDTH, HEIGHT)
            .encoder("jpeg2000", AV_PIX_FMT_RGB24)
            .encoderOption("format", name.endsWith("jp2") ? "jp2" : "j2k")
            .build()) {
      writer.write(rgb.flip(), Duration.ZERO);
    }
    byte[] whole = Files.readAllBytes(video);
    Path photo = folder.resolve(name);
    Files.write(photo, jpeg2000(whole, name.endsWith("jp2")));
    try (VideoSource source = new FfmpegVideoSourceProvider().open(photo);
        Frame frame = source.frameAt(Duration.ZERO, FrameFormat.ORIGINAL)) {
      assertThat(List.of(frame.width(), frame.height())).isEqualTo(List.of(WIDTH, HEIGHT));
      assertThat(frame.rgb().get(0) & 0xff).isCloseTo(200, within(4));
      assertThat(frame.rgb().get(1) & 0xff).isCloseTo(30, within(4));
    }
  }

  /** The picture inside a container: from its signature to the end of its codestream. */
  private static byte[] jpeg2000(byte[] container, boolean boxes) {
    String text = new String(container, ISO_8859_1);
    int start = boxes ? text.indexOf("jP  ") - 4 : text.indexOf("\u00ffO\u00ffQ");
    int end = text.lastIndexOf("\u00ff\u00d9") + 2;
    return Arrays.copyOfRange(container, start, end);
  }

  @Test
  void exifThatIsCutOffOrWrongTurnsNothing() throws IOException {
    byte[] whole = jpeg(6);
    int tag = 2 + 4 + 6 + 10;
    for (int broken = 0; broken < 8; broken++) {
      byte[] file = whole.clone();
      file[tag + broken] ^= (byte) 0xff;
      Path photo = folder.resolve("broken" + broken + ".jpg");
      Files.write(photo, file);
      try (VideoSource video = new FfmpegVideoSourceProvider().open(photo);
          Frame frame = video.frameAt(Duration.ZERO, FrameFormat.ORIGINAL)) {
        assertThat(video.info().width()).isEqualTo(frame.width());
      }
    }
  }

  @Test
  void aPhotoInTilesIsWhole() {
    try (VideoSource video =
            new FfmpegVideoSourceProvider().open(Clips.resource("/cases/grid-2x2.avif"));
        Frame frame = video.frameAt(Duration.ZERO, FrameFormat.ORIGINAL)) {
      assertThat(frame.width()).isEqualTo(256);
      int[][] pixels = {
        // x, y and colour of the picture that was cut into four tiles: one or two of each tile
        {20, 20, 0x3f1d00}, {60, 100, 0x00fe00}, {200, 30, 0xfe00fd},
        {30, 200, 0xfd0000}, {220, 220, 0x00fcd4}, {128, 128, 0x0000fe}
      };
      for (int[] pixel : pixels) {
        for (int channel = 0; channel < 3; channel++) {
          assertThat(frame.rgb().get(3 * (pixel[1] * 256 + pixel[0]) + channel) & 0xff)
              .as("channel %d at %d, %d", channel, pixel[0], pixel[1])
              .isCloseTo(pixel[2] >> (16 - 8 * channel) & 0xff, within(20));
        }
      }
      assertThat(video.info().tracks()).as("tiles are no tracks").isEmpty();
    }
  }
}
