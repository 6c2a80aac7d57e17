package io.moviechat;

import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import io.moviechat.spi.testing.VideoSourceContract;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The example of docs/how-to.md: a source that writes its four methods and no more. */
class DrawnVideoTest extends VideoSourceContract {
  private static final Duration EACH = Duration.ofMillis(40);

  @Override
  protected VideoSourceProvider provider() {
    return new VideoSourceProvider() {
      @Override
      public String name() {
        return "drawn";
      }

      @Override
      public boolean accepts(VideoLocation location) {
        return location.scheme().equals("drawn");
      }

      @Override
      public VideoSource open(VideoLocation location) {
        int count = location.uri().getSchemeSpecificPart().length();
        if (count > 100) {
          return new Drawn(count);
        }
        throw new VideoException("nothing is drawn at " + location);
      }
    };
  }

  @Override
  protected URI video() {
    return URI.create("drawn:" + "x".repeat(130));
  }

  @Override
  protected URI missing() {
    return URI.create("drawn:nothing");
  }

  private static final class Drawn implements VideoSource {
    private final int count;
    private volatile boolean closed;
    private @Nullable FrameStream pass;

    Drawn(int count) {
      this.count = count;
    }

    @Override
    public VideoInfo info() {
      return new VideoInfo(
          "drawn",
          "none",
          "drawn",
          320,
          240,
          0,
          Optional.of(EACH.multipliedBy(count)),
          OptionalLong.of(count),
          OptionalDouble.of(25),
          List.of());
    }

    @Override
    public FrameStream frames(Duration from, Duration to, FrameFormat format) {
      return stream(
          IntStream.range(0, count)
              .filter(i -> time(i).compareTo(from) >= 0 && time(i).compareTo(to) < 0),
          format);
    }

    @Override
    public FrameStream at(List<Duration> moments, FrameFormat format) {
      return stream(
          moments.stream()
              .mapToInt(moment -> (int) Math.min(count - 1, moment.dividedBy(EACH)))
              .distinct(),
          format);
    }

    @Override
    public void close() {
      closed = true;
    }

    private static Duration time(int index) {
      return EACH.multipliedBy(index);
    }

    private FrameStream stream(IntStream indices, FrameFormat format) {
      var left = indices.iterator();
      if (closed) {
        throw new IllegalStateException("the drawn video is closed");
      }
      FrameStream next =
          new FrameStream() {
            private boolean ended;

            @Override
            public Optional<Frame> next() {
              if (closed || ended || pass != this) {
                throw new IllegalStateException("the pass over the drawn video is closed");
              }
              return left.hasNext() ? Optional.of(draw(left.nextInt(), format)) : Optional.empty();
            }

            @Override
            public long damagedFrames() {
              return 0;
            }

            @Override
            public void close() {
              ended = true;
            }
          };
      pass = next;
      return next;
    }

    private static Frame draw(int index, FrameFormat format) {
      boolean original = format.fit() == FrameFormat.Fit.ORIGINAL;
      int width = original ? 320 : format.width();
      int height = original ? 240 : format.height();
      ByteBuffer rgb = ByteBuffer.allocate(3 * width * height);
      while (rgb.hasRemaining()) {
        rgb.put((byte) (index * 2 + rgb.position() % 7));
      }
      return Frame.of(time(index), width, height, rgb.flip());
    }
  }
}
