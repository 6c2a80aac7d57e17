package io.moviechat.video;

import org.bytedeco.ffmpeg.avcodec.AVCodecParameters;
import org.bytedeco.javacpp.BytePointer;

/** Reads the one thing of an H.264 header that FFmpeg does not hand on. */
final class H264 {
  private static final int SPS = 7;
  private static final int NAL_TYPE = 0x1f;

  private H264() {}

  /**
   * Whether all sequence parameter sets of a video's header say {@code frame_mbs_only_flag}: then
   * no picture of it can be coded as fields. False also if the header cannot be read.
   */
  static boolean hasFramesOnly(AVCodecParameters video) {
    BytePointer data = video.extradata();
    if (data == null || video.extradata_size() < 8) {
      return false;
    }
    byte[] header = new byte[video.extradata_size()];
    data.get(header);
    boolean any = false;
    try {
      if (header[0] == 1) { // ISO 14496-15: lengths in front
        int sets = header[5] & 0x1f;
        int at = 6;
        for (int i = 0; i < sets; i++) {
          int length = (header[at] & 0xff) << 8 | (header[at + 1] & 0xff);
          if (!framesOnly(header, at + 2, at + 2 + length)) {
            return false;
          }
          any = true;
          at += 2 + length;
        }
        return any;
      }
      for (int at = 0; at + 3 < header.length; at++) { // Annex B: start codes
        boolean start = header[at] == 0 && header[at + 1] == 0 && header[at + 2] == 1;
        if (start && (header[at + 3] & NAL_TYPE) == SPS) {
          if (!framesOnly(header, at + 3, header.length)) {
            return false;
          }
          any = true;
        }
      }
      return any;
    } catch (ArrayIndexOutOfBoundsException e) {
      return false; // cut off: FFmpeg decides what that is worth
    }
  }

  /** ITU-T H.264, 7.3.2.1.1, up to frame_mbs_only_flag. */
  private static boolean framesOnly(byte[] header, int from, int to) {
    Bits bits = new Bits(header, from + 1, to);
    int profile = bits.read(8);
    bits.read(16);
    bits.unsigned();
    if (hasChromaFormat(profile)) {
      if (bits.unsigned() == 3) {
        bits.read(1);
      }
      bits.unsigned();
      bits.unsigned();
      bits.read(1);
      if (bits.read(1) == 1) {
        return false; // scaling lists, which nobody who writes fields uses; the parser will tell
      }
    }
    bits.unsigned();
    int order = bits.unsigned();
    if (order == 0) {
      bits.unsigned();
    } else if (order == 1) {
      bits.read(1);
      bits.unsigned();
      bits.unsigned();
      for (int i = bits.unsigned(); i > 0; i--) {
        bits.unsigned();
      }
    }
    bits.unsigned();
    bits.read(1);
    bits.unsigned();
    bits.unsigned();
    return bits.read(1) == 1;
  }

  private static boolean hasChromaFormat(int profile) {
    return switch (profile) {
      case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135 -> true;
      default -> false;
    };
  }

  /** Bits of a NAL unit, without the bytes that only keep start codes out of it. */
  private static final class Bits {
    private final byte[] data;
    private final int to;
    private int at;
    private int left = 8;
    private int zeros;

    Bits(byte[] data, int from, int to) {
      this.data = data;
      this.at = from;
      this.to = to;
    }

    int read(int count) {
      int value = 0;
      for (int i = 0; i < count; i++) {
        if (left == 0) {
          zeros = data[at] == 0 ? zeros + 1 : 0;
          at++;
          if (zeros >= 2 && at < to && data[at] == 3) {
            at++;
            zeros = 0;
          }
          left = 8;
        }
        if (at >= to) {
          throw new ArrayIndexOutOfBoundsException(at);
        }
        left--;
        value = value << 1 | (data[at] >> left & 1);
      }
      return value;
    }

    /** An Exp-Golomb number. */
    int unsigned() {
      int zerosBefore = 0;
      while (read(1) == 0) {
        if (++zerosBefore > 31) {
          throw new ArrayIndexOutOfBoundsException(at);
        }
      }
      return (1 << zerosBefore) - 1 + read(zerosBefore);
    }
  }
}
