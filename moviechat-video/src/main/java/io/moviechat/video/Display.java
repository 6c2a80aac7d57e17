package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_DISPLAYMATRIX;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_FRAME_CROPPING;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_side_data_get;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.ffmpeg.avcodec.AVCodecParameters;
import org.bytedeco.ffmpeg.avcodec.AVPacketSideData;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.jspecify.annotations.Nullable;

/**
 * How stored pictures are shown, as the container says. Where it contradicts the codec, the
 * container is right: whoever corrects a video changes the container.
 *
 * @param crop what is cut off first
 * @param orientation how the rest is turned
 * @param aspectNumerator width of a pixel, 0 if the container says nothing
 * @param aspectDenominator height of a pixel
 */
record Display(Crop crop, Orientation orientation, int aspectNumerator, int aspectDenominator) {
  /** Rows and columns that are not shown. */
  record Crop(int top, int bottom, int left, int right) {
    static final Crop NONE = new Crop(0, 0, 0, 0);

    /** Unless nothing would be left. */
    boolean fits(int width, int height) {
      return !equals(NONE)
          && top >= 0
          && bottom >= 0
          && left >= 0
          && right >= 0
          && (long) left + right < width
          && (long) top + bottom < height;
    }
  }

  static Display of(AVStream stream) {
    AVCodecParameters parameters = stream.codecpar();
    AVPacketSideData side = parameters.coded_side_data();
    int count = parameters.nb_coded_side_data();
    AVRational aspect = stream.sample_aspect_ratio();
    return new Display(crop(side, count), orientation(side, count), aspect.num(), aspect.den());
  }

  /** The orientation that a container asks for; anything but right angles counts as upright. */
  static Orientation orientation(@Nullable AVPacketSideData all, int count) {
    ByteBuffer matrix = find(all, count, AV_PKT_DATA_DISPLAYMATRIX, 36);
    return matrix == null ? Orientation.UPRIGHT : Orientation.of(matrix);
  }

  private static Crop crop(@Nullable AVPacketSideData all, int count) {
    ByteBuffer sides = find(all, count, AV_PKT_DATA_FRAME_CROPPING, 16);
    return sides == null
        ? Crop.NONE
        : new Crop(sides.getInt(), sides.getInt(), sides.getInt(), sides.getInt());
  }

  /** Data of a kind that the container has for a whole stream; null if it is not there. */
  static @Nullable ByteBuffer find(AVStream stream, int type, int bytes) {
    AVCodecParameters parameters = stream.codecpar();
    return find(parameters.coded_side_data(), parameters.nb_coded_side_data(), type, bytes);
  }

  private static @Nullable ByteBuffer find(
      @Nullable AVPacketSideData all, int count, int type, int bytes) {
    if (all == null || count == 0) {
      return null;
    }
    AVPacketSideData side = av_packet_side_data_get(all, count, type);
    if (side == null || side.isNull() || side.size() < bytes) {
      return null;
    }
    byte[] copy = new byte[bytes];
    side.data().get(copy);
    ByteOrder order =
        type == AV_PKT_DATA_FRAME_CROPPING ? ByteOrder.LITTLE_ENDIAN : ByteOrder.nativeOrder();
    return ByteBuffer.wrap(copy).order(order);
  }

  Display withOrientation(Orientation other) {
    return new Display(crop, other, aspectNumerator, aspectDenominator);
  }

  /**
   * The size of an upright picture with square pixels.
   *
   * @param width of a stored picture, cut off already
   * @param codecAspect what the codec says of its pixels
   */
  Geometry size(int width, int height, AVRational codecAspect) {
    boolean own = aspectNumerator > 0 && aspectDenominator > 0;
    double numerator = own ? aspectNumerator : codecAspect.num();
    double denominator = own ? aspectDenominator : codecAspect.den();
    double aspect = numerator > 0 && denominator > 0 ? numerator / denominator : 1;
    if (aspect < 0.1 || aspect > 10) {
      aspect = 1; // no camera has such pixels: the container is wrong
    }
    long wide = Math.max(1, Math.round(width * aspect));
    return Geometry.upright(
        orientation.swapsSides() ? height : wide, orientation.swapsSides() ? wide : height);
  }
}
