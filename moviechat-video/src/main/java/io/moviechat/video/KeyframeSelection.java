package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_DISCARD;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_KEY;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;

import io.moviechat.video.CursorSelections.Window;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Key frames only: no other picture is decoded. For each multiple of an interval the nearest one,
 * which is known as soon as the first key frame after it was read.
 *
 * <p>All packets are read, though FFmpeg's MP4 reader could leave out the others: it then gives the
 * key frames wrong times, and reading 68 MB takes 0.04 s.
 */
final class KeyframeSelection implements FrameSelection {
  private static final Logger log = LoggerFactory.getLogger(KeyframeSelection.class);

  private final Demuxer demuxer;
  private final Decoder decoder;
  private final Window window;
  private final long interval;
  private final AVFrame picture = av_frame_alloc();
  private AVPacket before = av_packet_alloc();
  private AVPacket latest = av_packet_alloc();
  private boolean hasBefore;
  private boolean takeLatest;
  private boolean ended;
  private long beforeTime;
  private long latestTime;
  private long moment;
  private long given = -1;
  private long farthest;
  private final long damagedBefore;

  /**
   * @param demuxer gone to the beginning or before the window
   * @param decoder borrowed
   * @param interval 0 for every key frame
   */
  KeyframeSelection(Demuxer demuxer, Decoder decoder, Window window, long interval) {
    this.demuxer = demuxer;
    this.decoder = decoder;
    this.window = window;
    this.interval = interval;
    this.moment = window.from();
    this.damagedBefore = decoder.damaged();
  }

  @Override
  public boolean next() {
    while (true) {
      if (takeLatest) {
        takeLatest = false;
        if (decode(latest, latestTime)) {
          return true;
        }
      }
      if (ended) {
        return false;
      }
      if (!step()) {
        continue;
      }
      if (decode(before, beforeTime)) {
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
    AVPacket free = before;
    before = latest;
    beforeTime = latestTime;
    latest = free;
    hasBefore = latestTime >= 0 && before.size() > 0;
    av_packet_unref(latest);
    if (!readKeyFrame()) {
      ended = true;
      log.debug(
          "{}: key frames were at most {} s from the wanted times", demuxer.name(), farthest / 1e9);
      return hasBefore && interval > 0 && moment < window.to() && moment <= endOfVideo();
    }
    if (interval == 0) {
      if (latestTime >= window.to()) {
        ended = true;
      } else {
        takeLatest = latestTime >= window.from();
      }
      return false;
    }
    boolean takeBefore = false;
    if (moment <= latestTime && moment < window.to()) {
      takeBefore = hasBefore && moment - beforeTime <= latestTime - moment;
      farthest =
          Math.max(farthest, takeBefore ? moment - beforeTime : Math.abs(latestTime - moment));
      long last = Math.min(latestTime, window.to() - 1);
      long lastMoment = moment + (last - moment) / interval * interval;
      takeLatest = !hasBefore || lastMoment - beforeTime > latestTime - lastMoment;
      moment = lastMoment + interval;
    }
    if (moment >= window.to()) {
      ended = true;
    }
    return takeBefore;
  }

  private boolean readKeyFrame() {
    while (demuxer.read(latest)) {
      long time = demuxer.nanos(latest.pts());
      if (time == Ffmpeg.NO_TIME) {
        time = demuxer.nanos(latest.dts());
      }
      boolean key = (latest.flags() & AV_PKT_FLAG_KEY) != 0;
      if (key && (latest.flags() & AV_PKT_FLAG_DISCARD) == 0 && time != Ffmpeg.NO_TIME) {
        latestTime = time;
        return true;
      }
      av_packet_unref(latest);
    }
    return false;
  }

  private long endOfVideo() {
    long duration = demuxer.duration();
    return duration == Ffmpeg.NO_TIME ? beforeTime : duration - 1;
  }

  private boolean decode(AVPacket packet, long time) {
    if (time <= given || packet.size() == 0) {
      return false;
    }
    if (!decoder.decodeAlone(packet, picture)) {
      return false;
    }
    given = time;
    return true;
  }

  @Override
  public AVFrame picture() {
    return picture;
  }

  @Override
  public long time() {
    return given;
  }

  @Override
  public long damaged() {
    return decoder.damaged() - damagedBefore;
  }

  @Override
  public void close() {
    av_packet_free(before);
    av_packet_free(latest);
    av_frame_free(picture);
  }
}
