package io.moviechat.video;

import io.moviechat.VideoException;
import org.bytedeco.ffmpeg.avutil.AVFrame;

/** The selections that walk over a {@link FrameCursor}. */
final class CursorSelections {
  private CursorSelections() {}

  private abstract static class OnCursor implements FrameSelection {
    final FrameCursor cursor;
    final long from;
    final long to;
    private final long damagedBefore;
    private long given = -1;
    private boolean ended;

    OnCursor(FrameCursor cursor, Window window) {
      this.cursor = cursor;
      this.from = window.from();
      this.to = window.to();
      this.damagedBefore = cursor.damaged();
    }

    /** Moves the cursor to a candidate; false if there is none left. */
    abstract boolean move(boolean first);

    /**
     * Whether the next picture is in the window: who goes past it has to come back for the rest.
     */
    final boolean comesInTime(boolean first) {
      return first || cursor.replacedAt() < to;
    }

    @Override
    public final boolean next() {
      boolean first = given < 0;
      while (!ended) {
        if (!move(first)) {
          ended = true;
        } else if (given < 0 || cursor.time() > given) {
          given = cursor.time();
          return true;
        }
        first = false;
      }
      return false;
    }

    @Override
    public final AVFrame picture() {
      return cursor.picture();
    }

    @Override
    public final long time() {
      return cursor.time();
    }

    @Override
    public final long damaged() {
      return cursor.damaged() - damagedBefore;
    }
  }

  /** Some of the pictures of another selection, which is closed with it. */
  private abstract static class OfOther implements FrameSelection {
    private final FrameSelection all;

    OfOther(FrameSelection all) {
      this.all = all;
    }

    @Override
    public final AVFrame picture() {
      return all.picture();
    }

    @Override
    public final long time() {
      return all.time();
    }

    @Override
    public final long damaged() {
      return all.damaged();
    }

    @Override
    public void close() {
      all.close();
    }
  }

  /** Every picture with a time in the window. */
  static FrameSelection everyFrame(FrameCursor cursor, Window window) {
    return new OnCursor(cursor, window) {
      @Override
      boolean move(boolean first) {
        boolean moved;
        if (first && from > 0) {
          moved = cursor.moveTo(from);
          while (moved && cursor.time() < from) {
            moved = cursor.advance();
          }
        } else {
          moved = comesInTime(first) && cursor.advance();
        }
        return moved && cursor.time() < to;
      }
    };
  }

  /**
   * The picture on screen at the start of the window and every later one in it, as long as they are
   * sure to be those that decoding from the beginning gives.
   */
  static FrameSelection everyFrameFromOnScreen(FrameCursor cursor, Window window) {
    return new OnCursor(cursor, window) {
      @Override
      boolean move(boolean first) {
        boolean moved = first ? cursor.moveTo(from) : comesInTime(false) && cursor.advance();
        return moved && cursor.time() < to;
      }
    };
  }

  /**
   * What a selection gives, as long as it is sure to be what decoding from the beginning gives.
   * Where it is not, a {@link VideoException} ends it.
   */
  static FrameSelection whole(FrameCursor cursor, FrameSelection all, String name) {
    return new OfOther(all) {
      @Override
      public boolean next() {
        boolean any = all.next();
        if (all.damaged() > 0 || !cursor.goesByKeyFrames()) {
          throw new VideoException(name + " is damaged, or has times that cannot be trusted");
        }
        return any;
      }
    };
  }

  /** What a selection gives after a time. */
  static FrameSelection after(FrameSelection all, long nanos) {
    return new OfOther(all) {
      @Override
      public boolean next() {
        boolean any = all.next();
        while (any && all.time() <= nanos) {
          any = all.next();
        }
        return any;
      }
    };
  }

  /** The pictures on screen at the start of the window and every interval after it. */
  static FrameSelection everyInterval(FrameCursor cursor, Window window, long interval) {
    return new OnCursor(cursor, window) {
      private long moment = from;

      @Override
      boolean move(boolean first) {
        if (!first) {
          // Moments that the same picture stays on screen for would give it again.
          long seen = Math.min(cursor.replacedAt(), Long.MAX_VALUE - interval);
          long steps = Math.max(1, (seen - moment + interval - 1) / interval);
          if (cursor.replacedAt() == Long.MAX_VALUE
              || steps > (Long.MAX_VALUE - moment) / interval) {
            return false;
          }
          moment += steps * interval;
        }
        return moment < to && cursor.moveTo(moment) && moment < cursor.endOfCurrent();
      }
    };
  }

  /** The pictures on screen at given moments, in order. */
  static FrameSelection at(FrameCursor cursor, long[] moments) {
    return new OnCursor(cursor, Window.WHOLE) {
      private int index;

      @Override
      boolean move(boolean first) {
        return index < moments.length && cursor.moveTo(moments[index++]);
      }
    };
  }

  /** Pictures that differ from the last one taken, and one at least every {@code longestGap}. */
  static FrameSelection sceneChanges(
      FrameCursor cursor, Window window, double threshold, long longestGap, String name) {
    FrameSelection every = everyFrame(cursor, window);
    return new OfOther(every) {
      private final Thumbnail thumbnail = new Thumbnail(name);
      private long taken = -1;

      @Override
      public boolean next() {
        while (every.next()) {
          double change = thumbnail.differenceTo(every.picture());
          if (taken < 0 || change >= threshold || every.time() - taken >= longestGap) {
            thumbnail.keep();
            taken = every.time();
            return true;
          }
        }
        return false;
      }

      @Override
      public void close() {
        thumbnail.close();
        super.close();
      }
    };
  }
}
