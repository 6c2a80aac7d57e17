package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.*;
import static org.bytedeco.ffmpeg.global.avformat.*;
import static org.bytedeco.ffmpeg.global.avutil.AVMEDIA_TYPE_VIDEO;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVInputFormat;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.javacpp.PointerPointer;

/** Reads a file as FFmpeg's own program does: what that finds, this module must find. */
final class PlainDecoder {
  private PlainDecoder() {}

  /** How many pictures of a file can be decoded from its beginning; 0 also if it is no video. */
  static int pictures(Path file) {
    Ffmpeg.load();
    AVFormatContext format = new AVFormatContext(null);
    if (avformat_open_input(format, file.toString(), (AVInputFormat) null, (AVDictionary) null)
        < 0) {
      return 0;
    }
    AVPacket packet = av_packet_alloc();
    AVFrame picture = av_frame_alloc();
    AVCodecContext decoder = null;
    Set<Long> hidden = new HashSet<>();
    int count = 0;
    try {
      avformat_find_stream_info(format, (PointerPointer<?>) null);
      int video = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, (AVCodec) null, 0);
      if (video < 0) {
        return 0;
      }
      AVCodec codec = avcodec_find_decoder(format.streams(video).codecpar().codec_id());
      if (codec == null) {
        return 0;
      }
      decoder = avcodec_alloc_context3(codec);
      avcodec_parameters_to_context(decoder, format.streams(video).codecpar());
      decoder.pkt_timebase(format.streams(video).time_base());
      decoder.thread_count(1);
      if (avcodec_open2(decoder, codec, (AVDictionary) null) < 0) {
        return 0;
      }
      boolean more = true;
      while (more) {
        more = av_read_frame(format, packet) >= 0;
        if (!more || packet.stream_index() == video) {
          if (more && (packet.flags() & AV_PKT_FLAG_DISCARD) != 0) {
            hidden.add(packet.pts());
          }
          avcodec_send_packet(decoder, more ? packet : null);
          while (avcodec_receive_frame(decoder, picture) >= 0) {
            boolean whole =
                !hidden.contains(picture.pts())
                    && picture.decode_error_flags() == 0
                    && (picture.flags() & AVFrame.AV_FRAME_FLAG_CORRUPT) == 0;
            count += whole ? 1 : 0;
          }
        }
        if (more) {
          av_packet_unref(packet);
        }
      }
      return count;
    } finally {
      if (decoder != null) {
        avcodec_free_context(decoder);
      }
      av_packet_free(packet);
      av_frame_free(picture);
      avformat_close_input(format);
    }
  }
}
