package io.moviechat.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.Asking;
import io.moviechat.Conversation;
import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.GenerationOptions;
import io.moviechat.Moment;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.MovieChatException;
import io.moviechat.Question;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.WatchOptions;
import io.moviechat.Watching;
import io.moviechat.bench.harness.Clips;
import io.moviechat.bench.harness.SmallModel;
import io.moviechat.bench.harness.Synthetic;
import io.moviechat.internal.NativeOwner;
import io.moviechat.speech.AudioSource;
import io.moviechat.speech.Cue;
import io.moviechat.speech.CueStream;
import io.moviechat.speech.SpeechOptions;
import io.moviechat.speech.SpeechRecognizer;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.video.FfmpegVideoSourceProvider;
import io.moviechat.video.LiveVideo;
import io.moviechat.video.VideoOptions;
import io.moviechat.video.VideoWriter;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * No two calls of the public API, in any order and from any threads, end the JVM, hang or leave
 * native memory behind: several threads open, watch, ask, cancel and close the same objects at
 * random. A few seconds; {@code -Dmoviechat.stress.seconds=600} for longer, and {@code
 * -Dmoviechat.stress.seed=N} for the same calls in each thread again.
 */
class LifetimeStressTest {
  private static final int THREADS = 4;
  private static final int MOST = 6;
  private static final TokenShape SHAPE = new TokenShape(4, 16);
  private static final FrameFormat SMALL =
      FrameFormat.stretch(32, 24, FrameFormat.Resampling.BILINEAR);

  @TempDir Path folder;

  private final List<MovieChat> chats = new CopyOnWriteArrayList<>();
  private final List<Watching> watchings = new CopyOnWriteArrayList<>();
  private final List<Movie> movies = new CopyOnWriteArrayList<>();
  private final List<Conversation> conversations = new CopyOnWriteArrayList<>();
  private final List<Moment> moments = new CopyOnWriteArrayList<>();
  private final List<Asking> askings = new CopyOnWriteArrayList<>();
  private final List<VideoSource> sources = new CopyOnWriteArrayList<>();
  private final List<FrameStream> streams = new CopyOnWriteArrayList<>();
  private final List<VideoWriter> writers = new CopyOnWriteArrayList<>();
  private final AtomicInteger names = new AtomicInteger();
  private final AtomicInteger calls = new AtomicInteger();
  private final Optional<VisionLanguageModel> model = SmallModel.find();

  @Test
  @Timeout(value = 90, unit = java.util.concurrent.TimeUnit.MINUTES)
  void anyCallsInAnyOrderFromAnyThreads() throws Exception {
    long seconds = Long.getLong("moviechat.stress.seconds", 6);
    long seed = Long.getLong("moviechat.stress.seed", System.nanoTime());
    List<String> before = NativeOwner.openOwners();
    ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    try (Clips clips = new Clips()) {
      Path clip = clips.make(3);
      long end = System.nanoTime() + seconds * 1_000_000_000;
      List<Thread> threads = new ArrayList<>();
      for (int t = 0; t < THREADS; t++) {
        Random random = new Random(seed + t);
        Thread thread =
            new Thread(
                () -> {
                  while (System.nanoTime() < end && failures.isEmpty()) {
                    call(clip, random, failures);
                  }
                },
                "stress-" + t);
        thread.start();
        threads.add(thread);
      }
      for (Thread thread : threads) {
        thread.join();
      }
      closeAll();
    }
    assertThat(failures).as("seed %d", seed).isEmpty();
    assertThat(calls.get()).isGreaterThan(10);
    // An opening that was given up ends by itself.
    for (int i = 0; i < 100 && !NativeOwner.openOwners().equals(before); i++) {
      Thread.sleep(50);
    }
    assertThat(NativeOwner.openOwners()).as("seed %d", seed).isEqualTo(before);
  }

  private void call(Path clip, Random random, ConcurrentLinkedQueue<Throwable> failures) {
    if (random.nextInt(50) == 0) {
      Thread.currentThread().interrupt();
    }
    try {
      calls.incrementAndGet();
      act(clip, random);
    } catch (MovieChatException | IllegalStateException | IllegalArgumentException e) {
      // Said so: closed, cancelled, interrupted while it was read.
    } catch (Throwable e) { // nothing else may come out
      failures.add(e);
    }
    boolean ignored = Thread.interrupted();
  }

  @SuppressWarnings("MustBeClosedChecker") // the lists own it, and are closed at the end
  private void act(Path clip, Random random) throws Exception {
    switch (random.nextInt(24)) {
      case 0 -> {
        if (chats.size() < 3) {
          chats.add(chat(random));
        }
      }
      case 1, 2 -> {
        if (watchings.size() < MOST) {
          watchings.add(any(chats, random).start(clip, options(random)));
        }
      }
      case 3 -> any(watchings, random).cancel();
      case 4 -> any(watchings, random).stop();
      case 5, 6 -> {
        Watching watching = take(watchings, random);
        movies.add(watching.join());
      }
      case 7 -> {
        Movie movie = any(movies, random);
        movie.ask(question(), TokenListener.NONE);
        movie.search("word", 2);
      }
      case 8 -> askings.add(any(movies, random).start(question(), TokenListener.NONE));
      case 9 -> any(askings, random).cancel();
      case 10 -> take(askings, random).join();
      case 11 -> moments.add(any(movies, random).at(Duration.ofMillis(random.nextInt(3000))));
      case 12 -> any(moments, random).ask(question(), TokenListener.NONE);
      case 13 -> conversations.add(any(movies, random).conversation());
      case 14 -> conversations.add(any(moments, random).conversation());
      case 15 -> any(conversations, random).ask(question(), TokenListener.NONE);
      case 16 -> take(conversations, random).close();
      case 17 -> take(movies, random).close();
      case 18 -> {
        if (random.nextInt(4) == 0) {
          take(chats, random).close();
        }
      }
      case 19 -> open(clip, random);
      case 20 -> streams.add(any(sources, random).frames(options(random).sampling().get(), SMALL));
      case 21 -> read(random);
      case 22 -> take(sources, random).close();
      default -> write(random);
    }
  }

  @MustBeClosed
  private MovieChat chat(Random random) {
    if (model.isPresent() && random.nextInt(3) > 0) {
      return MovieChat.builder().model(model.get()).build();
    }
    return MovieChat.builder()
        .encoder(Synthetic.encoder(SHAPE, 4, Synthetic.Cost.NONE))
        .generator(Synthetic.generator(SHAPE.width(), 8, Synthetic.Cost.NONE))
        .build();
  }

  private static WatchOptions options(Random random) {
    FrameSampling sampling =
        switch (random.nextInt(4)) {
          case 0 -> FrameSampling.everyFrame();
          case 1 -> FrameSampling.every(Duration.ofMillis(500));
          case 2 -> FrameSampling.uniform(5);
          default -> FrameSampling.keyframes();
        };
    WatchOptions options =
        WatchOptions.DEFAULT.withSampling(sampling).onProgress(progress -> {}, Duration.ZERO);
    return random.nextBoolean() ? options : options.withSpeech(new Listener());
  }

  /** Hears a word in whatever sound there is, and is slow. */
  private static final class Listener implements SpeechRecognizer {
    @Override
    public String name() {
      return "listener";
    }

    @Override
    public CueStream transcribe(AudioSource sound, SpeechOptions options) {
      NativeOwner owner = NativeOwner.open(this, "cues of the stress");
      return new CueStream() {
        private Duration heard = Duration.ZERO;

        @Override
        public Optional<List<Cue>> next() {
          FloatBuffer samples = FloatBuffer.allocate(AudioSource.SAMPLE_RATE / 4);
          int count = sound.read(samples);
          try {
            Thread.sleep(5);
          } catch (InterruptedException e) {
            throw new CancellationException("interrupted");
          }
          if (count < 0) {
            return Optional.empty();
          }
          Duration start = sound.time();
          heard = start.plusMillis(count * 1000L / AudioSource.SAMPLE_RATE);
          return Optional.of(List.of(Cue.of(start, heard, "word", Cue.Origin.SPEECH)));
        }

        @Override
        public Duration heard() {
          return heard;
        }

        @Override
        public Optional<String> language() {
          return Optional.empty();
        }

        @Override
        public void close() {
          owner.close();
        }
      };
    }

    @Override
    public void close() {}
  }

  private static Question question() {
    return Question.of("What is on screen?").with(GenerationOptions.builder().maxTokens(6).build());
  }

  @SuppressWarnings("MustBeClosedChecker") // the lists own it, and are closed at the end
  private void open(Path clip, Random random) {
    if (sources.size() >= MOST) {
      return;
    }
    sources.add(
        random.nextBoolean()
            ? new FfmpegVideoSourceProvider().open(clip)
            : LiveVideo.open(
                clip.toUri(),
                LiveVideo.Options.DEFAULT
                    .withQueueFrames(4)
                    .withReconnectFor(Duration.ZERO)
                    .withGrowthPatience(Duration.ofMillis(50)),
                VideoOptions.DEFAULT));
  }

  private void read(Random random) {
    if (random.nextBoolean()) {
      any(streams, random).next().ifPresent(Frame::close);
    } else {
      any(sources, random).frameAt(Duration.ofMillis(random.nextInt(3000)), SMALL).close();
    }
    if (random.nextInt(4) == 0) {
      take(streams, random).close();
    }
  }

  @SuppressWarnings("MustBeClosedChecker") // the lists own it, and are closed at the end
  private void write(Random random) throws Exception {
    if (writers.size() < 2) {
      Path file = folder.resolve("written-" + names.incrementAndGet() + ".mp4");
      writers.add(VideoWriter.builder(file).size(32, 24).build());
    }
    VideoWriter writer = any(writers, random);
    writer.write(
        ByteBuffer.allocate(3 * 32 * 24), Duration.ofMillis(40L * names.incrementAndGet()));
    if (random.nextInt(6) == 0) {
      take(writers, random).close();
    }
  }

  private static <T> T any(List<T> list, Random random) {
    List<T> now = List.copyOf(list);
    if (now.isEmpty()) {
      throw new CancellationException("there is none yet");
    }
    return now.get(random.nextInt(now.size()));
  }

  private static <T> T take(List<T> list, Random random) {
    T chosen = any(list, random);
    list.remove(chosen);
    return chosen;
  }

  private void closeAll() throws Exception {
    List<AutoCloseable> open = new ArrayList<>();
    open.addAll(streams);
    open.addAll(sources);
    open.addAll(writers);
    open.addAll(movies);
    open.addAll(chats);
    for (AutoCloseable each : open) {
      try {
        each.close();
      } catch (MovieChatException | IllegalStateException e) {
        // A writer without frames, say: closed all the same.
      }
    }
  }
}
