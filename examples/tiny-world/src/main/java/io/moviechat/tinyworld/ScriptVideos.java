package io.moviechat.tinyworld;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.VideoException;
import io.moviechat.VideoInfo;
import io.moviechat.VideoLocation;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Plays scripts without a file in between: frames are painted when they are wanted. For measuring
 * many movies quickly; {@link MovieWriter} makes real files. Thread-safe; what it opens is not.
 */
public final class ScriptVideos implements VideoSourceProvider {
  private static final String SCHEME = "script";
  private static final Duration FRAME =
      Duration.ofSeconds(1).dividedBy(MovieWriter.FRAMES_PER_SECOND);

  private final Map<String, Script> scripts = new ConcurrentHashMap<>();

  /** Creates a provider that knows no script yet. */
  public ScriptVideos() {}

  /** Makes a script known and returns its location. */
  public URI add(String name, Script script) {
    scripts.put(name, script);
    return URI.create(SCHEME + ":" + name);
  }

  /** Forgets a script. */
  public void remove(URI location) {
    scripts.remove(location.getSchemeSpecificPart());
  }

  @Override
  public String name() {
    return "scripts";
  }

  @Override
  public boolean accepts(VideoLocation location) {
    return SCHEME.equals(location.scheme());
  }

  @Override
  public VideoSource open(VideoLocation location) {
    Script script = scripts.get(location.uri().getSchemeSpecificPart());
    if (script == null) {
      throw new VideoException("there is no script at " + location);
    }
    return new Source(location.uri(), script);
  }

  private static final class Source implements VideoSource {
    private final URI location;
    private final Script script;
    private Script.@Nullable Segment shown;
    private @Nullable Painter painter;
    private int painterSide;

    Source(URI location, Script script) {
      this.location = location;
      this.script = script;
    }

    @Override
    public VideoInfo info() {
      return new VideoInfo(
          location.toString(),
          SCHEME,
          "painted",
          MovieWriter.SIDE,
          MovieWriter.SIDE,
          0,
          Optional.of(Duration.ofMillis(script.millis())),
          OptionalLong.of(script.millis() * MovieWriter.FRAMES_PER_SECOND / 1000),
          OptionalDouble.of(MovieWriter.FRAMES_PER_SECOND),
          List.of());
    }

    @Override
    public FrameStream frames(Duration from, Duration to, FrameFormat format) {
      if (from.isNegative() || from.compareTo(to) >= 0) {
        throw new IllegalArgumentException("the window [" + from + ", " + to + ") is empty");
      }
      Duration length = Duration.ofMillis(script.millis());
      Duration end = to.compareTo(length) < 0 ? to : length;
      List<Duration> times = new ArrayList<>();
      for (Duration t = from; t.compareTo(end) < 0; t = t.plus(FRAME)) {
        times.add(t);
      }
      return new Stream(times, format);
    }

    /** Whatever the moment, a frame is painted for it. */
    @Override
    public FrameStream at(List<Duration> moments, FrameFormat format) {
      return new Stream(moments.stream().map(this::notBehindLast).distinct().toList(), format);
    }

    private Duration notBehindLast(Duration moment) {
      Duration last = Duration.ofMillis(script.millis()).minusNanos(1);
      return moment.compareTo(last) < 0 ? moment : last;
    }

    @Override
    public Frame frameAt(Duration moment, FrameFormat format) {
      Duration last = Duration.ofMillis(script.millis()).minus(FRAME);
      return paint(moment.compareTo(last) < 0 ? moment : last, format);
    }

    private Frame paint(Duration time, FrameFormat format) {
      int side =
          format.fit() == FrameFormat.Fit.ORIGINAL
              ? MovieWriter.SIDE
              : Math.min(format.width(), format.height());
      long millis = time.toMillis();
      Script.Segment segment = script.at(millis);
      Painter current = painter;
      if (current == null || !segment.equals(shown) || side != painterSide) {
        current = new Painter(segment.scene(), side);
        painter = current;
        shown = segment;
        painterSide = side;
      }
      byte[] rgb = new byte[side * side * 3];
      current.paint(millis - segment.startMillis(), millis, rgb);
      return Frame.of(time, side, side, ByteBuffer.wrap(rgb));
    }

    @Override
    public void close() {}

    private final class Stream implements FrameStream {
      private final List<Duration> times;
      private final FrameFormat format;
      private int next;

      Stream(List<Duration> times, FrameFormat format) {
        this.times = times;
        this.format = format;
      }

      @Override
      public Optional<Frame> next() {
        return next < times.size()
            ? Optional.of(paint(times.get(next++), format))
            : Optional.empty();
      }

      @Override
      public long damagedFrames() {
        return 0;
      }

      @Override
      public void close() {
        next = times.size();
      }
    }
  }
}
