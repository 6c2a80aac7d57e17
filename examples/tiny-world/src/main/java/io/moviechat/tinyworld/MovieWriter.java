package io.moviechat.tinyworld;

import io.moviechat.Frame;
import io.moviechat.video.VideoWriter;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Writes scripts as real H.264 MP4 files. */
public final class MovieWriter {
  /** Frames per second: every third frame is one that the embedded model watches. */
  public static final int FRAMES_PER_SECOND = 12;

  /** Pixels of a side that show the movie nicely and cost little. */
  public static final int SIDE = 192;

  private MovieWriter() {}

  /**
   * Writes a movie of {@link #SIDE} pixels; the file appears when it is whole.
   *
   * @throws io.moviechat.VideoException if the file cannot be written
   */
  public static void write(Script script, Path file) {
    write(script, file, SIDE);
  }

  /**
   * Like {@link #write(Script, Path)} with another size.
   *
   * @param side pixels, even
   */
  public static void write(Script script, Path file, int side) {
    try (VideoWriter writer =
        VideoWriter.builder(file).size(side, side).framesPerSecond(FRAMES_PER_SECOND).build()) {
      long frames = script.millis() * FRAMES_PER_SECOND / 1000;
      byte[] rgb = new byte[side * side * 3];
      Script.@Nullable Segment shown = null;
      @Nullable Painter painter = null;
      for (long n = 0; n < frames; n++) {
        Duration time = Duration.ofSeconds(1).multipliedBy(n).dividedBy(FRAMES_PER_SECOND);
        long millis = time.toMillis();
        Script.Segment segment = script.at(millis);
        if (painter == null || !segment.equals(shown)) {
          painter = new Painter(segment.scene(), side);
          shown = segment;
        }
        painter.paint(millis - segment.startMillis(), n, rgb);
        try (Frame frame = Frame.of(time, side, side, ByteBuffer.wrap(rgb))) {
          writer.write(frame);
        }
      }
    }
  }
}
