package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avutil.*;
import static org.bytedeco.ffmpeg.global.swscale.*;

import io.moviechat.VideoException;
import io.moviechat.internal.ResourceStack;
import java.nio.ByteBuffer;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;

/** The picture that an encoder is given, filled from packed RGB. One call at a time. */
final class EncoderPicture implements AutoCloseable {
  /** FFmpeg's vector code may read past the last row. */
  private static final int SLACK = 64;

  private final int height;
  private final int bytes;
  private final AVFrame picture;
  private final BytePointer pixels;
  private final AVFrame rgb;
  private final SwsContext scaler;
  private final ResourceStack resources;

  /**
   * @param name of the video, for messages
   * @param pixelFormat FFmpeg's number of what the encoder wants
   * @param colorSpace FFmpeg's number of the matrix, or unspecified
   * @throws VideoException if RGB cannot be converted to that
   */
  EncoderPicture(String name, int width, int height, int pixelFormat, int colorSpace) {
    this.height = height;
    this.bytes = 3 * width * height;
    try (ResourceStack opening = new ResourceStack()) {
      picture = Ffmpeg.allocated(av_frame_alloc());
      opening.push(() -> av_frame_free(picture));
      picture.width(width).height(height).format(pixelFormat);
      int code = av_frame_get_buffer(picture, 0);
      if (code < 0) {
        throw new VideoException(
            name + ": no picture could be allocated (FFmpeg: " + Ffmpeg.errorText(code) + ")");
      }
      Ffmpeg.afterStep.run();
      pixels = opening.push(new BytePointer((long) bytes + SLACK));
      rgb = Ffmpeg.allocated(av_frame_alloc());
      opening.push(() -> av_frame_free(rgb));
      rgb.data(0, pixels).linesize(0, 3 * width);
      scaler = scaler(name, width, height, pixelFormat);
      opening.push(() -> sws_freeContext(scaler));
      if (colorSpace != AVCOL_SPC_UNSPECIFIED) {
        IntPointer table = sws_getCoefficients(colorSpace);
        sws_setColorspaceDetails(scaler, table, 1, table, 0, 0, 1 << 16, 1 << 16);
      }
      resources = opening.release();
    }
  }

  private static SwsContext scaler(String name, int width, int height, int pixelFormat) {
    SwsContext scaler =
        sws_getContext(
            width,
            height,
            AV_PIX_FMT_RGB24,
            width,
            height,
            pixelFormat,
            SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP,
            null,
            null,
            (double[]) null);
    if (scaler == null) {
      throw new VideoException(name + ": FFmpeg cannot convert RGB to what its encoder wants");
    }
    return scaler;
  }

  /**
   * Fills the picture.
   *
   * @param source {@code 3 * width * height} remaining bytes; its position does not move
   * @return FFmpeg's error code, negative if there was no memory for another picture
   */
  int fill(ByteBuffer source) {
    pixels.position(0).capacity(bytes).asByteBuffer().put(source.duplicate());
    int code = av_frame_make_writable(picture); // the encoder may still hold the one before
    if (code >= 0) {
      sws_scale(scaler, rgb.data(), rgb.linesize(), 0, height, picture.data(), picture.linesize());
    }
    return code;
  }

  /** The picture in the encoder's format; the same object each time. */
  AVFrame frame() {
    return picture;
  }

  @Override
  public void close() {
    resources.close();
  }
}
