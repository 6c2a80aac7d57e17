package io.moviechat.bench.memory;

import io.moviechat.Frame;
import io.moviechat.FrameSampling;
import io.moviechat.FrameTokens;
import io.moviechat.GenerationOptions;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.VideoLocation;
import io.moviechat.bench.harness.Resident;
import io.moviechat.bench.harness.SmallModel;
import io.moviechat.bench.harness.Strategies;
import io.moviechat.bench.harness.Synthetic;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.MovieView;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VisionLanguageModel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** The JVM in which {@link MemoryFigure1} fills one memory, printing its size as it grows. */
final class MemoryFigure1Child {
  private static final int POOL = 128;
  private static final int FRAMES_PER_SCENE = 50;
  private static final double MOST_STATE = 1.5e9;
  private static final int EVEN_READINGS = 20;

  private MemoryFigure1Child() {}

  public static void main(String[] args) {
    if (args[0].equals("model")) {
      model(SmallModel.find().orElseThrow());
      return;
    }
    List<FloatBuffer> pool = pool(MemoryFigure1.SHAPE);
    long most = Long.parseLong(args[1]);
    try (VideoMemory memory =
        args[0].equals(MemoryFigure1.KEEP_EVERYTHING)
            ? new EverythingMemory(MemoryFigure1.SHAPE)
            : Strategies.of(args[0]).open(MemoryFigure1.SHAPE)) {
      long start = System.nanoTime();
      long reading = 0; // time spent on reading is not the memory's
      for (long frame = 0; frame < most; frame++) {
        FloatBuffer values = pool.get((int) ((frame / FRAMES_PER_SCENE + frame % 4) % POOL));
        memory.add(
            FrameTokens.of(Duration.ofMillis(40 * frame), MemoryFigure1.SHAPE, values.duplicate()));
        long count = frame + 1;
        if (MemoryFigure1.isPowerOfTen(count) || count * EVEN_READINGS % most == 0) {
          long began = System.nanoTime();
          double state = print(memory, count, began - start - reading);
          reading += System.nanoTime() - began;
          if (state * 10 > MOST_STATE && args[0].equals(MemoryFigure1.KEEP_EVERYTHING)) {
            // Enough for a straight line: three more readings, then the end.
            most = Math.min(most, (long) (count * 1.5));
          }
        }
      }
    }
  }

  private static double print(VideoMemory memory, long frames, long nanos) {
    VideoMemory.Stats stats = memory.stats();
    double heap = Resident.heapBytes();
    System.out.println(
        frames
            + " "
            + stats.bytes()
            + " "
            + heap
            + " "
            + Resident.bytes()
            + " "
            + frames / (nanos / 1e9)
            + " "
            + stats.deviceBytes());
    return stats.bytes();
  }

  private static List<FloatBuffer> pool(TokenShape shape) {
    Random random = new Random(1);
    List<FloatBuffer> pool = new ArrayList<>();
    for (int i = 0; i < POOL; i++) {
      FloatBuffer values =
          ByteBuffer.allocateDirect(4 * shape.floats())
              .order(ByteOrder.nativeOrder())
              .asFloatBuffer();
      while (values.hasRemaining()) {
        values.put((float) random.nextGaussian());
      }
      pool.add(values.flip());
    }
    return pool;
  }

  private static void model(VisionLanguageModel model) {
    double before = Resident.bytes();
    try (FrameEncoder encoder = model.openEncoder()) {
      double opened = Resident.bytes();
      System.out.println(opened - before + " encoder, opened");
      List<Frame> frames = frames(encoder.preferredBatch());
      Resident.resetPeak();
      List<FrameTokens> tokens = encoder.encode(frames);
      System.out.println(Resident.peakBytes() - opened + " encoder, peak of one batch");
      before = Resident.bytes();
      try (AnswerGenerator generator = model.openGenerator();
          VideoMemory memory = Strategies.of("moviechat").open(encoder.shape())) {
        System.out.println(Resident.bytes() - before + " generator, opened");
        for (FrameTokens frame : tokens) {
          memory.add(frame);
          frame.close();
        }
        ask(generator, memory.snapshot());
      }
    }
  }

  private static void ask(AnswerGenerator generator, MemorySnapshot snapshot) {
    double before = Resident.bytes();
    Resident.resetPeak();
    MovieView view = MovieView.of(snapshot);
    try (AnswerSession session = generator.open(view)) {
      session.answer(
          AnswerRequest.of("What is it?", GenerationOptions.DEFAULT), TokenListener.NONE);
    }
    System.out.println(
        Resident.peakBytes()
            - before
            + " generator, peak of one answer from "
            + snapshot.slots().size()
            + " slots");
  }

  private static List<Frame> frames(int count) {
    List<Frame> frames = new ArrayList<>();
    try (VideoSource source =
            Synthetic.videos(Synthetic.Cost.NONE)
                .open(VideoLocation.of(Synthetic.video("figure1", count)));
        FrameStream stream =
            source.frames(FrameSampling.everyFrame(), io.moviechat.FrameFormat.ORIGINAL)) {
      for (Optional<Frame> frame = stream.next(); frame.isPresent(); frame = stream.next()) {
        frames.add(frame.get());
      }
    }
    return frames;
  }
}
