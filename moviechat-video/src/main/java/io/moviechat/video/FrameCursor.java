package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_unref;

import io.moviechat.VideoException;
import java.util.Optional;
import java.util.stream.LongStream;
import org.bytedeco.ffmpeg.avutil.AVFrame;

/**
 * A place in a video: the picture on screen, and the one after it, which says how long the first
 * stays. Moves forward by decoding, and elsewhere by going to a key frame and decoding from there.
 */
final class FrameCursor implements AutoCloseable {
  private static final long SECOND = 1_000_000_000L;

  private final Demuxer demuxer;
  private final Decoder decoder;
  private final long frameNanos;
  private AVFrame current = av_frame_alloc();
  private AVFrame ahead = av_frame_alloc();
  private long currentTime = Ffmpeg.NO_TIME;
  private long aheadTime = Ffmpeg.NO_TIME;
  private boolean hasCurrent;
  private boolean hasAhead;
  private boolean untouched = true;
  private boolean currentIsFirst;
  private boolean fromBeginning = true;
  private long lastTime = Ffmpeg.NO_TIME;
  private long shift;
  private final long maxTime;
  private final boolean maySkip;

  /** How far ahead a time must be before a key frame is looked for without an index. */
  private long blindSeekDistance = 10 * SECOND;

  FrameCursor(Demuxer demuxer, VideoOptions options) {
    this(demuxer, options, true);
  }

  /** A cursor that never looks ahead of what it needs: in a live video that would be a delay. */
  static FrameCursor live(Demuxer demuxer, VideoOptions options) {
    return new FrameCursor(demuxer, options, false);
  }

  private FrameCursor(Demuxer demuxer, VideoOptions options, boolean maySkip) {
    this.demuxer = demuxer;
    this.decoder = new Decoder(demuxer, options);
    this.maySkip = maySkip;
    double rate = Ffmpeg.toDouble(demuxer.stream().avg_frame_rate());
    this.frameNanos = rate > 0.001 && rate < 100_000 ? (long) (SECOND / rate) : SECOND / 25;
    this.maxTime = options.maxDuration().toNanos();
  }

  /** The picture on screen. Borrowed until the cursor moves. */
  AVFrame picture() {
    return current;
  }

  /** The time of {@link #picture()}. */
  long time() {
    return currentTime;
  }

  /** When {@link #picture()} is replaced; {@link Long#MAX_VALUE} if it is the last. */
  long replacedAt() {
    return hasAhead ? aheadTime : Long.MAX_VALUE;
  }

  /** When {@link #picture()} leaves the screen, also if nothing follows it. */
  long endOfCurrent() {
    if (hasAhead) {
      return aheadTime;
    }
    long own = demuxer.length(current.duration());
    return currentTime + (own > 0 ? own : frameNanos);
  }

  /** A pass over key frames alone, from the one before the window. */
  FrameSelection keyframes(CursorSelections.Window window, long interval) {
    if (window.from() > 0 && demuxer.seek(window.from())) {
      forget(false);
    } else {
      rewind();
    }
    untouched = false;
    return new KeyframeSelection(demuxer, decoder, window, interval);
  }

  /** The times of all pictures, sorted; reads the whole video and goes back to its start. */
  long[] scanTimes() {
    untouched = false;
    Optional<long[]> scanned = demuxer.scanTimes();
    rewind();
    if (scanned.isPresent()) {
      return scanned.get();
    }
    // Only the decoder can tell: raw streams have no times.
    LongStream.Builder times = LongStream.builder();
    while (advance()) {
      times.add(currentTime);
    }
    rewind();
    return times.build().toArray();
  }

  long damaged() {
    return decoder.damaged();
  }

  /** Starts again before the first picture. */
  void rewind() {
    if (untouched) {
      return;
    }
    if (!demuxer.rewind()) {
      throw new VideoException(
          demuxer.name() + " cannot be read from its beginning again: it is no seekable input");
    }
    forget(true);
    untouched = true;
  }

  /**
   * Moves to the next picture.
   *
   * @return false at the end; then the cursor stays
   */
  boolean advance() {
    decoder.wantAll();
    if (!hasCurrent && !hasAhead) {
      readAhead();
    }
    if (!hasAhead) {
      return false;
    }
    step();
    return true;
  }

  /**
   * Moves to the picture that is on screen at a time: the last one that is not after it, or the
   * first of the video.
   *
   * @return false if the video has no picture at all
   */
  boolean moveTo(long nanos) {
    if (hasCurrent && nanos < currentTime && !currentIsFirst) {
      if (!demuxer.seekable()) {
        throw new VideoException(
            demuxer.name() + " cannot go back in time: it is no seekable input");
      }
      seekTo(nanos);
    } else if (!hasCurrent || replacedAt() <= nanos) {
      if (keyframeLiesAhead(nanos)) {
        seekTo(nanos);
      }
    }
    decodeTo(nanos);
    return hasCurrent;
  }

  private boolean keyframeLiesAhead(long nanos) {
    if (!demuxer.seekable()) {
      return false;
    }
    long reached = hasCurrent ? Math.max(currentTime, decoder.lastReadTime()) : 0;
    long keyframe = demuxer.keyframeBefore(nanos);
    if (keyframe != Ffmpeg.NO_TIME && keyframe > reached) {
      return true;
    }
    return !demuxer.indexReaches(nanos) && nanos - reached > blindSeekDistance;
  }

  private void seekTo(long nanos) {
    long reached = hasCurrent ? currentTime : 0;
    long from = nanos;
    long step = SECOND;
    while (true) {
      boolean beginning = from <= 0 || !demuxer.seek(from);
      if (beginning) {
        untouched = false;
        rewind();
      } else {
        forget(false);
      }
      want(nanos);
      readAhead();
      if (beginning || (hasAhead && aheadTime <= nanos)) {
        break;
      }
      // The key frame that was found is after the wanted time, or nothing can be decoded from it.
      from = nanos - step;
      step *= 2;
    }
    if (nanos > reached && hasAhead && aheadTime <= reached) {
      blindSeekDistance *= 2; // that seek went back and cost time
    }
  }

  private void decodeTo(long nanos) {
    want(nanos);
    if (!hasCurrent) {
      if (!hasAhead) {
        readAhead();
      }
      if (!hasAhead) {
        return;
      }
      step();
    }
    while (hasAhead && aheadTime <= nanos) {
      step();
    }
  }

  private void want(long nanos) {
    if (maySkip) {
      decoder.want(nanos);
    }
  }

  private void step() {
    currentIsFirst = !hasCurrent && fromBeginning;
    AVFrame free = current;
    current = ahead;
    currentTime = aheadTime;
    hasCurrent = true;
    ahead = free;
    hasAhead = false;
    readAhead();
  }

  private void readAhead() {
    untouched = false;
    do {
      hasAhead = decoder.next(ahead);
      if (!hasAhead) {
        return;
      }
      aheadTime = timeOf(ahead);
      // Pictures before the key frame that decoding began with may refer to what was not decoded.
    } while (!fromBeginning
        && decoder.firstKeyTime() != Ffmpeg.NO_TIME
        && aheadTime < decoder.firstKeyTime());
    lastTime = aheadTime;
    if (aheadTime > maxTime) {
      throw new VideoException(
          String.format(
              "%s has a frame at %.1f s, past the limit of %.1f s; raise VideoOptions.maxDuration"
                  + " if that is right",
              demuxer.name(), aheadTime / 1e9, maxTime / 1e9));
    }
  }

  /** Presentation time, repaired so that it always goes forward. */
  private long timeOf(AVFrame picture) {
    long time = demuxer.nanos(picture.best_effort_timestamp());
    if (time == Ffmpeg.NO_TIME) {
      return lastTime == Ffmpeg.NO_TIME ? 0 : lastTime + frameNanos;
    }
    time += shift;
    if (lastTime != Ffmpeg.NO_TIME && time <= lastTime) {
      if (lastTime - time > SECOND && demuxer.timesMayJump()) {
        shift += lastTime + frameNanos - time;
        return lastTime + frameNanos;
      }
      return lastTime + 1;
    }
    return time;
  }

  private void forget(boolean beginning) {
    fromBeginning = beginning;
    decoder.flush(!beginning);
    av_frame_unref(current);
    av_frame_unref(ahead);
    hasCurrent = false;
    hasAhead = false;
    currentIsFirst = false;
    currentTime = Ffmpeg.NO_TIME;
    lastTime = Ffmpeg.NO_TIME;
    shift = 0;
  }

  @Override
  public void close() {
    decoder.close();
    av_frame_free(current);
    av_frame_free(ahead);
  }
}
