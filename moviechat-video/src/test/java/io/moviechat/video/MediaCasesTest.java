package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.VideoException;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.video.Clips.Seen;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Small files of the kinds that real cameras, programs and servers write, each with what is right:
 * the entries of {@code expected.json} in a folder. Other folders of the same layout are read with
 * {@code -Dmoviechat.media.cases=DIR}.
 */
class MediaCasesTest {
  private static final double SECONDS = 0.002;
  private static final int LEVELS = 40;
  private static final VideoOptions OPTIONS = VideoOptions.DEFAULT.withDeinterlace(false);

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  static Path folder() {
    String folder = System.getProperty("moviechat.media.cases", "");
    return folder.isEmpty() ? Clips.resource("/cases") : Path.of(folder);
  }

  static Stream<Arguments> cases() throws IOException {
    JsonNode expected =
        new ObjectMapper().readTree(folder().resolve("expected.json").toFile()).get("cases");
    return StreamSupport.stream(expected.spliterator(), false)
        .map(entry -> Arguments.of(entry.get("file").asText(), entry));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void isRead(String name, JsonNode expected) {
    Path file = folder().resolve(name);
    if (expected.has("refused")) {
      try (VideoSource video = open(file)) {
        List<Seen> all = pass(video, FrameSampling.everyFrame());
        boolean either = expected.has("size") || expected.has("orSize") || expected.has("orFrames");
        assertThat(either).as("%s is read, which should be refused", name).isTrue();
        if (expected.has("orFrames")) {
          assertThat(all).hasSize(expected.get("orFrames").asInt());
        }
      } catch (VideoException refusal) {
        // The file's own name says nothing of why it was refused.
        assertThat(refusal.getMessage()).contains(file.toString());
        assertThat(refusal.getMessage().replace(file.toString(), ""))
            .containsPattern(expected.get("refused").asText());
        return;
      }
    }
    EveryWay ways = new EveryWay(file, OPTIONS, FrameFormat.ORIGINAL, name.hashCode());
    ways.timesGoForwardFromZero();
    check(file, expected, ways);
  }

  /** The promise holds for each of them, whatever else is expected. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void isTheSameInEveryWay(String name, JsonNode expected) {
    Path file = folder().resolve(name);
    try (VideoSource video = open(file)) {
      video.frameAt(Duration.ZERO, FrameFormat.ORIGINAL).close();
    } catch (VideoException refusal) {
      assertThat(expected.has("refused")).as(refusal.getMessage()).isTrue();
      return;
    }
    EveryWay.check(file, OPTIONS, FrameFormat.ORIGINAL, name.hashCode());
  }

  @MustBeClosed
  private static VideoSource open(Path file) {
    return new FfmpegVideoSourceProvider(OPTIONS).open(file);
  }

  private static List<Seen> pass(VideoSource video, FrameSampling sampling) {
    try (FrameStream stream = video.frames(sampling, FrameFormat.ORIGINAL)) {
      return Clips.drain(stream);
    }
  }

  private static <T> T opened(Path file, Function<VideoSource, T> use) {
    try (VideoSource video = open(file)) {
      return use.apply(video);
    }
  }

  private static double seconds(Seen seen) {
    return seen.time().toNanos() / 1e9;
  }

  private static Duration time(double seconds) {
    return Duration.ofNanos(Math.round(seconds * 1e9));
  }

  private static void check(Path file, JsonNode expected, EveryWay ways) {
    List<Seen> all = ways.all();
    if (expected.has("frames")) {
      assertThat(all).as("frames").hasSize(expected.get("frames").asInt());
    }
    if (expected.has("first")) {
      assertThat(seconds(all.get(0)))
          .as("first")
          .isCloseTo(number(expected, "first"), within(SECONDS));
    }
    if (expected.has("last")) {
      assertThat(seconds(all.get(all.size() - 1)))
          .as("last")
          .isCloseTo(number(expected, "last"), within(SECONDS));
    }
    if (expected.has("step")) {
      for (int i = 1; i < all.size(); i++) {
        assertThat(seconds(all.get(i)) - seconds(all.get(i - 1)))
            .as("time from frame %d to %d", i - 1, i)
            .isCloseTo(number(expected, "step"), within(SECONDS));
      }
    }
    if (expected.has("keyframes")
        || expected.has("keyframesAtLeast")
        || expected.has("keyframesInPass")) {
      List<Seen> keys = opened(file, video -> pass(video, FrameSampling.keyframes()));
      checkKeyFrames(expected, keys, all);
      List<Seen> near =
          opened(file, video -> pass(video, FrameSampling.keyframes(Duration.ofSeconds(1))));
      assertThat(near).as("key frames near each second").isNotEmpty().isSubsetOf(keys);
    }
    if (expected.has("frameAt")) {
      JsonNode moments = expected.get("frameAt");
      try (VideoSource video = open(file)) {
        for (int k = 0; k < moments.get("count").asInt(); k++) {
          Duration moment = time(number(moments, "start") + k * number(moments, "step"));
          try (Frame frame = video.frameAt(moment, FrameFormat.ORIGINAL)) {
            assertThat(Clips.seen(frame)).as("at %s", moment).isEqualTo(ways.onScreen(moment));
          }
        }
      }
    }
    if (expected.has("original")) {
      List<Seen> original = opened(file, video -> pass(video, FrameSampling.ORIGINAL));
      assertThat(original).as("original").hasSize(expected.get("original").asInt()).isSubsetOf(all);
    }
    for (JsonNode uniform : expected.path("uniform")) {
      List<Seen> sampled =
          opened(file, video -> pass(video, FrameSampling.uniform(uniform.get("n").asInt())));
      assertThat(sampled).as("uniform").hasSize(uniform.get("frames").asInt()).isSubsetOf(all);
      if (uniform.has("spread")) {
        checkSpread(uniform, sampled);
      }
    }
    if (expected.path("secondPass").asBoolean()) {
      ways.aSecondPassIsTheSame();
    }
    if (expected.has("size") || expected.has("orSize")) {
      ways.sizes();
      checkSize(file, expected);
    }
    for (JsonNode pixel : expected.path("pixels")) {
      checkPixel(file, pixel);
    }
  }

  private static void checkKeyFrames(JsonNode expected, List<Seen> keys, List<Seen> all) {
    if (expected.has("keyframes")) {
      List<Double> times = keys.stream().map(MediaCasesTest::seconds).toList();
      assertThat(times).as("key frames").hasSize(expected.get("keyframes").size());
      for (int i = 0; i < times.size(); i++) {
        assertThat(times.get(i))
            .as("key frame %d of %s", i, times)
            .isCloseTo(expected.get("keyframes").get(i).asDouble(), within(SECONDS));
      }
    }
    assertThat(keys)
        .as("key frames")
        .hasSizeGreaterThanOrEqualTo(expected.path("keyframesAtLeast").asInt(1));
    assertThat(keys).as("key frames").isSubsetOf(all);
  }

  /** Evenly: no gap is larger than twice a part, and both ends are reached. */
  private static void checkSpread(JsonNode uniform, List<Seen> sampled) {
    double from = uniform.get("spread").get(0).asDouble();
    double to = uniform.get("spread").get(1).asDouble();
    double part = (to - from) / uniform.get("n").asInt();
    double before = from - part / 2;
    for (Seen seen : sampled) {
      assertThat(seconds(seen)).as("in the video").isBetween(from - SECONDS, to + SECONDS);
      assertThat(seconds(seen) - before).as("gap").isLessThanOrEqualTo(2 * part);
      before = seconds(seen);
    }
    assertThat(to - before).as("gap at the end").isLessThanOrEqualTo(2 * part);
  }

  private static void checkSize(Path file, JsonNode expected) {
    List<List<Integer>> right = new ArrayList<>();
    for (String key : List.of("size", "orSize")) {
      if (expected.has(key)) {
        right.add(List.of(expected.get(key).get(0).asInt(), expected.get(key).get(1).asInt()));
      }
    }
    List<Integer> size =
        opened(
            file,
            video -> {
              try (Frame frame = video.frameAt(Duration.ZERO, FrameFormat.ORIGINAL)) {
                return List.of(frame.width(), frame.height());
              }
            });
    assertThat(right).as("size").contains(size);
  }

  private static void checkPixel(Path file, JsonNode pixel) {
    try (VideoSource video = open(file);
        Frame frame = video.frameAt(Duration.ZERO, FrameFormat.ORIGINAL)) {
      int x = pixel.get("at").get(0).asInt();
      int y = pixel.get("at").get(1).asInt();
      for (int channel = 0; channel < 3; channel++) {
        assertThat(frame.rgb().get(3 * (y * frame.width() + x) + channel) & 0xff)
            .as("channel %d at %d, %d", channel, x, y)
            .isCloseTo(pixel.get("rgb").get(channel).asInt(), within(LEVELS));
      }
    }
  }

  private static double number(JsonNode node, String field) {
    return node.get(field).asDouble();
  }
}
