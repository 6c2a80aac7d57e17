package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_H264;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PICTURE_STRUCTURE_BOTTOM_FIELD;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PICTURE_STRUCTURE_FRAME;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PICTURE_STRUCTURE_TOP_FIELD;
import static org.bytedeco.ffmpeg.global.avcodec.av_grow_packet;
import static org.bytedeco.ffmpeg.global.avcodec.av_parser_close;
import static org.bytedeco.ffmpeg.global.avcodec.av_parser_init;
import static org.bytedeco.ffmpeg.global.avcodec.av_parser_parse2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_to_context;

import io.moviechat.VideoException;
import java.util.Optional;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVCodecParameters;
import org.bytedeco.ffmpeg.avcodec.AVCodecParserContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * Tells which packets of an H.264 video hold one field of a picture instead of a whole one, as
 * camcorders (AVCHD) and broadcasts write them, and puts both fields into one packet: whatever
 * leaves packets out, takes one alone or counts them may then think of pictures.
 */
final class FieldPairs implements AutoCloseable {
  private final AVCodecParserContext parser;
  private final AVCodecContext context;
  private final PointerPointer<BytePointer> output = new PointerPointer<>(1);
  private final IntPointer outputSize = new IntPointer(1);

  private FieldPairs(AVCodecParserContext parser, AVCodecContext context) {
    this.parser = parser;
    this.context = context;
  }

  /** Empty if no picture of the video can be cut into fields. */
  static Optional<FieldPairs> of(AVCodecParameters video) {
    if (video.codec_id() != AV_CODEC_ID_H264 || H264.hasFramesOnly(video)) {
      return Optional.empty();
    }
    AVCodecParserContext parser = av_parser_init(AV_CODEC_ID_H264);
    if (parser == null) {
      return Optional.empty();
    }
    parser.flags(AVCodecParserContext.PARSER_FLAG_COMPLETE_FRAMES);
    AVCodecContext context = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
    if (context == null) {
      av_parser_close(parser);
    }
    avcodec_parameters_to_context(Ffmpeg.allocated(context), video);
    return Optional.of(new FieldPairs(parser, context));
  }

  /** Which part of a picture a packet holds: FFmpeg's AV_PICTURE_STRUCTURE. */
  int structure(AVPacket packet) {
    av_parser_parse2(
        parser,
        context,
        output,
        outputSize,
        packet.data(),
        packet.size(),
        packet.pts(),
        packet.dts(),
        packet.pos());
    return parser.picture_structure();
  }

  static boolean isField(int structure) {
    return structure == AV_PICTURE_STRUCTURE_TOP_FIELD
        || structure == AV_PICTURE_STRUCTURE_BOTTOM_FIELD;
  }

  /** Whether two structures are the two fields of a picture. */
  static boolean areOnePicture(int first, int second) {
    return isField(first) && first + second == AV_PICTURE_STRUCTURE_FRAME;
  }

  /** Appends the second field's packet to the first's. */
  static void join(AVPacket first, AVPacket second, String name) {
    int size = first.size();
    int code = av_grow_packet(first, second.size());
    if (code < 0) {
      throw new VideoException(
          name + ": two fields could not be joined (FFmpeg: " + Ffmpeg.errorText(code) + ")");
    }
    Pointer.memcpy(first.data().getPointer(size), second.data(), second.size());
    first.duration(first.duration() + second.duration());
  }

  @Override
  public void close() {
    av_parser_close(parser);
    avcodec_free_context(context);
    output.close();
    outputSize.close();
  }
}
