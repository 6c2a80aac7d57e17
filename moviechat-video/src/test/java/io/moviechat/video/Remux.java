package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_KEY;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_rescale_ts;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_copy;
import static org.bytedeco.ffmpeg.global.avformat.*;
import static org.bytedeco.ffmpeg.global.avutil.AVMEDIA_TYPE_VIDEO;
import static org.bytedeco.ffmpeg.global.avutil.AV_NOPTS_VALUE;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_free;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_set;

import io.moviechat.video.GeneratedVideo.NotMade;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVIOContext;
import org.bytedeco.ffmpeg.avformat.AVInputFormat;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.javacpp.PointerPointer;

/**
 * Copies the pictures of a video into another file without decoding them, as programs do that cut
 * and repack: what they leave behind is what makes real files hard.
 *
 * @param packets how many packets are copied at most
 * @param trimMillis where the copy begins: at the key frame before it, the part between hidden
 * @param startMillis what all times are moved by
 * @param keyFlags whether every picture is called a key frame
 */
record Remux(int packets, int trimMillis, int startMillis, boolean keyFlags) {
  /**
   * @throws NotMade if the container does not take such a video
   */
  void copy(Path from, Path to) throws NotMade {
    copy(from, to, stream -> {}, Map.of());
  }

  /**
   * Copies after a change of what the container says of the video.
   *
   * @param options of the container
   */
  void copy(Path from, Path to, Consumer<AVStream> change, Map<String, String> options)
      throws NotMade {
    Ffmpeg.load();
    AVFormatContext input = new AVFormatContext(null);
    if (avformat_open_input(input, from.toString(), (AVInputFormat) null, (AVDictionary) null)
        < 0) {
      throw new NotMade("what is to be copied cannot be read");
    }
    AVFormatContext output = new AVFormatContext(null);
    AVPacket packet = av_packet_alloc();
    boolean written = false;
    try {
      avformat_find_stream_info(input, (PointerPointer<?>) null);
      int video = av_find_best_stream(input, AVMEDIA_TYPE_VIDEO, -1, -1, (AVCodec) null, 0);
      avformat_alloc_output_context2(output, null, null, to.toString());
      AVStream source = input.streams(video);
      AVStream target = avformat_new_stream(output, null);
      avcodec_parameters_copy(target.codecpar(), source.codecpar());
      target.codecpar().codec_tag(0);
      target.time_base(source.time_base());
      target.avg_frame_rate(source.avg_frame_rate());
      change.accept(target);
      output.flags(output.flags() | AVFormatContext.AVFMT_FLAG_BITEXACT);
      AVIOContext file = new AVIOContext(null);
      if (avio_open(file, to.toString(), AVIO_FLAG_WRITE) < 0) {
        throw new NotMade("no file can be written");
      }
      output.pb(file);
      AVDictionary settings = new AVDictionary(null);
      options.forEach((name, value) -> av_dict_set(settings, name, value, 0));
      int header = avformat_write_header(output, settings);
      av_dict_free(settings);
      if (header < 0) {
        throw new NotMade("the container refuses");
      }
      double ticks = (double) source.time_base().den() / source.time_base().num() / 1000;
      long shift = (long) ((startMillis - trimMillis) * ticks);
      long start = source.start_time() == AV_NOPTS_VALUE ? 0 : source.start_time();
      if (trimMillis > 0) {
        av_seek_frame(input, video, start + (long) (trimMillis * ticks), AVSEEK_FLAG_BACKWARD);
      }
      int count = 0;
      while (count < packets && av_read_frame(input, packet) >= 0) {
        boolean key = (packet.flags() & AV_PKT_FLAG_KEY) != 0;
        if (packet.stream_index() == video && (key || count > 0)) {
          count++;
          if (!put(packet, source, target, output, shift)) {
            throw new NotMade("the container refuses a picture"); // one less would be damage
          }
          written = true;
        }
        av_packet_unref(packet);
      }
      if (av_write_trailer(output) < 0 || !written) {
        throw new NotMade("nothing was written");
      }
    } finally {
      av_packet_free(packet);
      avformat_close_input(input);
      if (!output.isNull()) {
        if (output.pb() != null) {
          avio_close(output.pb());
        }
        avformat_free_context(output);
      }
    }
  }

  private boolean put(
      AVPacket packet, AVStream source, AVStream target, AVFormatContext output, long shift) {
    packet.stream_index(0).pos(-1);
    boolean avi = output.oformat().name().getString().equals("avi");
    if (packet.pts() == AV_NOPTS_VALUE && !avi) {
      return false; // the muxer would make up a wrong time
    }
    if (packet.pts() != AV_NOPTS_VALUE) {
      packet.pts(packet.pts() + shift);
    }
    if (packet.dts() != AV_NOPTS_VALUE) {
      packet.dts(packet.dts() + shift);
    }
    if (keyFlags) {
      packet.flags(packet.flags() | AV_PKT_FLAG_KEY);
    }
    av_packet_rescale_ts(packet, source.time_base(), target.time_base());
    return av_interleaved_write_frame(output, packet) >= 0;
  }
}
