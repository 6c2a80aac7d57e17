package io.moviechat.bench.eval;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.FrameTokens;
import io.moviechat.MemoryBudget;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import io.moviechat.VideoInfo;
import io.moviechat.VideoLocation;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * One pass over a film for several memories. The first chat watches the film into {@link #all()},
 * which gives every frame to each cell's memory and keeps what each remembers whenever the chat
 * asks. A chat per further cell then "watches" placeholders of the same times into {@link
 * #again(int)}, which hands out what was kept: neither decoding nor encoding is repeated, and each
 * cell's answers still come from an ordinary {@link io.moviechat.MovieChat}.
 */
final class SharedPass {
  private final List<VideoMemory.Factory> cells;
  private final List<Duration> times = new ArrayList<>();

  /** Per cell, by the number of frames added until then. */
  private final List<Map<Integer, MemorySnapshot>> kept = new ArrayList<>();

  SharedPass(List<VideoMemory.Factory> cells) {
    this.cells = List.copyOf(cells);
    cells.forEach(cell -> kept.add(new HashMap<>()));
  }

  static boolean isPlaceholder(Frame frame) {
    return frame.width() == 1 && frame.height() == 1;
  }

  /** The memory of the first cell, which fills those of the others. */
  VideoMemory.Factory all() {
    return new Fixed(cells.get(0)) {
      @Override
      public VideoMemory open(TokenShape shape) {
        return new Filling(shape);
      }
    };
  }

  /** The memory of a cell as it was filled by the pass. */
  VideoMemory.Factory again(int cell) {
    return new Fixed(cells.get(cell)) {
      @Override
      public VideoMemory open(TokenShape shape) {
        return new Replayed(shape, kept.get(cell));
      }
    };
  }

  /** The film as placeholders; what is asked of single moments is decoded as ever. */
  VideoSourceProvider placeholders(VideoSourceProvider films) {
    return new VideoSourceProvider() {
      @Override
      public String name() {
        return films.name();
      }

      @Override
      public boolean accepts(VideoLocation location) {
        return films.accepts(location);
      }

      @Override
      public VideoSource open(VideoLocation location) {
        return new Placeholders(films.open(location));
      }
    };
  }

  /** A strategy that has been fitted to its budget already. */
  private abstract static class Fixed implements VideoMemory.Factory {
    private final VideoMemory.Factory fitted;

    Fixed(VideoMemory.Factory fitted) {
      this.fitted = fitted;
    }

    @Override
    public String strategy() {
      return fitted.strategy();
    }

    @Override
    public String settings() {
      return fitted.settings();
    }

    @Override
    public int maxSlots() {
      return fitted.maxSlots();
    }

    @Override
    public VideoMemory.Factory within(MemoryBudget budget, TokenShape shape) {
      return this;
    }

    @Override
    public VideoMemory resume(MemorySnapshot earlier) {
      throw new IllegalArgumentException("a shared pass cannot be resumed");
    }
  }

  private final class Filling implements VideoMemory {
    private final TokenShape shape;
    private final List<VideoMemory> memories = new ArrayList<>();

    Filling(TokenShape shape) {
      this.shape = shape;
      try {
        cells.forEach(cell -> memories.add(cell.open(shape)));
      } catch (RuntimeException | Error e) {
        memories.forEach(VideoMemory::close);
        throw e;
      }
    }

    @Override
    public TokenShape shape() {
      return shape;
    }

    @Override
    public void add(FrameTokens frame) {
      memories.forEach(memory -> memory.add(frame));
      times.add(frame.timestamp());
    }

    @Override
    public MemorySnapshot snapshot() {
      MemorySnapshot first = null;
      for (int i = memories.size() - 1; i >= 0; i--) {
        VideoMemory memory = memories.get(i);
        first = kept.get(i).computeIfAbsent(times.size(), frames -> memory.snapshot());
      }
      return Objects.requireNonNull(first, "no memory");
    }

    @Override
    public Stats stats() {
      return memories.get(0).stats();
    }

    @Override
    public void reset() {
      throw new IllegalStateException("a shared pass cannot begin anew");
    }

    @Override
    public void close() {
      memories.forEach(VideoMemory::close);
    }
  }

  private static final class Replayed implements VideoMemory {
    private final TokenShape shape;
    private final Map<Integer, MemorySnapshot> kept;
    private int frames;

    Replayed(TokenShape shape, Map<Integer, MemorySnapshot> kept) {
      this.shape = shape;
      this.kept = kept;
    }

    @Override
    public TokenShape shape() {
      return shape;
    }

    @Override
    public void add(FrameTokens frame) {
      frames++;
    }

    @Override
    public MemorySnapshot snapshot() {
      MemorySnapshot snapshot = kept.get(frames);
      if (snapshot == null) {
        throw new IllegalStateException("the pass kept nothing after " + frames + " frames");
      }
      return snapshot;
    }

    @Override
    public Stats stats() {
      return Stats.of(frames, 0, 0);
    }

    @Override
    public void reset() {
      frames = 0;
    }

    @Override
    public void close() {}
  }

  private final class Placeholders implements VideoSource {
    private final VideoSource film;

    Placeholders(VideoSource film) {
      this.film = film;
    }

    @Override
    public VideoInfo info() {
      return film.info();
    }

    @Override
    public FrameStream frames(FrameSampling sampling, FrameFormat format) {
      return new FrameStream() {
        private int next;

        @Override
        public Optional<Frame> next() {
          return next < times.size()
              ? Optional.of(Frame.of(times.get(next++), 1, 1, ByteBuffer.allocate(3)))
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
      };
    }

    @Override
    public FrameStream frames(Duration from, Duration to, FrameFormat format) {
      return film.frames(from, to, format);
    }

    @Override
    public FrameStream at(List<Duration> moments, FrameFormat format) {
      return film.at(moments, format);
    }

    @Override
    public FrameStream frames(
        Duration from, Duration to, FrameSampling sampling, FrameFormat format) {
      return film.frames(from, to, sampling, format);
    }

    @Override
    public Frame frameAt(Duration moment, FrameFormat format) {
      return film.frameAt(moment, format);
    }

    @Override
    public void close() {
      film.close();
    }
  }
}
