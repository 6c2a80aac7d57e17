package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.AVDISCARD_ALL;
import static org.bytedeco.ffmpeg.global.avcodec.AVDISCARD_DEFAULT;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_DISCARD;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_move_ref;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_get_name;
import static org.bytedeco.ffmpeg.global.avformat.AVFMT_GENERIC_INDEX;
import static org.bytedeco.ffmpeg.global.avformat.AVFMT_NOTIMESTAMPS;
import static org.bytedeco.ffmpeg.global.avformat.AVFMT_TS_DISCONT;
import static org.bytedeco.ffmpeg.global.avformat.AVSEEK_FLAG_BACKWARD;
import static org.bytedeco.ffmpeg.global.avformat.av_seek_frame;
import static org.bytedeco.ffmpeg.global.avformat.avformat_index_get_entries_count;
import static org.bytedeco.ffmpeg.global.avutil.av_rescale_q;

import io.moviechat.VideoException;
import java.util.ArrayDeque;
import java.util.Optional;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVStream;

/** Packets of one track of sound. Times are on the clock of the pictures beside it. */
final class SoundDemuxer implements SoundDecoder.Packets, AutoCloseable {
  /** The pictures among which the first one that is shown is looked for. */
  private static final int START_PICTURES = 24;

  /** Pictures that begin later than in so many packets do not move the start. */
  private static final int START_PACKETS = 500;

  private final Container container;
  private final int index;
  private final int pictures;
  private final TimeBase timeBase;
  private AVStream stream;
  private long originTicks;

  /** Packets that were read to know what comes, and wait to be read again. */
  private final ArrayDeque<AVPacket> waiting = new ArrayDeque<>();

  private final CarriedHeaders headers = new CarriedHeaders();

  private SoundDemuxer(Container container, int index) {
    this.container = container;
    this.index = index;
    this.stream = container.format().streams(index);
    this.pictures = container.pictures();
    this.timeBase = TimeBase.of(stream);
    this.originTicks =
        pictures < 0
            ? container.origin(stream)
            : fromPictures(container.origin(container.format().streams(pictures)));
    discardOthers();
  }

  /**
   * Reads the sound of an opened container.
   *
   * @param container closed with this, and also if this fails or there is no sound
   * @param language the ISO 639 code that is wished for
   * @return empty if there is no sound
   * @throws VideoException if the sound cannot be read
   */
  static Optional<SoundDemuxer> of(Container container, Optional<String> language) {
    boolean done = false;
    SoundDemuxer demuxer = null;
    try {
      int index = SoundTracks.choose(container.name(), container.format(), language);
      if (index < 0) {
        return Optional.empty();
      }
      demuxer = new SoundDemuxer(container, index);
      demuxer.lookAtPictures();
      done = true;
      return Optional.of(demuxer);
    } finally {
      if (!done && demuxer != null) {
        demuxer.close();
      } else if (!done) {
        container.close();
      }
    }
  }

  private void discardOthers() {
    AVFormatContext format = container.format();
    for (int i = 0; i < format.nb_streams(); i++) {
      if (i != index) {
        format.streams(i).discard(AVDISCARD_ALL);
      }
    }
  }

  private long fromPictures(long ticks) {
    AVStream other = container.format().streams(pictures);
    return av_rescale_q(ticks, other.time_base(), stream.time_base());
  }

  /**
   * Reads on until the first pictures are known, because time starts with the earliest of them.
   * What was read of the sound stays to be read.
   */
  private void lookAtPictures() {
    if (pictures < 0) {
      return;
    }
    AVStream other = container.format().streams(pictures);
    other.discard(AVDISCARD_DEFAULT);
    int seen = 0;
    for (int i = 0; i < START_PACKETS && seen < START_PICTURES; i++) {
      AVPacket packet = Ffmpeg.allocated(av_packet_alloc());
      boolean keep = false;
      try {
        if (!container.read(packet)) {
          break;
        }
        if (packet.stream_index() == index) {
          headers.carry(packet);
          waiting.add(packet);
          keep = true;
        } else if (packet.stream_index() == pictures) {
          seen++;
          boolean shown = (packet.flags() & AV_PKT_FLAG_DISCARD) == 0;
          if (shown && packet.pts() != Ffmpeg.NO_TIME) {
            originTicks = Math.min(originTicks, fromPictures(packet.pts()));
          }
        }
      } finally {
        if (!keep) {
          av_packet_free(packet);
        }
      }
    }
    other.discard(AVDISCARD_ALL);
  }

  AVStream stream() {
    return stream;
  }

  /** When the sound begins, as the container says, or {@link Ffmpeg#NO_TIME}. */
  long start() {
    return nanos(stream.start_time());
  }

  /** How long the container says that it lasts in all, or {@link Ffmpeg#NO_TIME}. */
  long duration() {
    long whole = container.format().duration();
    return whole > 0 && whole < Long.MAX_VALUE / 1000 ? whole * 1000 : Ffmpeg.NO_TIME;
  }

  @Override
  public boolean read(AVPacket packet) {
    if (container.watchdog().isStopped()) {
      throw new IllegalStateException("the sound of " + container.name() + " is closed");
    }
    AVPacket first = waiting.poll();
    if (first != null) {
      av_packet_move_ref(packet, first);
      av_packet_free(first);
      return true;
    }
    while (container.read(packet)) {
      if (packet.stream_index() == index) {
        headers.carry(packet);
        return true;
      }
      av_packet_unref(packet);
    }
    return false;
  }

  @Override
  public long nanos(long ticks) {
    return timeBase.nanos(ticks, originTicks);
  }

  @Override
  public long length(long ticks) {
    return timeBase.length(ticks);
  }

  /**
   * Goes to a packet that begins at a time or before, and not much before if that can be. Where
   * containers guess places from bit rates, or their count of time may begin anew, this goes
   * nowhere: packets have to be read up to the time to know what time it is.
   */
  void goTo(long nanos) {
    int flags = container.format().iformat().flags();
    boolean guessed = (flags & (AVFMT_GENERIC_INDEX | AVFMT_NOTIMESTAMPS)) != 0 && !isPcm();
    boolean recounted = (flags & AVFMT_TS_DISCONT) != 0 && container.isRead();
    if (nanos <= 0 || guessed || recounted || !container.seekable()) {
      return;
    }
    long step = 1_000_000_000L;
    for (long target = nanos; target > 0; target = nanos - step) {
      if (!seek(target)) {
        break;
      }
      AVPacket packet = Ffmpeg.allocated(av_packet_alloc());
      if (read(packet)) {
        waiting.add(packet);
        long start = nanos(packet.pts());
        if (start != Ffmpeg.NO_TIME && start <= nanos) {
          return;
        }
      } else {
        av_packet_free(packet);
      }
      step *= 2;
    }
    rewind();
  }

  private boolean seek(long nanos) {
    moved();
    // MP4 has an index of each stream. Matroska has one of the pictures; its entries of sound are
    // those that FFmpeg came across by chance.
    boolean own =
        avformat_index_get_entries_count(stream) > 0 && !container.kind().startsWith("matroska");
    AVStream guide = own || pictures < 0 ? stream : container.format().streams(pictures);
    long ticks = originTicks + timeBase.ticks(nanos);
    long guided = av_rescale_q(ticks, stream.time_base(), guide.time_base());
    return av_seek_frame(container.format(), guide.index(), guided, AVSEEK_FLAG_BACKWARD) >= 0;
  }

  private void rewind() {
    moved();
    if (container.reopen()) {
      AVFormatContext again = container.format();
      if (index < again.nb_streams()) {
        stream = again.streams(index);
        discardOthers();
        return;
      }
    } else if (av_seek_frame(container.format(), -1, 0, AVSEEK_FLAG_BACKWARD) >= 0) {
      return;
    }
    throw new VideoException(
        container.name() + " cannot be read from its beginning again: it is no seekable input");
  }

  private void moved() {
    waiting.forEach(packet -> av_packet_free(packet));
    waiting.clear();
    headers.moved();
  }

  /** Whether samples lie in the file as they are, each of the same size. */
  private boolean isPcm() {
    return avcodec_get_name(stream.codecpar().codec_id()).getString().startsWith("pcm_");
  }

  @Override
  public void close() {
    moved();
    container.close();
  }
}
