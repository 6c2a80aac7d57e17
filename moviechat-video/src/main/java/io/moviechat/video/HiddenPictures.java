package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_VP8;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_VP9;

import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVStream;

/** VP8 and VP9 have pictures that are only referred to and never shown, in packets of their own. */
final class HiddenPictures {
  private static final int VP8_SHOWN = 0x10;

  private HiddenPictures() {}

  static boolean isShown(AVStream stream, AVPacket packet) {
    int codec = stream.codecpar().codec_id();
    if (packet.size() < 1 || (codec != AV_CODEC_ID_VP8 && codec != AV_CODEC_ID_VP9)) {
      return true;
    }
    int first = packet.data().get(0) & 0xff;
    return codec == AV_CODEC_ID_VP8 ? (first & VP8_SHOWN) != 0 : vp9IsShown(first, packet);
  }

  /** VP9 bitstream specification, 6.2; a superframe (Annex B) ends with a picture that is shown. */
  private static boolean vp9IsShown(int first, AVPacket packet) {
    int last = packet.data().get(packet.size() - 1) & 0xff;
    if ((last & 0xe0) == 0xc0) {
      return true;
    }
    boolean reservedBit = (first & 0x30) == 0x30; // profile 3
    int bits = first << (reservedBit ? 1 : 0);
    boolean showExisting = (bits & 0x08) != 0;
    return showExisting || (bits & 0x02) != 0;
  }
}
