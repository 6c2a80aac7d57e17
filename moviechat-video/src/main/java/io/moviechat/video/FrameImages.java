package io.moviechat.video;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.VideoException;
import io.moviechat.internal.JavaPictures;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import javax.imageio.ImageIO;

/**
 * Writes frames as pictures. A file appears whole or not at all.
 *
 * <pre>{@code
 * FrameImages.export(video, FrameSampling.keyframes(), FrameFormat.ORIGINAL, folder, Type.JPEG);
 * }</pre>
 */
public final class FrameImages {
  /** The kinds of picture file. */
  public enum Type {
    /** Without loss. */
    PNG,
    /** Smaller, with the JDK's usual quality. */
    JPEG;

    private String ending() {
      return this == PNG ? "png" : "jpg";
    }
  }

  private FrameImages() {}

  /**
   * Writes one frame.
   *
   * @param frame stays the caller's
   * @param file its ending names the type: {@code .png}, {@code .jpg} or {@code .jpeg}
   * @throws IllegalArgumentException if the ending is another
   * @throws VideoException if the file cannot be written
   */
  public static void write(Frame frame, Path file) {
    String name = Objects.requireNonNull(file.getFileName(), "file").toString();
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.endsWith(".png")) {
      write(image(frame), Type.PNG, file);
    } else if (lower.endsWith(".jpg") || lower.endsWith(".jpeg")) {
      write(image(frame), Type.JPEG, file);
    } else {
      throw new IllegalArgumentException(
          "a picture's name must end in .png, .jpg or .jpeg, was " + name);
    }
  }

  /**
   * Writes the frames of a pass, each named by its time: {@code 00-01-05.240.png}, and to the
   * nanosecond where the time is no whole millisecond, so that no two frames share a name.
   *
   * @param folder created if it is missing
   * @return the files, in order of time
   * @throws VideoException if the video cannot be decoded or a file cannot be written
   */
  public static List<Path> export(
      VideoSource video, FrameSampling sampling, FrameFormat format, Path folder, Type type) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new VideoException("the folder " + folder + " cannot be created: " + e, e);
    }
    List<Path> files = new ArrayList<>();
    try (FrameStream stream = video.frames(sampling, format)) {
      for (Optional<Frame> next = stream.next(); next.isPresent(); next = stream.next()) {
        try (Frame frame = next.get()) {
          Path file = folder.resolve(name(frame.timestamp()) + "." + type.ending());
          write(image(frame), type, file);
          files.add(file);
        }
      }
    }
    return files;
  }

  /** A frame as a picture of its own; the frame stays the caller's. */
  public static BufferedImage image(Frame frame) {
    return JavaPictures.of(frame);
  }

  /**
   * A picture as the bytes of a file.
   *
   * @throws VideoException if this JDK cannot write such pictures
   */
  public static byte[] encoded(BufferedImage image, Type type) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      encode(image, type, out);
    } catch (IOException e) {
      throw new VideoException("a picture cannot be encoded: " + e.getMessage(), e);
    }
    return out.toByteArray();
  }

  private static void encode(BufferedImage image, Type type, OutputStream out) throws IOException {
    if (!ImageIO.write(image, type.ending(), out)) {
      throw new IOException("this JDK has no writer for " + type);
    }
  }

  private static String name(Duration time) {
    String seconds =
        String.format(
            Locale.ROOT,
            "%02d-%02d-%02d",
            time.toHours(),
            time.toMinutesPart(),
            time.toSecondsPart());
    int nanos = time.toNanosPart();
    return nanos % 1_000_000 == 0
        ? String.format(Locale.ROOT, "%s.%03d", seconds, nanos / 1_000_000)
        : String.format(Locale.ROOT, "%s.%09d", seconds, nanos);
  }

  static void write(BufferedImage image, Type type, Path file) {
    Path part = file.resolveSibling(file.getFileName() + ".part");
    try {
      try (OutputStream out = Files.newOutputStream(part)) {
        encode(image, type, out);
      }
      Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      try {
        Files.deleteIfExists(part);
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw new VideoException("the picture " + file + " cannot be written: " + e, e);
    }
  }
}
