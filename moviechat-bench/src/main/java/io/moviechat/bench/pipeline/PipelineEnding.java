package io.moviechat.bench.pipeline;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.MovieChat;
import io.moviechat.TokenShape;
import io.moviechat.VideoException;
import io.moviechat.VideoInfo;
import io.moviechat.VideoLocation;
import io.moviechat.WatchOptions;
import io.moviechat.Watching;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Clips;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Synthetic;
import io.moviechat.bench.harness.Table;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import io.moviechat.video.FfmpegVideoSourceProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * How long a pass lives on whose read is stuck, after it was cancelled, its chat was closed, or its
 * thread was interrupted. Three reads hear no interrupt and end only when they are closed: of a
 * file whose channel stops in the middle, of an HTTP server that stops in the middle, and of a
 * video source that is no FFmpeg. Each 5 times (full: 20). No peers. Command: {@code java -jar
 * benchmarks.jar pipeline --filter Ending}.
 */
final class PipelineEnding implements Study {
  private static final int SECONDS = 60;

  @Override
  public String question() {
    return "How long does a stalled read live after cancel, close and interrupt?";
  }

  @Override
  public void run(Size size, Findings findings) throws Exception {
    int rounds = size.pick(1, 5, 20);
    List<List<String>> rows = new ArrayList<>();
    try (Clips clips = new Clips()) {
      byte[] film = Files.readAllBytes(clips.make(SECONDS));
      for (Stuck stuck : Stuck.values()) {
        for (Ending ending : Ending.values()) {
          List<Double> millis = new ArrayList<>();
          for (int round = 0; round < rounds; round++) {
            millis.add(measure(stuck, ending, film));
          }
          Collections.sort(millis);
          double most = millis.get(millis.size() - 1);
          Map<String, String> params =
              Map.of("read", Format.words(stuck.name()), "ending", Format.words(ending.name()));
          findings.measure("PipelineEnding.most", params, "ms", Better.LOWER, most);
          rows.add(
              List.of(
                  Format.words(stuck.name()),
                  Format.words(ending.name()),
                  Integer.toString(rounds),
                  Format.number(millis.get(millis.size() / 2)),
                  Format.number(most)));
        }
      }
    }
    findings.table(
        new Table(
            "pipeline-ending",
            "How long a pass lives on whose read is stuck",
            List.of("read", "ended by", "times", "median, ms", "most, ms"),
            rows,
            "From the call until the pass has ended. The reads hear no interrupt."));
  }

  private static double measure(Stuck stuck, Ending ending, byte[] film) throws Exception {
    CountDownLatch stalled = new CountDownLatch(1);
    try (Film opened = stuck.open(film, stalled);
        MovieChat chat =
            MovieChat.builder()
                .video(opened.videos())
                .encoder(Synthetic.encoder(new TokenShape(4, 12), 1, Synthetic.Cost.NONE))
                .memory(Synthetic.memory(64, Synthetic.Cost.NONE))
                .generator(Synthetic.generator(12, 1, Synthetic.Cost.NONE))
                .sampling(FrameSampling.everyFrame())
                .build()) {
      return ending.nanos(chat, opened.uri(), stalled) / 1e6;
    }
  }

  /** Ways to end a pass. */
  private enum Ending {
    CANCEL {
      @Override
      long nanos(MovieChat chat, URI video, CountDownLatch stalled) throws InterruptedException {
        Watching watching = chat.start(video, WatchOptions.DEFAULT);
        stalled.await();
        long start = System.nanoTime();
        watching.cancel();
        try {
          watching.join().close();
        } catch (CancellationException expected) {
          return System.nanoTime() - start;
        }
        throw new IllegalStateException("the pass was not cancelled");
      }
    },
    CLOSE {
      @Override
      long nanos(MovieChat chat, URI video, CountDownLatch stalled) throws InterruptedException {
        Watching unused = chat.start(video, WatchOptions.DEFAULT);
        stalled.await();
        long start = System.nanoTime();
        chat.close();
        return System.nanoTime() - start;
      }
    },
    INTERRUPT {
      @Override
      long nanos(MovieChat chat, URI video, CountDownLatch stalled) throws InterruptedException {
        Thread watcher =
            new Thread(
                () -> {
                  try {
                    chat.watch(video).close();
                  } catch (CancellationException expected) {
                    // what this is about
                  }
                });
        watcher.start();
        stalled.await();
        long start = System.nanoTime();
        watcher.interrupt();
        watcher.join();
        return System.nanoTime() - start;
      }
    };

    abstract long nanos(MovieChat chat, URI video, CountDownLatch stalled)
        throws InterruptedException;
  }

  /** A film whose reading gets stuck. */
  private record Film(URI uri, VideoSourceProvider videos, Runnable end) implements AutoCloseable {
    @Override
    public void close() {
      end.run();
    }
  }

  /** Reads that get stuck. */
  private enum Stuck {
    FILE {
      @Override
      Film open(byte[] film, CountDownLatch stalled) {
        return new Film(
            URI.create("file:///film.mp4"),
            new Videos(
                () ->
                    new FfmpegVideoSourceProvider()
                        .open(new StallingChannel(film, stalled), "film.mp4")),
            () -> {});
      }
    },
    HTTP_SERVER {
      @Override
      Film open(byte[] film, CountDownLatch stalled) throws IOException {
        CountDownLatch over = new CountDownLatch(1);
        HttpServer server =
            HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(
            Executors.newCachedThreadPool(
                work -> {
                  Thread thread = new Thread(work);
                  thread.setDaemon(true);
                  return thread;
                }));
        server.createContext("/", exchange -> answer(exchange, film, stalled, over));
        server.start();
        URI uri = URI.create("http://localhost:" + server.getAddress().getPort() + "/film.mp4");
        return new Film(
            uri,
            new FfmpegVideoSourceProvider(),
            () -> {
              over.countDown();
              server.stop(0);
            });
      }
    },
    OTHER_SOURCE {
      @Override
      Film open(byte[] film, CountDownLatch stalled) {
        return new Film(
            URI.create("file:///film.mp4"), new Videos(() -> new DeafSource(stalled)), () -> {});
      }
    };

    abstract Film open(byte[] film, CountDownLatch stalled) throws IOException;
  }

  /** Where the middle of a film is missing; its index is at the end. */
  private static boolean isMissing(byte[] film, long position) {
    return position >= film.length / 2 && position < film.length - film.length / 8;
  }

  private static void answer(
      HttpExchange exchange, byte[] film, CountDownLatch stalled, CountDownLatch over)
      throws IOException {
    String range = exchange.getRequestHeaders().getFirst("Range");
    int from = range == null ? 0 : Integer.parseInt(range.substring(6).split("-", -1)[0]);
    exchange.getResponseHeaders().set("Accept-Ranges", "bytes");
    exchange
        .getResponseHeaders()
        .set("Content-Range", "bytes " + from + "-" + (film.length - 1) + "/" + film.length);
    exchange.sendResponseHeaders(206, film.length - from);
    int end = from < film.length / 2 ? film.length / 2 : film.length;
    if (isMissing(film, from)) {
      end = from;
    }
    exchange.getResponseBody().write(film, from, end - from);
    exchange.getResponseBody().flush();
    if (end < film.length) {
      stalled.countDown();
      try {
        over.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    exchange.close();
  }

  /** A provider of one video. */
  private record Videos(Supplier<VideoSource> source) implements VideoSourceProvider {
    @Override
    public String name() {
      return "stalling";
    }

    @Override
    public boolean accepts(VideoLocation location) {
      return true;
    }

    @Override
    public VideoSource open(VideoLocation location) {
      return source.get();
    }
  }

  /** A channel that gives nothing of the middle of a film until it is closed. */
  private static final class StallingChannel implements SeekableByteChannel {
    private final byte[] film;
    private final CountDownLatch stalled;
    private long position;
    private volatile boolean open = true;

    StallingChannel(byte[] film, CountDownLatch stalled) {
      this.film = film;
      this.stalled = stalled;
    }

    @Override
    public int read(ByteBuffer to) throws IOException {
      if (position >= film.length) {
        return -1;
      }
      if (isMissing(film, position)) {
        stalled.countDown();
        while (open) {
          LockSupport.parkNanos(1_000_000);
        }
        throw new ClosedChannelException();
      }
      long limit = position < film.length / 2 ? film.length / 2 : film.length;
      int count = (int) Math.min(to.remaining(), limit - position);
      to.put(film, (int) position, count);
      position += count;
      return count;
    }

    @Override
    public int write(ByteBuffer from) {
      throw new UnsupportedOperationException();
    }

    @Override
    public long position() {
      return position;
    }

    @Override
    public SeekableByteChannel position(long newPosition) {
      position = newPosition;
      return this;
    }

    @Override
    public long size() {
      return film.length;
    }

    @Override
    public SeekableByteChannel truncate(long size) {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean isOpen() {
      return open;
    }

    @Override
    public void close() {
      open = false;
    }
  }

  /**
   * A source that hears no interrupt and keeps its contract: closing ends a read. The tests' fakes
   * have one too; their artifact would bring JUnit into a program that is no test.
   */
  private static final class DeafSource implements VideoSource {
    private final VideoSource video =
        Synthetic.videos(Synthetic.Cost.NONE)
            .open(VideoLocation.of(Synthetic.video("deaf", 1_000)));
    private final CountDownLatch stalled;
    private volatile boolean open = true;

    DeafSource(CountDownLatch stalled) {
      this.stalled = stalled;
    }

    @Override
    public VideoInfo info() {
      return video.info();
    }

    @Override
    public FrameStream frames(Duration from, Duration to, FrameFormat format) {
      return stuck(video.frames(from, to, format));
    }

    @Override
    public FrameStream at(List<Duration> moments, FrameFormat format) {
      return stuck(video.at(moments, format));
    }

    private FrameStream stuck(FrameStream frames) {
      return new FrameStream() {
        private int given;

        @Override
        public Optional<Frame> next() {
          if (given++ < 10) {
            return frames.next();
          }
          stalled.countDown();
          while (open) {
            LockSupport.parkNanos(1_000_000);
          }
          throw new VideoException("closed while it was read");
        }

        @Override
        public long damagedFrames() {
          return 0;
        }

        @Override
        public void close() {
          frames.close();
        }
      };
    }

    @Override
    public void close() {
      open = false;
      video.close();
    }
  }
}
