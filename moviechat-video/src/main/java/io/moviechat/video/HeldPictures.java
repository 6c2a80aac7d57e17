package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_unref;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.ffmpeg.avutil.AVFrame;

/**
 * The decoded pictures around a place in a video, in order of presentation: as many behind the
 * current one as are kept, the current one, and the one ahead of it. Owns them, and uses the frames
 * of those that are dropped again.
 */
final class HeldPictures implements AutoCloseable {
  /** A decoded picture. */
  static final class Held {
    final AVFrame picture = Ffmpeg.allocated(av_frame_alloc());
    long time;
    boolean key;
  }

  private static final long MAX_BYTES = 192L << 20;
  private static final int MAX_PICTURES = 120;

  private final List<Held> held = new ArrayList<>();
  private final ArrayDeque<Held> unused = new ArrayDeque<>();

  /** The place of the current picture in {@link #held}, -1 if there is none. */
  private int at = -1;

  private int keep;
  private boolean noneDropped = true;

  boolean isEmpty() {
    return held.isEmpty();
  }

  boolean hasCurrent() {
    return at >= 0;
  }

  Held current() {
    return held.get(at);
  }

  boolean hasAhead() {
    return at + 1 < held.size();
  }

  Held ahead() {
    return held.get(at + 1);
  }

  Held oldest() {
    return held.get(0);
  }

  /** Whether the oldest is still the first that was added since all were forgotten. */
  boolean noneDropped() {
    return noneDropped;
  }

  boolean currentIsOldest() {
    return at == 0;
  }

  /** How many pictures are kept behind the current one. */
  int kept() {
    return keep;
  }

  void keepNone() {
    keep = 0;
  }

  /** Keeps as many pictures of the current one's size as memory should be spent on. */
  void keepMany() {
    AVFrame like = current().picture;
    long bytes = Ffmpeg.bytesOfPicture(like.format(), like.width(), like.height());
    keep = (int) Math.min(MAX_PICTURES, MAX_BYTES / bytes);
  }

  /** An empty picture, to be {@linkplain #add added} or {@linkplain #recycle given back}. */
  Held take() {
    return unused.isEmpty() ? new Held() : unused.pop();
  }

  void add(Held next) {
    held.add(next);
  }

  void recycle(Held old) {
    av_frame_unref(old.picture);
    unused.push(old);
  }

  /** Makes the one ahead the current one, and drops what is behind it by more than is kept. */
  void step() {
    at++;
    while (at > keep) {
      recycle(held.remove(0));
      noneDropped = false;
      at--;
    }
  }

  /** Makes the last one that is not after a time the current one, or else the oldest. */
  void stepBackTo(long nanos) {
    while (at > 0 && held.get(at).time > nanos) {
      at--;
    }
  }

  /** Goes before the oldest. */
  void stepBackToBegin() {
    at = -1;
  }

  void forgetAll() {
    held.forEach(this::recycle);
    held.clear();
    at = -1;
    noneDropped = true;
  }

  @Override
  public void close() {
    held.addAll(unused);
    held.forEach(one -> av_frame_free(one.picture));
    held.clear();
    unused.clear();
    at = -1;
  }
}
