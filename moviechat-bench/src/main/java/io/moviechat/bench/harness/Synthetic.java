package io.moviechat.bench.harness;

import io.moviechat.Answer;
import io.moviechat.FinishReason;
import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameTokens;
import io.moviechat.MemoryBudget;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.VideoInfo;
import io.moviechat.VideoLocation;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.PrimitiveIterator;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import java.util.zip.CRC32;

/**
 * Computed stages with a known cost, so that what is measured is the pipeline and nothing else.
 *
 * <p>Videos have 25 frames per second and any length; the encoder gives a colour grid of the
 * picture; the memory merges without looking; the generator says a checksum of what it was given,
 * so that two answers are equal exactly if what they were made of is.
 */
public final class Synthetic {
  /** Time from one frame to the next. */
  public static final Duration FRAME_TIME = Duration.ofMillis(40);

  private static final int SIDE = 32;

  private Synthetic() {}

  /** What a stage does for each frame or token. */
  @FunctionalInterface
  public interface Cost {
    /** Nothing. */
    Cost NONE = () -> {};

    /** Pays it. */
    void pay();

    /**
     * Waiting, as for a disk, a network or an accelerator; leaves the processor to the other
     * stages.
     */
    public static Cost waiting(Duration time) {
      long nanos = time.toNanos();
      return () -> {
        long end = System.nanoTime() + nanos;
        for (long rest = nanos; rest > 0; rest = end - System.nanoTime()) {
          LockSupport.parkNanos(rest);
          if (Thread.currentThread().isInterrupted()) {
            return;
          }
        }
      };
    }
  }

  /** The address of a computed video; {@code name} makes it differ from others. */
  public static URI video(String name, long frames) {
    return URI.create(String.format(Locale.ROOT, "synthetic:%s?frames=%d", name, frames));
  }

  /** Videos whose frames cost something each. */
  public static VideoSourceProvider videos(Cost perFrame) {
    return new Videos(perFrame);
  }

  /** A colour grid as an encoder: {@code shape.tokens()} cells, each its mean colour repeated. */
  public static FrameEncoder encoder(TokenShape shape, int batch, Cost perFrame) {
    return new GridEncoder(shape, batch, perFrame);
  }

  /** A memory of at most {@code slots} entries that costs something per frame. */
  public static VideoMemory.Factory memory(int slots, Cost perFrame) {
    return new MemoryFactory(slots, perFrame);
  }

  /** A generator of answers of so many words, each of which costs something. */
  public static AnswerGenerator generator(int tokenWidth, int tokens, Cost perToken) {
    return new ChecksumGenerator(tokenWidth, tokens, perToken);
  }

  private record Videos(Cost perFrame) implements VideoSourceProvider {
    @Override
    public String name() {
      return "synthetic";
    }

    @Override
    public boolean accepts(VideoLocation location) {
      return "synthetic".equals(location.scheme());
    }

    @Override
    public VideoSource open(VideoLocation location) {
      String text = location.uri().toString();
      long frames = Long.parseLong(text.substring(text.indexOf('=') + 1));
      return new Source(text, frames, perFrame);
    }
  }

  private record Source(String location, long count, Cost perFrame) implements VideoSource {
    @Override
    public VideoInfo info() {
      return new VideoInfo(
          location,
          "synthetic",
          "none",
          SIDE,
          SIDE,
          0,
          Optional.of(FRAME_TIME.multipliedBy(count)),
          OptionalLong.of(count),
          OptionalDouble.of(25),
          List.of());
    }

    @Override
    public FrameStream frames(Duration from, Duration to, FrameFormat format) {
      return new Stream(
          this,
          LongStream.range(indexNotBefore(from), Math.min(count, indexNotBefore(to))).iterator());
    }

    @Override
    public FrameStream at(List<Duration> moments, FrameFormat format) {
      return new Stream(this, moments.stream().mapToLong(this::onScreen).distinct().iterator());
    }

    private long onScreen(Duration moment) {
      return Math.min(count - 1, moment.dividedBy(FRAME_TIME));
    }

    private static long indexNotBefore(Duration time) {
      return time.plus(FRAME_TIME).minusNanos(1).dividedBy(FRAME_TIME);
    }

    @Override
    public Frame frameAt(Duration moment, FrameFormat format) {
      return frame(onScreen(moment));
    }

    Frame frame(long index) {
      perFrame.pay();
      byte[] rgb = new byte[3 * SIDE * SIDE];
      // Cuts every two seconds, slow drift in between; videos of other names look different.
      long scene = index / 50 + Math.floorMod(location.hashCode(), 1009);
      for (int i = 0; i < rgb.length; i++) {
        rgb[i] = (byte) (scene * 53 + (index % 50) + i * (scene % 7 + 1));
      }
      return Frame.of(FRAME_TIME.multipliedBy(index), SIDE, SIDE, ByteBuffer.wrap(rgb));
    }

    @Override
    public void close() {}
  }

  private static final class Stream implements FrameStream {
    private final Source source;
    private final PrimitiveIterator.OfLong indices;

    Stream(Source source, PrimitiveIterator.OfLong indices) {
      this.source = source;
      this.indices = indices;
    }

    @Override
    public Optional<Frame> next() {
      return indices.hasNext() ? Optional.of(source.frame(indices.nextLong())) : Optional.empty();
    }

    @Override
    public long damagedFrames() {
      return 0;
    }

    @Override
    public void close() {}
  }

  private record GridEncoder(TokenShape shape, int preferredBatch, Cost perFrame)
      implements FrameEncoder {
    @Override
    public String id() {
      return "colour-grid-" + shape;
    }

    @Override
    public FrameFormat preferredFormat() {
      return FrameFormat.stretch(SIDE, SIDE, FrameFormat.Resampling.BILINEAR);
    }

    @Override
    public List<FrameTokens> encode(List<Frame> frames) {
      List<FrameTokens> tokens = new ArrayList<>(frames.size());
      for (Frame frame : frames) {
        perFrame.pay();
        tokens.add(FrameTokens.of(frame.timestamp(), shape, grid(frame)));
      }
      return tokens;
    }

    private FloatBuffer grid(Frame frame) {
      byte[] rgb = new byte[3 * frame.width() * frame.height()];
      frame.rgb().get(rgb);
      float[] values = new float[shape.floats()];
      int pixels = rgb.length / 3;
      for (int token = 0; token < shape.tokens(); token++) {
        int from = (int) ((long) token * pixels / shape.tokens());
        int to = Math.max(from + 1, (int) ((token + 1L) * pixels / shape.tokens()));
        int[] sums = new int[3];
        for (int p = from; p < to; p++) {
          for (int c = 0; c < 3; c++) {
            sums[c] += rgb[3 * (p % pixels) + c] & 0xff;
          }
        }
        int at = token * shape.width();
        for (int d = 0; d < shape.width(); d++) {
          values[at + d] = sums[d % 3] / (255f * (to - from)) + d * 1e-3f;
        }
      }
      return FloatBuffer.wrap(values);
    }

    @Override
    public void close() {}
  }

  private record MemoryFactory(int maxSlots, Cost perFrame) implements VideoMemory.Factory {
    @Override
    public String strategy() {
      return "halving";
    }

    @Override
    public String settings() {
      return "slots=" + maxSlots;
    }

    @Override
    public VideoMemory.Factory within(MemoryBudget budget, TokenShape shape) {
      return new MemoryFactory(Math.min(maxSlots, budget.slotsOf(shape)), perFrame);
    }

    @Override
    public VideoMemory open(TokenShape shape) {
      return new HalvingMemory(shape, maxSlots, perFrame);
    }

    @Override
    public VideoMemory resume(MemorySnapshot earlier) {
      HalvingMemory memory = new HalvingMemory(earlier.shape(), maxSlots, perFrame);
      memory.slots.addAll(earlier.slots());
      memory.frames = earlier.framesSeen();
      return memory;
    }
  }

  /** When full, every second slot joins the one before it, whose tokens stand for both. */
  private static final class HalvingMemory implements VideoMemory {
    private final TokenShape shape;
    private final int limit;
    private final Cost perFrame;
    private final List<MemorySlot> slots = new ArrayList<>();
    private long frames;
    private long merges;

    HalvingMemory(TokenShape shape, int limit, Cost perFrame) {
      this.shape = shape;
      this.limit = limit;
      this.perFrame = perFrame;
    }

    @Override
    public TokenShape shape() {
      return shape;
    }

    @Override
    public void add(FrameTokens frame) {
      perFrame.pay();
      if (!slots.isEmpty()) {
        int last = slots.size() - 1;
        slots.set(last, slots.get(last).withEnd(frame.timestamp()));
      }
      if (slots.size() == limit) {
        halve();
      }
      slots.add(MemorySlot.ofFrame(MemorySlot.Tier.LONG_TERM, frame.timestamp(), frame));
      frames++;
    }

    private void halve() {
      List<MemorySlot> all = List.copyOf(slots);
      slots.clear();
      for (int i = 0; i < all.size(); i += 2) {
        MemorySlot first = all.get(i);
        if (i + 1 == all.size()) {
          slots.add(first);
          break;
        }
        MemorySlot second = all.get(i + 1);
        slots.add(
            MemorySlot.of(
                MemorySlot.Tier.LONG_TERM,
                first.start(),
                second.end(),
                first.frames() + second.frames(),
                first.representative(),
                0,
                shape,
                first.tokens()));
        merges++;
      }
    }

    @Override
    public MemorySnapshot snapshot() {
      return new MemorySnapshot(shape, slots, frames, 0);
    }

    @Override
    public VideoMemory.Stats stats() {
      return VideoMemory.Stats.of(frames, merges, slots.size())
          .withHeapBytes(slots.size() * shape.bytes());
    }

    @Override
    public void reset() {
      slots.clear();
      frames = 0;
      merges = 0;
    }

    @Override
    public void close() {}
  }

  private record ChecksumGenerator(int width, int tokens, Cost perToken)
      implements AnswerGenerator {
    @Override
    public String id() {
      return "checksum";
    }

    @Override
    public OptionalInt tokenWidth() {
      return OptionalInt.of(width);
    }

    @Override
    public OptionalInt maxSlots(TokenShape shape) {
      return OptionalInt.empty();
    }

    @Override
    public AnswerSession open(MovieView view) {
      CRC32 sum = new CRC32();
      for (MemorySlot slot : view.memory().slots()) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * slot.shape().floats());
        bytes.asFloatBuffer().put(slot.tokens());
        sum.update(bytes);
      }
      String checksum = Long.toHexString(sum.getValue());
      return new Session(checksum, this);
    }

    @Override
    public void close() {}
  }

  private record Session(String checksum, ChecksumGenerator generator) implements AnswerSession {
    @Override
    public GeneratedAnswer answer(AnswerRequest request, TokenListener listener) {
      long start = System.nanoTime();
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < generator.tokens; i++) {
        generator.perToken.pay();
        String piece = (i == 0 ? "" : " ") + checksum;
        text.append(piece);
        listener.onText(piece);
      }
      Duration time = Duration.ofNanos(System.nanoTime() - start);
      return GeneratedAnswer.builder(text.toString(), FinishReason.STOP)
          .timings(Answer.Timings.of(Duration.ZERO, time, time, 0))
          .build();
    }

    @Override
    public void close() {}
  }
}
