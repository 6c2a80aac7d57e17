package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_DISCARD;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_KEY;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_ref;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_unref;

import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Key frames only. For each multiple of an interval the nearest one, which is known as soon as the
 * first key frame after it was read.
 *
 * <p>Where packets tell which of them are key frames and when these are shown, no other picture is
 * decoded. All packets are read, though FFmpeg's MP4 reader could leave out the others: it then
 * gives the key frames wrong times, and reading 68 MB takes 0.04 s. Where packets do not tell, or
 * turn out to be wrong, everything is decoded and the decoder tells.
 */
final class KeyframeSelection implements FrameSelection {
  private static final Logger log = LoggerFactory.getLogger(KeyframeSelection.class);

  private final FrameCursor cursor;
  private final Demuxer demuxer;
  private final Window window;
  private final long interval;
  private boolean decodeAll;
  private Key before = new Key();
  private Key latest = new Key();
  private final Key shown = new Key();
  private boolean hasLatest;
  private boolean hasBefore;
  private boolean takeLatest;
  private boolean ended;
  private long moment;
  private long given = -1;
  private long farthest;
  private long lost;
  private final long damagedBefore;

  /** A key frame: its packet, or its picture if it was decoded with all the others. */
  private static final class Key {
    private final AVPacket packet = Ffmpeg.allocated(av_packet_alloc());
    private final AVFrame picture = Ffmpeg.allocated(av_frame_alloc());
    private boolean decoded;
    private long time;

    void clear() {
      av_packet_unref(packet);
      av_frame_unref(picture);
      decoded = false;
    }

    void free() {
      av_packet_free(packet);
      av_frame_free(picture);
    }
  }

  /**
   * @param cursor rewound, or gone to a key frame before the window; of one thread
   * @param decodeAll whether packets are known not to tell
   * @param interval 0 for every key frame
   */
  KeyframeSelection(
      FrameCursor cursor, Demuxer demuxer, Window window, long interval, boolean decodeAll) {
    this.cursor = cursor;
    this.demuxer = demuxer;
    this.window = window;
    this.interval = interval;
    this.decodeAll = decodeAll;
    this.moment = window.from();
    this.damagedBefore = cursor.damaged();
  }

  @Override
  public boolean next() {
    while (true) {
      if (takeLatest) {
        takeLatest = false;
        if (show(latest)) {
          return true;
        }
      }
      if (ended) {
        // A trimmed video may have all its key frames before its beginning.
        if (decodeAll || given >= 0 || !demuxer.seekable()) {
          return false;
        }
        startAgain();
      }
      if (!step()) {
        continue;
      }
      if (show(before)) {
        return true;
      }
    }
  }

  /**
   * Reads one key frame.
   *
   * @return whether the one before it is to be taken; {@code takeLatest} says whether it is itself
   */
  private boolean step() {
    Key free = before;
    before = latest;
    latest = free;
    hasBefore = hasLatest;
    latest.clear();
    hasLatest = decodeAll ? decodeKey() : readKey();
    if (!hasLatest) {
      ended = true;
      log.debug(
          "{}: key frames were at most {} s from the wanted times", demuxer.name(), farthest / 1e9);
      return hasBefore && interval > 0 && moment < window.to() && moment <= endOfVideo();
    }
    if (interval == 0) {
      if (latest.time >= window.to()) {
        ended = true;
      } else {
        takeLatest = latest.time >= window.from();
      }
      return false;
    }
    boolean takeBefore = false;
    if (moment <= latest.time && moment < window.to()) {
      takeBefore = hasBefore && moment - before.time <= latest.time - moment;
      farthest =
          Math.max(farthest, takeBefore ? moment - before.time : Math.abs(latest.time - moment));
      long last = Math.min(latest.time, window.to() - 1);
      long lastMoment = moment + (last - moment) / interval * interval;
      takeLatest = !hasBefore || lastMoment - before.time > latest.time - lastMoment;
      moment = lastMoment + interval;
    }
    if (moment >= window.to()) {
      ended = true;
    }
    return takeBefore;
  }

  /** The next key frame as the packets tell. */
  private boolean readKey() {
    while (demuxer.read(latest.packet)) {
      long time = demuxer.nanos(latest.packet.pts());
      boolean key = (latest.packet.flags() & AV_PKT_FLAG_KEY) != 0;
      boolean hidden = (latest.packet.flags() & AV_PKT_FLAG_DISCARD) != 0;
      if (key && !hidden && time != Ffmpeg.NO_TIME) {
        latest.time = time;
        return true;
      }
      if (key && !hidden) {
        startAgain();
        return decodeKey();
      }
      av_packet_unref(latest.packet);
    }
    return false;
  }

  /** The next key frame as the decoder tells; the first picture of the video counts as one. */
  private boolean decodeKey() {
    boolean first = cursor.isBeforeFirst();
    while (cursor.advance()) {
      if (cursor.isKey() || first) {
        latest.time = cursor.time();
        latest.decoded = true;
        return av_frame_ref(latest.picture, cursor.picture()) >= 0;
      }
      first = false;
    }
    return false;
  }

  /** Goes back to the beginning to decode everything; what was given is not given again. */
  private void startAgain() {
    log.info("{}: its key frames are found by decoding everything", demuxer.name());
    decodeAll = true;
    cursor.rewind();
    hasLatest = false;
    hasBefore = false;
    takeLatest = false;
    ended = false;
    moment = window.from();
  }

  private long endOfVideo() {
    long duration = demuxer.duration();
    return duration == Ffmpeg.NO_TIME ? before.time : duration - 1;
  }

  /** Makes a key frame the current picture; false if it was given before or cannot be decoded. */
  private boolean show(Key key) {
    if (key.time <= given) {
      return false;
    }
    av_frame_unref(shown.picture);
    if (key.decoded) {
      if (av_frame_ref(shown.picture, key.picture) < 0) {
        return false;
      }
    } else if (!cursor.decodeAlone(key.packet, shown.picture)) {
      lost++;
      return false;
    } else if (!cursor.isKey(shown.picture)) {
      startAgain();
      return false;
    }
    given = key.time;
    return true;
  }

  @Override
  public AVFrame picture() {
    return shown.picture;
  }

  @Override
  public long time() {
    return given;
  }

  @Override
  public long damaged() {
    return cursor.damaged() - damagedBefore + lost;
  }

  @Override
  public void close() {
    before.free();
    latest.free();
    shown.free();
  }
}
