package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avutil.AVCOL_PRI_BT2020;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_PRI_UNSPECIFIED;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_TRC_ARIB_STD_B67;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_TRC_SMPTE2084;

/**
 * Turns HDR pixels (PQ or HLG) into the pixels of an ordinary video.
 *
 * <p>Four steps for each pixel, with light in units of 203 cd/m2, the white of paper in HDR video
 * (ITU-R BT.2408):
 *
 * <ol>
 *   <li>The transfer function of ITU-R BT.2100 gives light; for HLG that of a display of 1,000
 *       cd/m2, its system gamma of 1.2 included.
 *   <li>The primaries of BT.2020 become those of BT.709; what BT.709 cannot show is cut at zero.
 *   <li>The brightest channel m becomes f(m), the others keep their ratio to it, so that colours
 *       keep their hue. f(m) = m up to K = 0.5; above, f(m) = 1 - (1 - K)^2 / (m - 2K + 1), which
 *       goes on with the same slope and reaches 1 at infinity: paper white becomes 0.75, 1,000
 *       cd/m2 become 0.95.
 *   <li>The inverse of the display's gamma of 2.4 (BT.1886) gives the byte.
 * </ol>
 *
 * <p>The curve is always the same: it looks at no other pixel, frame or metadata, so a frame does
 * not depend on how it was reached.
 */
final class ToneMap {
  private static final double PAPER_WHITE = 203;
  private static final double HLG_PEAK = 1000;
  private static final double HLG_GAMMA = 1.2;
  private static final float KNEE = 0.5f;
  private static final double DISPLAY_GAMMA = 2.4;

  /** Codes are looked up with 12 bits, the most that HDR video has. */
  private static final int CODE_SHIFT = 4;

  private static final int STEPS = 4096;

  private final boolean hlg;
  private final boolean wide;
  private final float[] light = new float[STEPS];
  private final byte[] codes = new byte[STEPS];

  /**
   * @param transfer for which {@link #isHdr} is true
   * @param primaries FFmpeg's number; BT.2020 if unspecified
   */
  ToneMap(int transfer, int primaries) {
    this.hlg = transfer == AVCOL_TRC_ARIB_STD_B67;
    this.wide = primaries == AVCOL_PRI_BT2020 || primaries == AVCOL_PRI_UNSPECIFIED;
    for (int i = 0; i < STEPS; i++) {
      double code = (double) i / (STEPS - 1);
      light[i] = (float) (hlg ? sceneLightOfHlg(code) : lightOfPq(code) / PAPER_WHITE);
      // Steps of the square root of light: fine where the eye is.
      codes[i] = (byte) Math.round(255 * Math.pow(code * code, 1 / DISPLAY_GAMMA));
    }
  }

  /** Whether a transfer characteristic is one of those that are mapped. */
  static boolean isHdr(int transfer) {
    return transfer == AVCOL_TRC_SMPTE2084 || transfer == AVCOL_TRC_ARIB_STD_B67;
  }

  /** BT.2100 table 4: cd/m2 of a PQ code of 0 to 1. */
  private static double lightOfPq(double code) {
    double m1 = 2610 / 16384.0;
    double m2 = 2523 / 4096.0 * 128;
    double c1 = 3424 / 4096.0;
    double c2 = 2413 / 4096.0 * 32;
    double c3 = 2392 / 4096.0 * 32;
    double power = Math.pow(code, 1 / m2);
    return 10_000 * Math.pow(Math.max(0, power - c1) / (c2 - c3 * power), 1 / m1);
  }

  /** BT.2100 table 5: scene light, 0 to 1, of an HLG code of 0 to 1. */
  private static double sceneLightOfHlg(double code) {
    double a = 0.17883277;
    double b = 1 - 4 * a;
    double c = 0.5 - a * Math.log(4 * a);
    return code <= 0.5 ? code * code / 3 : (Math.exp((code - c) / a) + b) / 12;
  }

  /**
   * Maps a row of pixels.
   *
   * @param deep red, green, blue: codes of 16 bits, full range
   * @param target takes as many of red, green, blue
   */
  void apply(short[][] deep, byte[][] target) {
    short[] reds = deep[0];
    short[] greens = deep[1];
    short[] blues = deep[2];
    for (int i = 0; i < reds.length; i++) {
      float r = light[(reds[i] & 0xffff) >> CODE_SHIFT];
      float g = light[(greens[i] & 0xffff) >> CODE_SHIFT];
      float b = light[(blues[i] & 0xffff) >> CODE_SHIFT];
      if (hlg) {
        double scene = 0.2627 * r + 0.6780 * g + 0.0593 * b;
        float gain = (float) (HLG_PEAK / PAPER_WHITE * Math.pow(scene, HLG_GAMMA - 1));
        r *= gain;
        g *= gain;
        b *= gain;
      }
      if (wide) {
        // BT.2087, annex 2.
        float red = 1.6605f * r - 0.5876f * g - 0.0728f * b;
        float green = -0.1246f * r + 1.1329f * g - 0.0083f * b;
        float blue = -0.0182f * r - 0.1006f * g + 1.1187f * b;
        r = Math.max(0, red);
        g = Math.max(0, green);
        b = Math.max(0, blue);
      }
      float brightest = Math.max(r, Math.max(g, b));
      if (brightest > KNEE) {
        float gain = (1 - (1 - KNEE) * (1 - KNEE) / (brightest - 2 * KNEE + 1)) / brightest;
        r *= gain;
        g *= gain;
        b *= gain;
      }
      target[0][i] = codeOf(r);
      target[1][i] = codeOf(g);
      target[2][i] = codeOf(b);
    }
  }

  private byte codeOf(float value) {
    return codes[(int) (Math.sqrt(value) * (STEPS - 1) + 0.5)];
  }
}
