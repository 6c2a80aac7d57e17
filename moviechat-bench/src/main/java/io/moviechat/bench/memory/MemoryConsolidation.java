package io.moviechat.bench.memory;

import io.moviechat.FrameTokens;
import io.moviechat.TokenShape;
import io.moviechat.bench.harness.BySize;
import io.moviechat.bench.harness.Question;
import io.moviechat.memory.MemoryStrategies;
import io.moviechat.spi.VideoMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What remembering a frame costs, from the encoder's buffer to long-term memory: 16 new frames and
 * 2 carried ones become 2, again and again, with long-term memory full (64 slots).
 *
 * <p>Rule {@code paper} is the strategy {@code moviechat}, rule {@code released} the strategy
 * {@code moviechat-onevision}, which has the released code's similarity and the same window.
 *
 * <p>Peers: {@code java} is what users get on a CPU, {@code nd4j} the same on ND4J arrays; {@code
 * naive-java} and {@code naive-nd4j} compute every similarity again after every merge and have no
 * long-term memory ({@link MemoryPeers}); {@code copy-twice} only copies the bytes of the window
 * (18 frames) twice. Command: {@code java -jar benchmarks.jar memory --filter Consolidation}.
 */
@Question("What does remembering one frame cost?")
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class MemoryConsolidation {
  private static final int NEW_FRAMES = 16;
  private static final int WINDOW = 18;
  private static final int TARGET = 2;
  private static final int MOVIE = 64;

  /** Ours first. */
  @Param({"java", "nd4j", "naive-java", "naive-nd4j", "copy-twice"})
  public String peer = "";

  /** Which similarity. */
  @Param({"released", "paper"})
  @BySize(smoke = "paper")
  public String rule = "";

  /** Tokens per frame x width: MovieChat's, and LLaVA-OneVision's. */
  @Param({"32x768", "196x896"})
  @BySize(smoke = "4x16")
  public String shape = "";

  private TokenShape tokens = new TokenShape(1, 1);
  private FloatBuffer[] frames = new FloatBuffer[0];
  private float[][] arrays = new float[0][];
  private float[][] copies = new float[0][];
  private @Nullable VideoMemory memory;
  private MemoryPeers.@Nullable Naive naive;
  private long frame;

  /** Makes a movie of scenes and opens the peer. */
  @Setup
  public void open() {
    int x = shape.indexOf('x');
    tokens =
        new TokenShape(
            Integer.parseInt(shape.substring(0, x)), Integer.parseInt(shape.substring(x + 1)));
    boolean released = rule.equals("released");
    arrays = movie(tokens);
    frames = new FloatBuffer[MOVIE];
    for (int i = 0; i < MOVIE; i++) {
      frames[i] =
          ByteBuffer.allocateDirect((int) tokens.bytes())
              .order(ByteOrder.nativeOrder())
              .asFloatBuffer()
              .put(arrays[i])
              .flip();
    }
    switch (peer) {
      case "java", "nd4j" -> {
        System.setProperty("moviechat.memory.backend", peer);
        memory =
            (released ? MemoryStrategies.oneVision() : MemoryStrategies.moviechat())
                .longTermSlots(64)
                .build()
                .open(tokens);
        System.clearProperty("moviechat.memory.backend");
      }
      case "naive-java" ->
          naive = MemoryPeers.java(released, tokens.tokens(), tokens.width(), WINDOW, TARGET);
      case "naive-nd4j" ->
          naive = MemoryPeers.nd4j(released, tokens.tokens(), tokens.width(), WINDOW, TARGET);
      case "copy-twice" -> copies = new float[2 * WINDOW][tokens.floats()];
      default -> throw new IllegalArgumentException(peer);
    }
    for (int i = 0; memory != null && i < 35 * NEW_FRAMES; i++) {
      add(); // long-term memory is full
    }
  }

  /** Scenes of about 12 frames, each frame its scene and some noise. */
  static float[][] movie(TokenShape shape) {
    Random random = new Random(5);
    float[][] movie = new float[MOVIE][shape.floats()];
    float[] scene = new float[shape.floats()];
    for (int i = 0; i < MOVIE; i++) {
      for (int k = 0; k < scene.length; k++) {
        if (i % 12 == 0) {
          scene[k] = (float) random.nextGaussian();
        }
        movie[i][k] = scene[k] + 0.3f * (float) random.nextGaussian();
      }
    }
    return movie;
  }

  private void add() {
    int index = (int) (frame % MOVIE);
    if (memory != null) {
      memory.add(FrameTokens.of(Duration.ofMillis(40 * frame), tokens, frames[index]));
    } else if (naive != null) {
      naive.add(arrays[index]);
    }
    frame++;
  }

  /** One window; the time is for one frame. */
  @Benchmark
  @OperationsPerInvocation(NEW_FRAMES)
  public void remember() {
    if (copies.length > 0) {
      for (int i = 0; i < WINDOW; i++) {
        System.arraycopy(arrays[i], 0, copies[i], 0, copies[i].length);
        System.arraycopy(copies[i], 0, copies[WINDOW + i], 0, copies[i].length);
      }
      return;
    }
    for (int i = 0; i < NEW_FRAMES; i++) {
      add();
    }
  }

  /** Closes the memory. */
  @TearDown
  public void close() {
    if (memory != null) {
      memory.close();
    }
  }
}
