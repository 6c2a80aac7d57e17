package io.moviechat.cli;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.VideoInfo;
import io.moviechat.VideoLocation;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * The tiny checkpoints in the layout of the release, from the test resources of moviechat-llm, with
 * what the original network makes of them.
 */
final class Originals {
  /** Pixels per side of the recorded frames. */
  private static final int SIDE = 56;

  private static final Path ROOT =
      Path.of("../../moviechat-llm/src/test/resources/checkpoint-tiny").normalize();

  private static final Map<String, List<String>> EXPECTED = leaves(ROOT.resolve("expected.json"));

  private Originals() {}

  static Map<String, List<String>> leaves(Path json) {
    try {
      return JsonLeaves.of(Files.readString(json, StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The one recorded text at a path of {@code expected.json}. */
  static String text(String path) {
    return EXPECTED.get(path).get(0);
  }

  /** The recorded numbers at a path of {@code expected.json}. */
  static int[] numbers(String path) {
    return numbers(EXPECTED, path);
  }

  static int[] numbers(Map<String, List<String>> leaves, String path) {
    return leaves.get(path).stream().mapToInt(Integer::parseInt).toArray();
  }

  /** A recorded array of floats. */
  static float[] floats(String name) {
    ByteBuffer bytes =
        ByteBuffer.wrap(read(text("/arrays/" + name + "/file"))).order(ByteOrder.LITTLE_ENDIAN);
    float[] floats = new float[bytes.remaining() / Float.BYTES];
    bytes.asFloatBuffer().get(floats);
    return floats;
  }

  private static byte[] read(String file) {
    try {
      return Files.readAllBytes(ROOT.resolve(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The largest difference over the largest expected value. */
  static double relativeError(float[] actual, float[] expected) {
    double largest = 0;
    double difference = 0;
    for (int i = 0; i < expected.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
    }
    return difference / largest;
  }

  /** The command line that imports, without {@code --out}. */
  static List<String> importCommand() {
    return List.of(
        "model", "import",
        "--llama", ROOT.resolve("llama-base").toString(),
        "--delta", ROOT.resolve("vicuna-delta").toString(),
        "--eva", ROOT.resolve("eva_vit_g.pth").toString(),
        "--qformer", ROOT.resolve("blip2_pretrained_flant5xxl.pth").toString(),
        "--proj", ROOT.resolve("pretrained_minigpt4.pth").toString(),
        "--checkpoint", ROOT.resolve("finetune-vicuna7b-v2.pth").toString());
  }

  /** The bundle in float32. */
  static Path bundle(Path folder) {
    Path bundle = folder.resolve("bundle");
    List<String> line = new ArrayList<>(importCommand());
    line.addAll(List.of("--precision", "fp32", "--vit-heads", "4", "--qformer-heads", "4"));
    line.addAll(List.of("--out", bundle.toString()));
    Ran ran = Ran.command(line.toArray(String[]::new));
    if (ran.exitCode() != 0) {
      throw new IllegalStateException(ran.err());
    }
    return bundle;
  }

  /** A recorded frame at a time. */
  static Frame frame(int index, Duration timestamp) {
    int bytes = 3 * SIDE * SIDE;
    ByteBuffer rgb = ByteBuffer.wrap(read(text("/arrays/frames/file")), index * bytes, bytes);
    return Frame.of(timestamp, SIDE, SIDE, rgb);
  }

  /** Recorded frames in some order as a video of one frame per second, whatever the sampling. */
  static VideoSourceProvider video(int... order) {
    return new VideoSourceProvider() {
      @Override
      public String name() {
        return "recorded frames";
      }

      @Override
      public boolean accepts(VideoLocation location) {
        return true;
      }

      @Override
      public VideoSource open(VideoLocation location) {
        return new RecordedVideo(location.uri(), order);
      }
    };
  }

  private static final class RecordedVideo implements VideoSource {
    private final URI location;
    private final int[] order;

    RecordedVideo(URI location, int[] order) {
      this.location = location;
      this.order = order;
    }

    @Override
    public VideoInfo info() {
      return new VideoInfo(
          location.toString(),
          "frames",
          "raw",
          SIDE,
          SIDE,
          0,
          Optional.of(Duration.ofSeconds(order.length)),
          OptionalLong.of(order.length),
          OptionalDouble.of(1),
          List.of());
    }

    @Override
    public FrameStream frames(
        Duration from, Duration to, FrameSampling sampling, FrameFormat format) {
      return frames(from, to, format);
    }

    @Override
    public FrameStream at(List<Duration> moments, FrameFormat format) {
      return frames(Duration.ZERO, END, format);
    }

    @Override
    public FrameStream frames(Duration from, Duration to, FrameFormat format) {
      return new FrameStream() {
        private long next = from.plusNanos(999_999_999).toSeconds();

        @Override
        public Optional<Frame> next() {
          Duration time = Duration.ofSeconds(next);
          if (next >= order.length || time.compareTo(to) >= 0) {
            return Optional.empty();
          }
          return Optional.of(frame(order[(int) next++], time));
        }

        @Override
        public long damagedFrames() {
          return 0;
        }

        @Override
        public void close() {}
      };
    }

    @Override
    public Frame frameAt(Duration moment, FrameFormat format) {
      int index = (int) Math.min(moment.toSeconds(), order.length - 1);
      return frame(order[index], Duration.ofSeconds(index));
    }

    @Override
    public void close() {}
  }
}
