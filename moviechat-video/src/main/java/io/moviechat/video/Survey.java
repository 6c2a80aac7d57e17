package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_DISCARD;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_KEY;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;

import io.moviechat.VideoException;
import java.util.Arrays;
import org.bytedeco.ffmpeg.avcodec.AVPacket;

/** What reading all packets of a video told, without decoding any. */
final class Survey {
  /** No picture is shown before one that was decoded so many pictures earlier. */
  private static final int REORDERED_PICTURES = 32;

  private final long[] times;
  private final long end;
  private final boolean timed;
  private final boolean steady;
  private final boolean orderly;

  /**
   * @param times of all pictures that are shown and have one, sorted; not copied
   * @param end when the last picture leaves the screen
   * @param timed whether every packet said when its picture is shown
   * @param steady whether pictures are decoded at times of equal distance
   * @param orderly whether no two pictures have the same time and times never jump back
   */
  private Survey(long[] times, long end, boolean timed, boolean steady, boolean orderly) {
    this.times = times;
    this.end = end;
    this.timed = timed;
    this.steady = steady;
    this.orderly = orderly;
  }

  /**
   * Reads all packets, from the start; the demuxer's place is lost.
   *
   * @throws VideoException if the input can be read only once
   */
  static Survey of(Demuxer demuxer) {
    if (!demuxer.rewind()) {
      throw new VideoException(
          demuxer.name()
              + " cannot be read twice, which this sampling needs: it is no seekable input");
    }
    long[] times = new long[1024];
    int count = 0;
    long latest = Long.MIN_VALUE;
    long[] latestBefore = new long[REORDERED_PICTURES];
    Arrays.fill(latestBefore, Long.MIN_VALUE);
    long end = 0;
    boolean timed = true;
    Steps steps = new Steps();
    boolean orderly = true;
    AVPacket packet = Ffmpeg.allocated(av_packet_alloc());
    try {
      while (demuxer.read(packet)) {
        long time = demuxer.nanos(packet.pts());
        steps.add(demuxer.nanos(packet.dts()));
        if ((packet.flags() & AV_PKT_FLAG_DISCARD) == 0
            && HiddenPictures.isShown(demuxer.stream(), packet)) {
          if (time == Ffmpeg.NO_TIME) {
            timed = false;
          } else {
            boolean key = (packet.flags() & AV_PKT_FLAG_KEY) != 0;
            int place = count % REORDERED_PICTURES;
            // A key frame is shown after all that was read before it, others after most of it.
            orderly &= time > (key ? latest : latestBefore[place]);
            latest = Math.max(latest, time);
            latestBefore[place] = latest;
            end = Math.max(end, time + demuxer.length(packet.duration()));
            if (count == times.length) {
              times = Arrays.copyOf(times, 2 * count);
            }
            times[count++] = time;
          }
        }
        av_packet_unref(packet);
      }
    } finally {
      av_packet_free(packet);
    }
    Arrays.sort(times, 0, count);
    for (int i = 1; i < count; i++) {
      orderly &= times[i] > times[i - 1];
    }
    return new Survey(
        Arrays.copyOf(times, count),
        end,
        timed,
        steps.areEqual(),
        orderly && !demuxer.headersChanged());
  }

  /** The times of all pictures, sorted; complete only if {@link #timed()}. Not to be changed. */
  long[] times() {
    return times;
  }

  long end() {
    return end;
  }

  boolean timed() {
    return timed;
  }

  boolean steady() {
    return steady;
  }

  boolean orderly() {
    return orderly;
  }

  /** Whether times have equal distances, up to what rounding does to them. */
  private static final class Steps {
    private static final long ROUNDING = 2_000_000;

    private long last = Ffmpeg.NO_TIME;
    private long shortest = Long.MAX_VALUE;
    private long longest = Long.MIN_VALUE;
    private boolean missing;

    void add(long time) {
      if (time == Ffmpeg.NO_TIME) {
        missing = true;
      } else if (last != Ffmpeg.NO_TIME) {
        shortest = Math.min(shortest, time - last);
        longest = Math.max(longest, time - last);
      }
      last = time;
    }

    boolean areEqual() {
      return !missing && (longest == Long.MIN_VALUE || longest - shortest <= ROUNDING);
    }
  }
}
