package io.moviechat.bench.memory;

import io.moviechat.FrameTokens;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import io.moviechat.bench.harness.BySize;
import io.moviechat.bench.harness.Question;
import io.moviechat.memory.MovieChatMemoryProvider;
import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoMemoryProvider;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * What consolidating a store to a prompt of 80 slots costs at question time. {@code wanted} wants 5
 * slots of the store, {@code blind} none; {@code first} is the first question about a store, which
 * reads all tokens for what slots are compared by and for the sums that are kept. Beside it {@code
 * plain}, MovieChat's consolidation while watching, given the same slots one by one, and {@code
 * copy}, which only copies all tokens once, on as many threads: what any way of averaging them all
 * must read. Command: {@code java -jar benchmarks.jar memory --filter MemoryRecall}.
 */
@Question("What does recall cost a question?")
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class MemoryRecall {
  private static final int PROMPT = 80;

  /** Slots of the store. */
  @Param({"1024", "4096"})
  @BySize(smoke = "200")
  public int slots;

  /** What is measured, ours first. */
  @Param({"wanted", "blind", "first", "plain", "copy"})
  public String peer = "";

  /** Tokens per slot x width. */
  @Param("64x576")
  @BySize(smoke = "4x16")
  public String shape = "";

  private final VideoMemoryProvider provider = new MovieChatMemoryProvider();
  private MemorySnapshot store = MemorySnapshot.empty(new TokenShape(1, 1));
  private float[] relevance = new float[0];

  /** Makes a store of scenes of about twelve slots. */
  @Setup
  public void open() {
    int x = shape.indexOf('x');
    TokenShape tokens =
        new TokenShape(
            Integer.parseInt(shape.substring(0, x)), Integer.parseInt(shape.substring(x + 1)));
    Random random = new Random(7);
    float[] scene = new float[tokens.floats()];
    float[] values = new float[scene.length];
    List<MemorySlot> all = new ArrayList<>();
    for (int i = 0; i < slots; i++) {
      for (int k = 0; k < scene.length; k++) {
        if (i % 12 == 0) {
          scene[k] = random.nextFloat() - 0.5f;
        }
        values[k] = scene[k] + 0.2f * random.nextFloat();
      }
      all.add(
          MemorySlot.of(
              MemorySlot.Tier.LONG_TERM,
              Duration.ofSeconds(2L * i),
              Duration.ofSeconds(2L * i + 2),
              4,
              Duration.ofSeconds(2L * i),
              0.5,
              tokens,
              FloatBuffer.wrap(values)));
    }
    store = new MemorySnapshot(tokens, all, 4L * slots, 0);
    relevance = new float[slots];
    for (int i = 0; i < 5 && peer.equals("wanted"); i++) {
      relevance[slots / 2 + i] = 1;
    }
  }

  /** One question. */
  @Benchmark
  public Object recall() {
    return switch (peer) {
      case "copy" -> copies();
      case "plain" -> consolidated();
      case "first" -> new MovieChatMemoryProvider().recall(store, relevance, PROMPT);
      default -> provider.recall(store, relevance, PROMPT);
    };
  }

  private MemorySnapshot consolidated() {
    VideoMemory.Factory strategy =
        provider.factory(
            ModelDefaults.builder()
                .memoryStrategy("moviechat-start-empty")
                .shortTermFrames(16)
                .consolidateTo(4)
                .longTermSlots(PROMPT - 16)
                .build());
    try (VideoMemory memory = strategy.open(store.shape())) {
      for (MemorySlot slot : store.slots()) {
        memory.add(FrameTokens.of(slot.start(), store.shape(), slot.tokens()));
      }
      return memory.snapshot();
    }
  }

  private double copies() {
    return store.slots().parallelStream()
        .mapToDouble(
            slot -> {
              float[] values = new float[store.shape().floats()];
              slot.tokens().get(values);
              return values[0];
            })
        .sum();
  }
}
