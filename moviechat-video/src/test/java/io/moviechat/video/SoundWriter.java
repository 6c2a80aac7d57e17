package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.*;
import static org.bytedeco.ffmpeg.global.avformat.*;
import static org.bytedeco.ffmpeg.global.avutil.*;
import static org.bytedeco.ffmpeg.global.swresample.*;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVIOContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVChannelLayout;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.swresample.SwrContext;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/** Writes files with sound, and pictures beside it, as other programs make them. */
final class SoundWriter {
  private SoundWriter() {}

  /**
   * How sound is coded.
   *
   * @param encoder FFmpeg's name
   * @param layout FFmpeg's name, {@code 5.1}
   */
  record Kind(String encoder, int rate, String layout) {}

  /**
   * Sound without a seam.
   *
   * @param start when it begins, in seconds of the container
   */
  record Stretch(Kind kind, double start, double seconds) {
    double end() {
      return start + seconds;
    }
  }

  /**
   * A track.
   *
   * @param signal what is heard at a time of the container, in all channels
   */
  record Track(
      List<Stretch> stretches,
      DoubleUnaryOperator signal,
      Map<String, String> metadata,
      int disposition) {
    Track(List<Stretch> stretches, DoubleUnaryOperator signal) {
      this(stretches, signal, Map.of(), 0);
    }
  }

  /** What a coded packet is until it is written. */
  private record Coded(AVPacket packet, double time) {}

  /**
   * Writes a file.
   *
   * @param pictures when pictures are shown, in seconds of the container
   * @return the earliest time in it
   */
  static double write(Path file, List<Track> tracks, List<Double> pictures) {
    Ffmpeg.load();
    AVFormatContext format = new AVFormatContext(null);
    check(avformat_alloc_output_context2(format, null, null, file.toString()));
    boolean global = (format.oformat().flags() & AVFMT_GLOBALHEADER) != 0;
    List<Coded> coded = new ArrayList<>();
    if (!pictures.isEmpty()) {
      AVCodecContext encoder = pictureEncoder(global);
      AVStream stream = avformat_new_stream(format, null);
      avcodec_parameters_from_context(stream.codecpar(), encoder);
      stream.time_base().num(1).den(90_000);
      encodePictures(encoder, pictures, coded);
    }
    for (Track track : tracks) {
      AVStream stream = avformat_new_stream(format, null);
      stream.disposition(track.disposition());
      track
          .metadata()
          .forEach(
              (key, value) -> {
                AVDictionary dictionary =
                    stream.metadata() == null ? new AVDictionary(null) : stream.metadata();
                av_dict_set(dictionary, key, value, 0);
                stream.metadata(dictionary);
              });
      boolean first = true;
      for (Stretch stretch : track.stretches()) {
        AVCodecContext encoder = encoder(stretch.kind(), global);
        if (first) {
          avcodec_parameters_from_context(stream.codecpar(), encoder);
          stream.time_base().num(1).den(stretch.kind().rate());
          first = false;
        }
        encode(encoder, stretch, track.signal(), stream.index(), coded);
      }
    }
    AVIOContext output = new AVIOContext(null);
    check(avio_open(output, file.toString(), AVIO_FLAG_WRITE));
    format.pb(output);
    format.flags(format.flags() | AVFormatContext.AVFMT_FLAG_BITEXACT);
    AVDictionary options = new AVDictionary(null);
    av_dict_set(options, "strict", "-2", 0);
    check(avformat_write_header(format, options));
    av_dict_free(options);
    coded.sort((a, b) -> Double.compare(a.time(), b.time()));
    for (Coded one : coded) {
      AVStream stream = format.streams(one.packet().stream_index());
      av_packet_rescale_ts(one.packet(), one.packet().time_base(), stream.time_base());
      check(av_interleaved_write_frame(format, one.packet()));
      av_packet_free(one.packet());
    }
    check(av_write_trailer(format));
    avio_close(output);
    avformat_free_context(format);
    return coded.get(0).time();
  }

  @SuppressWarnings("deprecation") // what replaces it takes five lines
  private static AVCodecContext encoder(Kind kind, boolean global) {
    AVCodec codec = avcodec_find_encoder_by_name(kind.encoder());
    AVCodecContext encoder = avcodec_alloc_context3(codec);
    encoder.sample_rate(kind.rate());
    encoder.sample_fmt(codec.sample_fmts().get(0));
    check(av_channel_layout_from_string(encoder.ch_layout(), kind.layout()));
    encoder.time_base().num(1).den(kind.rate());
    encoder.bit_rate(128_000);
    encoder.strict_std_compliance(-2);
    encoder.flags(AV_CODEC_FLAG_BITEXACT | (global ? AV_CODEC_FLAG_GLOBAL_HEADER : 0));
    check(avcodec_open2(encoder, codec, (PointerPointer<?>) null));
    return encoder;
  }

  private static void encode(
      AVCodecContext encoder,
      Stretch stretch,
      DoubleUnaryOperator signal,
      int stream,
      List<Coded> coded) {
    int rate = stretch.kind().rate();
    long start = Math.round(stretch.start() * rate);
    long end = Math.round(stretch.end() * rate);
    int step = encoder.frame_size() > 0 ? encoder.frame_size() : Math.max(64, rate / 20);
    AVChannelLayout mono = new AVChannelLayout();
    av_channel_layout_default(mono, 1);
    SwrContext converter = new SwrContext(null);
    swr_alloc_set_opts2(
        converter,
        encoder.ch_layout(),
        encoder.sample_fmt(),
        rate,
        mono,
        AV_SAMPLE_FMT_FLT,
        rate,
        0,
        (Pointer) null);
    int channels = encoder.ch_layout().nb_channels();
    double[] same = new double[channels];
    java.util.Arrays.fill(same, 1);
    swr_set_matrix(converter, same, 1);
    check(swr_init(converter));
    FloatPointer samples = new FloatPointer(step);
    PointerPointer<FloatPointer> in = new PointerPointer<>(1);
    in.put(0, samples);
    for (long at = start; at < end; at += step) {
      int count = (int) Math.min(step, end - at);
      for (int i = 0; i < count; i++) {
        samples.put(i, (float) signal.applyAsDouble((double) (at + i) / rate));
      }
      AVFrame frame = av_frame_alloc();
      frame.nb_samples(count);
      frame.format(encoder.sample_fmt());
      frame.sample_rate(rate);
      av_channel_layout_copy(frame.ch_layout(), encoder.ch_layout());
      check(av_frame_get_buffer(frame, 0));
      check(swr_convert(converter, frame.extended_data(), count, in, count));
      frame.pts(at);
      check(avcodec_send_frame(encoder, frame));
      av_frame_free(frame);
      drain(encoder, stream, coded);
    }
    check(avcodec_send_frame(encoder, null));
    drain(encoder, stream, coded);
    swr_free(converter);
    samples.close();
    avcodec_free_context(encoder);
  }

  private static void drain(AVCodecContext encoder, int stream, List<Coded> coded) {
    while (true) {
      AVPacket packet = av_packet_alloc();
      int code = avcodec_receive_packet(encoder, packet);
      if (code < 0) {
        av_packet_free(packet);
        return;
      }
      if (packet.size() == 0) {
        av_packet_free(packet); // FLAC's last word on the whole, for a header that is written
        continue;
      }
      packet.stream_index(stream);
      packet.time_base().num(encoder.time_base().num()).den(encoder.time_base().den());
      double tick = av_q2d(encoder.time_base());
      coded.add(new Coded(packet, packet.dts() * tick));
    }
  }

  private static AVCodecContext pictureEncoder(boolean global) {
    AVCodec codec = avcodec_find_encoder_by_name("mpeg4");
    AVCodecContext encoder = avcodec_alloc_context3(codec);
    encoder.width(32).height(32).pix_fmt(AV_PIX_FMT_YUV420P);
    encoder.time_base().num(1).den(60_000);
    encoder.framerate().num(25).den(1);
    encoder.gop_size(25);
    encoder.flags(AV_CODEC_FLAG_BITEXACT | (global ? AV_CODEC_FLAG_GLOBAL_HEADER : 0));
    check(avcodec_open2(encoder, codec, (PointerPointer<?>) null));
    return encoder;
  }

  private static void encodePictures(
      AVCodecContext encoder, List<Double> pictures, List<Coded> coded) {
    AVFrame frame = av_frame_alloc();
    frame.width(32).height(32).format(AV_PIX_FMT_YUV420P);
    check(av_frame_get_buffer(frame, 0));
    for (double time : pictures) {
      av_frame_make_writable(frame);
      for (int plane = 0; plane < 3; plane++) {
        int rows = plane == 0 ? 32 : 16;
        Pointer.memset(frame.data(plane), 128, (long) rows * frame.linesize(plane));
      }
      frame.pts(Math.round(time * 60_000));
      check(avcodec_send_frame(encoder, frame));
      drain(encoder, 0, coded);
    }
    check(avcodec_send_frame(encoder, null));
    drain(encoder, 0, coded);
    av_frame_free(frame);
    avcodec_free_context(encoder);
  }

  private static void check(int code) {
    if (code < 0) {
      throw new IllegalStateException("FFmpeg: " + Ffmpeg.errorText(code));
    }
  }
}
