package io.moviechat.tinyworld;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.VideoLocation;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MovieWriterTest {
  private static final Duration STEP = Duration.ofMillis(World.STEP_MILLIS);
  private static final FrameFormat FORMAT =
      FrameFormat.inside(64, 64, FrameFormat.Resampling.LANCZOS);

  @Test
  void theFileShowsWhatTheScriptSays(@TempDir Path folder) {
    Script script = Movies.ofScenes(2, World.Split.SEEN, 3);
    Path file = folder.resolve("movie.mp4");
    MovieWriter.write(script, file);
    ScriptVideos scripts = new ScriptVideos();
    VideoSourceProvider files =
        ServiceLoader.load(VideoSourceProvider.class).findFirst().orElseThrow();
    try (VideoSource written = files.open(VideoLocation.of(file));
        VideoSource painted = scripts.open(VideoLocation.of(scripts.add("movie", script)))) {
      assertThat(written.info().codec()).isEqualTo("h264");
      assertThat(written.info().duration().orElseThrow().toMillis())
          .isBetween(script.millis() - 100, script.millis() + 100);
      try (FrameStream seen = written.frames(FrameSampling.every(STEP), FORMAT);
          FrameStream wanted = painted.frames(FrameSampling.every(STEP), FORMAT)) {
        int frames = 0;
        for (Optional<Frame> frame = wanted.next(); frame.isPresent(); frame = wanted.next()) {
          try (Frame expected = frame.get();
              Frame actual = seen.next().orElseThrow()) {
            assertThat(actual.timestamp()).isEqualTo(expected.timestamp());
            assertThat(difference(actual.rgb(), expected.rgb())).isLessThan(12);
            frames++;
          }
        }
        assertThat(frames).isEqualTo((int) (script.millis() / World.STEP_MILLIS));
        assertThat(seen.next()).isEmpty();
      }
    }
  }

  private static double difference(ByteBuffer a, ByteBuffer b) {
    double sum = 0;
    int bytes = a.remaining();
    for (int i = 0; i < bytes; i++) {
      sum += Math.abs((a.get(i) & 255) - (b.get(i) & 255));
    }
    return sum / bytes;
  }
}
