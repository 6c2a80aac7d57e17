package io.moviechat.spi.testing;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.VideoException;
import io.moviechat.VideoInfo;
import io.moviechat.VideoLocation;
import io.moviechat.internal.NativeOwner;
import io.moviechat.speech.AudioSource;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Videos that are computed: {@code fake:NAME?frames=N} has N frames, 25 per second, each of one
 * grey value that depends on its index. Streams count the frames that are open at once.
 */
public final class FakeVideo implements VideoSourceProvider {
  /** Time from one frame to the next. */
  public static final Duration FRAME_TIME = Duration.ofMillis(40);

  private final IntConsumer onDecode;

  /** Videos that decode at once. */
  public FakeVideo() {
    this(index -> {});
  }

  /**
   * Videos that do something for each decoded frame: wait, fail, count.
   *
   * @param onDecode called with the frame's index on the decoding thread
   */
  public FakeVideo(IntConsumer onDecode) {
    this.onDecode = onDecode;
  }

  /** The address of a video of so many frames. */
  public static URI of(int frames) {
    return URI.create("fake:video?frames=" + frames);
  }

  /** The grey value of a frame. */
  public static byte grey(int index) {
    return (byte) (index * 37 + index / 50);
  }

  /** The time of a frame. */
  public static Duration time(int index) {
    return FRAME_TIME.multipliedBy(index);
  }

  @Override
  public String name() {
    return "fake";
  }

  @Override
  public boolean accepts(VideoLocation location) {
    return "fake".equals(location.scheme());
  }

  @Override
  public VideoSource open(VideoLocation location) {
    return new Source(location.uri().toString(), count(location), onDecode);
  }

  private static int count(VideoLocation location) {
    String text = location.uri().toString();
    int mark = text.indexOf("?frames=");
    if (mark < 0) {
      throw new VideoException("there is no such fake video: " + text);
    }
    return Integer.parseInt(text.substring(mark + 8).split("&", -1)[0]);
  }

  /** Sound of the video's length: each sample is the number of its second, over a thousand. */
  @Override
  public Optional<AudioSource> openAudio(
      VideoLocation location, Duration from, Optional<String> language) {
    return Optional.of(new FakeSound(from, time(count(location))));
  }

  private static final class Source implements VideoSource {
    private final String location;
    private final int count;
    private final IntConsumer onDecode;
    private final NativeOwner owner;
    private volatile boolean closed;

    Source(String location, int count, IntConsumer onDecode) {
      this.location = location;
      this.count = count;
      this.onDecode = onDecode;
      this.owner = NativeOwner.open(this, "fake video " + location);
    }

    @Override
    public VideoInfo info() {
      return new VideoInfo(
          location,
          "fake",
          "grey",
          32,
          24,
          0,
          Optional.of(time(count)),
          OptionalLong.of(count),
          OptionalDouble.of(25),
          List.of());
    }

    @Override
    public FrameStream frames(Duration from, Duration to, FrameFormat format) {
      if (from.isNegative() || from.compareTo(to) >= 0) {
        throw new IllegalArgumentException("the window [" + from + ", " + to + ") is empty");
      }
      return stream(IntStream.range(firstNotBefore(from), firstNotBefore(to)), format);
    }

    @Override
    public FrameStream at(List<Duration> moments, FrameFormat format) {
      return stream(moments.stream().mapToInt(this::onScreen).distinct(), format);
    }

    private int onScreen(Duration moment) {
      return (int) Math.min(count - 1, moment.dividedBy(FRAME_TIME));
    }

    private int firstNotBefore(Duration time) {
      Duration up = time.plus(FRAME_TIME).minusNanos(1);
      return (int) Math.min(count, up.dividedBy(FRAME_TIME));
    }

    private FrameStream stream(IntStream indices, FrameFormat format) {
      requireOpen();
      return new Stream(this, indices.boxed().toList(), format);
    }

    @Override
    public Optional<Times> times(long worth) {
      return Optional.of(
          Times.of(
              IntStream.range(0, count).mapToLong(i -> time(i).toNanos()).toArray(),
              time(count).toNanos()));
    }

    @Override
    public Frame frameAt(Duration moment, FrameFormat format) {
      requireOpen();
      return frame(onScreen(moment), format);
    }

    Frame frame(int index, FrameFormat format) {
      onDecode.accept(index);
      boolean original = format.fit() == FrameFormat.Fit.ORIGINAL;
      int width = original ? 32 : format.width();
      int height = original ? 24 : format.height();
      byte[] pixels = new byte[3 * width * height];
      java.util.Arrays.fill(pixels, grey(index));
      return Frame.of(time(index), width, height, ByteBuffer.wrap(pixels));
    }

    void requireOpen() {
      if (closed) {
        throw new IllegalStateException(location + " is closed");
      }
    }

    @Override
    public void close() {
      closed = true;
      owner.close();
    }
  }

  private static final class Stream implements FrameStream {
    private final Source source;
    private final List<Integer> wanted;
    private final FrameFormat format;
    private int next;
    private @Nullable String ended;

    Stream(Source source, List<Integer> wanted, FrameFormat format) {
      this.source = source;
      this.wanted = wanted;
      this.format = format;
    }

    @Override
    public Optional<Frame> next() {
      source.requireOpen();
      if (ended != null) {
        throw new IllegalStateException(ended);
      }
      return next == wanted.size()
          ? Optional.empty()
          : Optional.of(source.frame(wanted.get(next++), format));
    }

    @Override
    public long damagedFrames() {
      return 0;
    }

    @Override
    public void close() {
      ended = "the stream is closed";
    }
  }
}
