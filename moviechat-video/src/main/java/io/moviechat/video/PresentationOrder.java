package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_to_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_frame;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_packet;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.jspecify.annotations.Nullable;

/**
 * Whether a container tells when pictures are shown or only when they are decoded. Some programs
 * (FFmpeg into MXF, old ones into MP4) write the latter for both, though pictures refer to later
 * ones and are shown in another order.
 */
final class PresentationOrder {
  private PresentationOrder() {}

  /**
   * Whether packets say of pictures that are shown in another order that each is shown when it is
   * decoded. Decodes them if nothing else tells.
   *
   * @param packets the first ones of the stream
   */
  static boolean isMissing(AVStream stream, Collection<AVPacket> packets) {
    boolean suspicious =
        packets.size() > 2
            && stream.codecpar().video_delay() > 0
            && packets.stream().allMatch(packet -> packet.pts() == packet.dts());
    return suspicious && comeOutOfOrder(stream, packets);
  }

  private static boolean comeOutOfOrder(AVStream stream, Collection<AVPacket> packets) {
    AVCodec codec = avcodec_find_decoder(stream.codecpar().codec_id());
    if (codec == null || codec.isNull()) {
      return false;
    }
    AVCodecContext decoder = Ffmpeg.allocated(avcodec_alloc_context3(codec));
    AVFrame picture = Ffmpeg.allocated(av_frame_alloc());
    try {
      avcodec_parameters_to_context(decoder, stream.codecpar());
      decoder.thread_count(1);
      if (avcodec_open2(decoder, codec, (AVDictionary) null) < 0) {
        return false;
      }
      List<@Nullable AVPacket> all = new ArrayList<>(packets);
      all.add(null); // has what is held back come out too
      long last = Long.MIN_VALUE;
      for (AVPacket packet : all) {
        avcodec_send_packet(decoder, packet);
        while (avcodec_receive_frame(decoder, picture) >= 0) {
          if (picture.pts() < last) {
            return true;
          }
          last = picture.pts();
        }
      }
      return false;
    } finally {
      av_frame_free(picture);
      avcodec_free_context(decoder);
    }
  }
}
