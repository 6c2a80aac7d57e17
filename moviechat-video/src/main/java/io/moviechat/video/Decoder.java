package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.AVDISCARD_DEFAULT;
import static org.bytedeco.ffmpeg.global.avcodec.AVDISCARD_NONREF;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_H264;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_MPEG4;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_VP8;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_VP9;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_DISCARD;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_KEY;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder_by_name;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_flush_buffers;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_get_name;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_to_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_frame;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_packet;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EAGAIN;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EOF;
import static org.bytedeco.ffmpeg.global.avutil.AV_FRAME_CROP_UNALIGNED;
import static org.bytedeco.ffmpeg.global.avutil.AV_PICTURE_TYPE_I;
import static org.bytedeco.ffmpeg.global.avutil.AV_PICTURE_TYPE_NONE;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_apply_cropping;

import io.moviechat.VideoException;
import io.moviechat.internal.NativeOwner;
import java.util.ArrayDeque;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.jspecify.annotations.Nullable;

/**
 * Turns the packets of a demuxer into pictures, in presentation order.
 *
 * <p>While a wanted time is far ahead, pictures that no other picture refers to are not decoded. To
 * leave none out that is wanted, packets are looked at some places ahead of the decoder: a packet
 * is skipped only if one already seen is presented after it and still not after the wanted time.
 */
final class Decoder implements AutoCloseable {
  /** More than any codec reorders: H.264 and HEVC hold back 16 pictures at most. */
  private static final int LOOKAHEAD = 20;

  private static final int OUT_OF_MEMORY = -12;

  private final Demuxer demuxer;
  private final VideoOptions options;
  private final NativeOwner owner;
  private final AVCodecContext context;
  private final @Nullable HardwareDevice hardware;
  private final ArrayDeque<AVPacket> ahead = new ArrayDeque<>(LOOKAHEAD + 1);
  private final ArrayDeque<AVPacket> unused = new ArrayDeque<>(LOOKAHEAD + 1);
  private long wanted = Long.MIN_VALUE;

  /**
   * FFmpeg's MPEG-4 decoder takes the time from one field to the next from the first B picture that
   * it sees. From one that is shown before the key frame it takes a wrong one, and drops all
   * others.
   */
  private final boolean dropsLeading;

  private boolean waitForKey;
  private boolean keyFed;
  private long firstKeyTime = Ffmpeg.NO_TIME;
  private long lastReadTime = Ffmpeg.NO_TIME;
  private boolean demuxerEnded;
  private boolean draining;
  private boolean fresh = true;
  private long damaged;

  Decoder(Demuxer demuxer, VideoOptions options) {
    this.demuxer = demuxer;
    this.options = options;
    AVCodec codec = codecOf(demuxer);
    String codecName = avcodec_get_name(demuxer.parameters().codec_id()).getString();
    if (codec == null || codec.isNull()) {
      throw new VideoException(
          demuxer.name()
              + " holds "
              + codecName
              + (demuxer.isPhoto() ? " pictures" : " video")
              + ", which this build of FFmpeg cannot decode; convert it, to "
              + (demuxer.isPhoto() ? "JPEG or PNG" : "H.264 for one"));
    }
    this.dropsLeading = demuxer.parameters().codec_id() == AV_CODEC_ID_MPEG4;
    this.hardware = HardwareDevice.open(options.hardware(), codec, demuxer.name()).orElse(null);
    this.context = Ffmpeg.allocated(avcodec_alloc_context3(codec));
    this.owner = NativeOwner.open(this, "video decoder of " + demuxer.name());
    AVDictionary settings = new AVDictionary(null);
    boolean opened = false;
    try {
      avcodec_parameters_to_context(context, demuxer.parameters());
      context.pkt_timebase(demuxer.stream().time_base());
      context.thread_count(options.threads());
      context.max_pixels(options.maxPixels());
      if (hardware != null) {
        hardware.use(context);
      }
      int code = avcodec_open2(context, codec, settings);
      if (code < 0) {
        throw new VideoException(
            String.format(
                "%s: the %s decoder refused the video (FFmpeg: %s)",
                demuxer.name(), codecName, Ffmpeg.errorText(code)));
      }
      for (int i = 0; i <= LOOKAHEAD; i++) {
        unused.add(Ffmpeg.allocated(av_packet_alloc()));
      }
      opened = true;
    } finally {
      av_dict_free(settings);
      if (!opened) {
        close();
      }
    }
  }

  /** FFmpeg's own decoders of VP8 and VP9 do not read what is transparent; libvpx does. */
  private static AVCodec codecOf(Demuxer demuxer) {
    int codec = demuxer.parameters().codec_id();
    boolean vp8 = codec == AV_CODEC_ID_VP8;
    if ((vp8 || codec == AV_CODEC_ID_VP9) && demuxer.hasAlpha()) {
      AVCodec libvpx = avcodec_find_decoder_by_name(vp8 ? "libvpx" : "libvpx-vp9");
      if (libvpx != null && !libvpx.isNull()) {
        return libvpx;
      }
    }
    return avcodec_find_decoder(codec);
  }

  /** Whether it has decoded nothing yet. */
  boolean isFresh() {
    return fresh;
  }

  /** Goes on counting where another decoder of the same video ended. */
  void startDamagedAt(long pictures) {
    damaged = pictures;
  }

  /** Damaged pictures so far. */
  long damagedPictures() {
    return damaged;
  }

  /** Damaged pictures and packets so far. */
  long damaged() {
    return damaged + demuxer.badReads();
  }

  /** The latest time of a packet that was read, to compare with an index. */
  long lastReadTime() {
    return lastReadTime;
  }

  /** The time of the key frame that decoding began with, once its packet was read. */
  long firstKeyTime() {
    return firstKeyTime;
  }

  /** No picture that is replaced by a later one before this time is needed. */
  void want(long nanos) {
    wanted = nanos;
  }

  /**
   * The time of a picture as its packet says it; without that, when it was decoded, which is when
   * it is shown in a video that holds back each picture for as long. Never guessed from the
   * pictures before it: it must not depend on where decoding began.
   */
  static long ticksOf(AVFrame picture) {
    return picture.pts() == Ffmpeg.NO_TIME ? picture.pkt_dts() : picture.pts();
  }

  /**
   * Whether decoding can begin with a picture; true if the decoder does not tell. That of H.264
   * tells of few: many cameras begin a group with an intra picture that is not marked otherwise.
   */
  boolean isKey(AVFrame picture) {
    boolean h264 = demuxer.parameters().codec_id() == AV_CODEC_ID_H264;
    return (picture.flags() & AVFrame.AV_FRAME_FLAG_KEY) != 0
        || (h264 && picture.pict_type() == AV_PICTURE_TYPE_I)
        || picture.pict_type() == AV_PICTURE_TYPE_NONE;
  }

  /** Every picture is needed. */
  void wantAll() {
    wanted = Long.MIN_VALUE;
  }

  /**
   * Forgets all that was read: the demuxer was moved.
   *
   * @param toKeyFrame whether to begin with the next key frame instead of the next packet
   */
  void flush(boolean toKeyFrame) {
    while (!ahead.isEmpty()) {
      recycle(ahead.remove());
    }
    avcodec_flush_buffers(context);
    waitForKey = toKeyFrame;
    keyFed = false;
    firstKeyTime = Ffmpeg.NO_TIME;
    lastReadTime = Ffmpeg.NO_TIME;
    demuxerEnded = false;
    draining = false;
  }

  /**
   * Decodes the next picture.
   *
   * @param picture takes it
   * @return false at the end
   * @throws VideoException if reading fails
   */
  boolean next(AVFrame picture) {
    TileGrid grid = demuxer.grid();
    if (grid != null) {
      boolean composed = grid.compose(demuxer, options, picture);
      if (composed) {
        cut(picture);
      }
      return composed;
    }
    while (true) {
      int code = avcodec_receive_frame(context, picture);
      if (code == 0) {
        if (isWhole(picture)) {
          fetch(picture);
          return true;
        }
        damaged++;
        continue;
      }
      if (code == AVERROR_EOF()) {
        return false;
      }
      if (code != AVERROR_EAGAIN()) {
        failed(code);
      } else if (draining) {
        return false;
      } else {
        feed();
      }
    }
  }

  /**
   * Decodes one key frame on its own.
   *
   * @return whether it gave a picture
   */
  boolean decodeAlone(AVPacket packet, AVFrame picture) {
    fresh = false;
    avcodec_flush_buffers(context);
    context.skip_frame(AVDISCARD_DEFAULT);
    int code = avcodec_send_packet(context, packet);
    if (code >= 0) {
      avcodec_send_packet(context, null);
      code = avcodec_receive_frame(context, picture);
    }
    boolean good = code >= 0 && isWhole(picture);
    if (good) {
      fetch(picture);
    }
    return good;
  }

  private void fetch(AVFrame picture) {
    if (hardware != null) {
      hardware.fetch(picture, demuxer.name());
    }
    cut(picture);
  }

  private void cut(AVFrame picture) {
    Display.Crop crop = demuxer.display().crop();
    if (crop.fits(picture.width(), picture.height())) {
      picture.crop_top(crop.top()).crop_bottom(crop.bottom());
      picture.crop_left(crop.left()).crop_right(crop.right());
      av_frame_apply_cropping(picture, AV_FRAME_CROP_UNALIGNED);
    }
  }

  private static boolean isWhole(AVFrame picture) {
    return picture.decode_error_flags() == 0
        && (picture.flags() & AVFrame.AV_FRAME_FLAG_CORRUPT) == 0;
  }

  private void feed() {
    while (!demuxerEnded && ahead.size() < (wanted == Long.MIN_VALUE ? 1 : LOOKAHEAD)) {
      readAhead();
    }
    @Nullable AVPacket packet = ahead.poll();
    fresh = false;
    if (packet == null) {
      draining = true;
      avcodec_send_packet(context, null);
      return;
    }
    keyFed |= (packet.flags() & AV_PKT_FLAG_KEY) != 0;
    context.skip_frame(isReplacedInTime(packet) ? AVDISCARD_NONREF : AVDISCARD_DEFAULT);
    int code = avcodec_send_packet(context, packet);
    recycle(packet);
    if (code < 0 && code != AVERROR_EOF()) {
      failed(code);
    }
  }

  private void readAhead() {
    AVPacket packet = unused.remove();
    if (demuxer.watchdog().isStopped()) {
      unused.add(packet);
      throw new IllegalStateException("the video " + demuxer.name() + " is closed");
    }
    boolean read = false;
    try {
      read = demuxer.read(packet);
    } finally {
      if (!read) {
        unused.add(packet);
      }
    }
    if (!read) {
      demuxerEnded = true;
      return;
    }
    long time = timeOf(packet);
    if (time != Ffmpeg.NO_TIME) {
      lastReadTime = Math.max(lastReadTime, time);
    }
    boolean key = (packet.flags() & AV_PKT_FLAG_KEY) != 0;
    if (waitForKey) {
      if (!key) {
        recycle(packet);
        return;
      }
      waitForKey = false;
      firstKeyTime = time;
    }
    if (dropsLeading
        && packet.pts() != Ffmpeg.NO_TIME
        && firstKeyTime != Ffmpeg.NO_TIME
        && demuxer.nanos(packet.pts()) < firstKeyTime) {
      recycle(packet);
      return;
    }
    ahead.add(packet);
  }

  private boolean isReplacedInTime(AVPacket packet) {
    // In a video that begins in the middle of a group of pictures, the decoder finds its way by
    // all of them.
    if (wanted == Long.MIN_VALUE || !keyFed) {
      return false;
    }
    long time = demuxer.nanos(packet.pts());
    if (time == Ffmpeg.NO_TIME) {
      return false;
    }
    for (AVPacket later : ahead) {
      long laterTime = demuxer.nanos(later.pts());
      if (laterTime > time && laterTime <= wanted && (later.flags() & AV_PKT_FLAG_DISCARD) == 0) {
        return true;
      }
    }
    return false;
  }

  private long timeOf(AVPacket packet) {
    long time = demuxer.nanos(packet.pts());
    return time == Ffmpeg.NO_TIME ? demuxer.nanos(packet.dts()) : time;
  }

  private void failed(int code) {
    if (code == OUT_OF_MEMORY) {
      throw new VideoException(
          demuxer.name() + " could not be decoded (FFmpeg: " + Ffmpeg.errorText(code) + ")");
    }
    damaged++;
  }

  private void recycle(AVPacket packet) {
    av_packet_unref(packet);
    unused.add(packet);
  }

  @Override
  public void close() {
    while (!ahead.isEmpty()) {
      av_packet_free(ahead.remove());
    }
    while (!unused.isEmpty()) {
      av_packet_free(unused.remove());
    }
    avcodec_free_context(context);
    if (hardware != null) {
      hardware.close();
    }
    owner.close();
  }
}
