package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.VideoException;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.VideoSource;
import io.moviechat.video.GeneratedVideo.NotMade;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Checks the files that {@link GeneratedVideo} makes of seeds, one by one. */
final class GeneratedFiles {
  static final String CHECKED = "checked";

  private static final FrameFormat SMALL = FrameFormat.stretch(24, 16, Resampling.BILINEAR);

  private GeneratedFiles() {}

  /**
   * Makes the file of a seed and asks for its frames in three ways.
   *
   * @return {@link #CHECKED}, or why nothing was checked
   * @throws AssertionError if the ways differ, or FFmpeg alone can read what we cannot
   */
  static String check(long seed) throws IOException {
    Path folder = Files.createTempDirectory("every-way");
    try {
      Path file = GeneratedVideo.of(seed).make(folder);
      int pictures = PlainDecoder.pictures(file);
      if (pictures == 0) {
        return "FFmpeg alone reads no picture";
      }
      try (VideoSource video = new FfmpegVideoSourceProvider().open(file)) {
        video.frameAt(Duration.ZERO, SMALL).close();
      } catch (VideoException e) {
        throw new AssertionError("FFmpeg alone reads " + pictures + " pictures", e);
      }
      int frames =
          EveryWay.checkSome(file, VideoOptions.DEFAULT.withThreads(2), SMALL, seed).size();
      assertThat(frames).as("frames, of %d pictures", pictures).isEqualTo(pictures);
      assertThat(NativeOwner.openOwners()).isEmpty();
      return CHECKED;
    } catch (NotMade e) {
      return String.valueOf(e.getMessage());
    } finally {
      delete(folder);
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** What became of many seeds. */
  record Outcome(Map<String, Integer> counts, List<String> failures) {}

  /**
   * Checks the files of the seeds {@code [from, to)} that the log does not name yet: a line a seed.
   */
  static Outcome run(long from, long to, Path log) throws IOException {
    long next = from;
    if (Files.exists(log)) {
      for (String line : Files.readAllLines(log)) {
        next = Math.max(next, Long.parseLong(line.split(" ", 2)[0]) + 1);
      }
    }
    for (long seed = next; seed < to; seed++) {
      // The line is begun before the check: what ends the whole process is then seen too.
      append(log, seed + " ");
      String outcome;
      try {
        outcome = check(seed);
      } catch (AssertionError | RuntimeException e) {
        outcome = "FAILED " + GeneratedVideo.of(seed) + ": " + e;
      }
      append(log, outcome.replaceAll("\\s+", " ") + "\n");
    }
    Map<String, Integer> counts = new TreeMap<>();
    List<String> failures = new ArrayList<>();
    for (String line : Files.readAllLines(log)) {
      String outcome = line.split(" ", 2)[1];
      if (outcome.isEmpty() || outcome.startsWith("FAILED")) {
        failures.add(line);
      } else {
        counts.merge(outcome, 1, Integer::sum);
      }
    }
    return new Outcome(counts, failures);
  }

  private static void append(Path log, String text) throws IOException {
    Files.write(
        log,
        text.getBytes(StandardCharsets.UTF_8),
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }
}
