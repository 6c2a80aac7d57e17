package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avutil.*;
import static org.bytedeco.ffmpeg.global.swscale.*;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.VideoException;
import io.moviechat.spi.NativeOwner;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.avutil.AVPixFmtDescriptor;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;

/**
 * Turns decoded pictures into upright RGB frames of a wanted size. Follows changes of size, pixel
 * format and colours in the middle of a video.
 */
final class Scaler implements AutoCloseable {
  private static final int MAX_SIDE = 16384;
  private static final int ALIGNMENT = 64;

  private final String name;
  private final FrameFormat format;
  private final Orientation orientation;
  private final NativeOwner owner;
  private final AVFrame target = av_frame_alloc();
  private @Nullable SwsContext context;
  private @Nullable BytePointer scratch;
  private Source source = new Source(0, 0, 0, 0, 0, 1, 1);
  private Geometry geometry = new Geometry(1, 1, 1, 1);

  Scaler(String name, FrameFormat format, Orientation orientation) {
    this.name = name;
    this.format = format;
    this.orientation = orientation;
    this.owner = NativeOwner.open(this, "scaler of " + name);
  }

  /** What a conversion depends on. */
  private record Source(
      int width,
      int height,
      int pixelFormat,
      int colorSpace,
      int fullRange,
      int aspectNumerator,
      int aspectDenominator) {}

  /**
   * Sizes, upright.
   *
   * @param scaledWidth width of the whole picture after scaling
   * @param scaledHeight height of the whole picture after scaling
   * @param width width of the frame: part of the scaled picture, or more
   * @param height height of the frame
   */
  record Geometry(int scaledWidth, int scaledHeight, int width, int height) {
    static Geometry of(FrameFormat format, long displayWidth, long displayHeight) {
      double w = displayWidth;
      double h = displayHeight;
      double inside = Math.min(format.width() / w, format.height() / h);
      double covering = Math.max(format.width() / w, format.height() / h);
      return switch (format.fit()) {
        case ORIGINAL -> {
          double limit = Math.min(1, Math.min(MAX_SIDE / w, MAX_SIDE / h));
          yield whole(side(w * limit), side(h * limit));
        }
        case STRETCH -> whole(format.width(), format.height());
        case INSIDE -> whole(side(w * inside), side(h * inside));
        case PAD ->
            new Geometry(
                Math.min(format.width(), side(w * inside)),
                Math.min(format.height(), side(h * inside)),
                format.width(),
                format.height());
        case COVER_AND_CROP ->
            new Geometry(
                Math.max(format.width(), side(w * covering)),
                Math.max(format.height(), side(h * covering)),
                format.width(),
                format.height());
      };
    }

    private static Geometry whole(int width, int height) {
      return new Geometry(width, height, width, height);
    }

    private static int side(double pixels) {
      return (int) Math.max(1, Math.min(4 * MAX_SIDE, Math.round(pixels)));
    }

    boolean isWhole() {
      return scaledWidth == width && scaledHeight == height;
    }
  }

  /** The size of an upright picture with square pixels. */
  static Geometry display(
      int width, int height, int aspectNumerator, int aspectDenominator, Orientation orientation) {
    double aspect =
        aspectNumerator > 0 && aspectDenominator > 0
            ? (double) aspectNumerator / aspectDenominator
            : 1;
    if (aspect < 0.1 || aspect > 10) {
      aspect = 1; // no camera has such pixels: the container is wrong
    }
    long wide = Math.max(1, Math.round(width * aspect));
    return Geometry.of(
        FrameFormat.ORIGINAL,
        orientation.swapsSides() ? height : wide,
        orientation.swapsSides() ? wide : height);
  }

  /** Converts a picture into a frame with a buffer of the pool. */
  Frame convert(AVFrame picture, long nanos, FramePool pool) {
    prepare(picture);
    int bytes = 3 * geometry.width() * geometry.height();
    FramePool.Buffer buffer = pool.take(bytes);
    boolean done = false;
    try {
      convert(picture, buffer, bytes);
      done = true;
      return pool.frame(buffer, nanos, geometry.width(), geometry.height());
    } finally {
      if (!done) {
        pool.giveBack(buffer);
      }
    }
  }

  private void convert(AVFrame picture, FramePool.Buffer buffer, int bytes) {
    BytePointer room = scratch;
    if (room == null) {
      target.data(0, buffer.pointer()).linesize(0, 3 * geometry.width());
      scale(picture);
      return;
    }
    boolean swap = orientation.swapsSides();
    int width = swap ? geometry.scaledHeight() : geometry.scaledWidth();
    int height = swap ? geometry.scaledWidth() : geometry.scaledHeight();
    int stride = stride(width);
    target.data(0, room).linesize(0, stride);
    scale(picture);
    if (geometry.isWhole()) {
      orientation.apply(room.asByteBuffer(), stride, width, height, buffer.bytes());
      return;
    }
    BytePointer upright = room;
    int uprightStride = stride;
    if (!orientation.isUpright()) {
      // The turned picture lies behind the scaled one.
      upright = room.getPointer((long) stride * height).capacity(3L * width * height);
      uprightStride = 3 * geometry.scaledWidth();
      orientation.apply(room.asByteBuffer(), stride, width, height, upright.asByteBuffer());
    }
    int cutX = Math.max(0, geometry.scaledWidth() - geometry.width()) / 2;
    int cutY = Math.max(0, geometry.scaledHeight() - geometry.height()) / 2;
    int padX = Math.max(0, geometry.width() - geometry.scaledWidth()) / 2;
    int padY = Math.max(0, geometry.height() - geometry.scaledHeight()) / 2;
    if (padX > 0
        || padY > 0
        || geometry.scaledWidth() < geometry.width()
        || geometry.scaledHeight() < geometry.height()) {
      Pointer.memset(buffer.pointer(), 0, bytes);
    }
    av_image_copy_plane(
        at(buffer.pointer(), 3L * (padY * (long) geometry.width() + padX)),
        3 * geometry.width(),
        at(upright, (long) cutY * uprightStride + 3L * cutX),
        uprightStride,
        3 * Math.min(geometry.width(), geometry.scaledWidth()),
        Math.min(geometry.height(), geometry.scaledHeight()));
  }

  private static BytePointer at(BytePointer pointer, long offset) {
    return pointer.getPointer(offset);
  }

  private static int stride(int width) {
    return (3 * width + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  private void scale(AVFrame picture) {
    int rows =
        sws_scale(
            context,
            picture.data(),
            picture.linesize(),
            0,
            picture.height(),
            target.data(),
            target.linesize());
    if (rows < 0) {
      throw new VideoException(name + ": a frame could not be scaled");
    }
  }

  private void prepare(AVFrame picture) {
    AVRational aspect = picture.sample_aspect_ratio();
    int pixelFormat = picture.format();
    int plain = withoutRange(pixelFormat);
    boolean full =
        picture.color_range() == AVCOL_RANGE_JPEG
            || plain != pixelFormat
            || (picture.color_range() == AVCOL_RANGE_UNSPECIFIED && isGray(plain));
    Source now =
        new Source(
            picture.width(),
            picture.height(),
            plain,
            picture.colorspace(),
            full ? 1 : 0,
            aspect.num(),
            aspect.den());
    if (context != null && now.equals(source)) {
      return;
    }
    free();
    source = now;
    Geometry display =
        display(now.width, now.height, now.aspectNumerator, now.aspectDenominator, orientation);
    geometry = Geometry.of(format, display.width(), display.height());
    boolean swap = orientation.swapsSides();
    int width = swap ? geometry.scaledHeight() : geometry.scaledWidth();
    int height = swap ? geometry.scaledWidth() : geometry.scaledHeight();
    if (3L * geometry.scaledWidth() * geometry.scaledHeight() > Integer.MAX_VALUE - (1 << 20)) {
      throw new VideoException(
          String.format(
              "%s: a picture of %d x %d pixels scaled to %d x %d is too large",
              name, now.width, now.height, geometry.scaledWidth(), geometry.scaledHeight()));
    }
    context = open(now, width, height);
    if (!orientation.isUpright() || !geometry.isWhole()) {
      long bytes = (long) stride(width) * height + ALIGNMENT;
      if (!orientation.isUpright() && !geometry.isWhole()) {
        bytes += 3L * width * height;
      }
      scratch = new BytePointer(bytes + 256);
    }
  }

  private SwsContext open(Source from, int width, int height) {
    SwsContext sws = sws_alloc_context();
    sws.src_w(from.width).src_h(from.height).src_format(from.pixelFormat);
    sws.dst_w(width).dst_h(height).dst_format(AV_PIX_FMT_RGB24);
    sws.src_range(from.fullRange).dst_range(1);
    // What is transparent shows black, as in a player.
    sws.alpha_blend(SWS_ALPHA_BLEND_UNIFORM);
    int flags = SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP;
    switch (format.resampling()) {
      case BILINEAR -> flags |= SWS_BILINEAR;
      case BICUBIC -> {
        flags |= SWS_BICUBIC;
        sws.scaler_params(0, 0).scaler_params(1, 0.5); // Catmull-Rom, as Pillow's
      }
      case LANCZOS -> flags |= SWS_LANCZOS;
    }
    sws.flags(flags);
    int code = sws_init_context(sws, null, null);
    if (code < 0) {
      sws_freeContext(sws);
      throw new VideoException(
          String.format(
              "%s: pictures of %d x %d pixels in %s cannot be scaled to %d x %d (FFmpeg: %s)",
              name,
              from.width,
              from.height,
              pixelFormatName(from.pixelFormat),
              width,
              height,
              Ffmpeg.errorText(code)));
    }
    IntPointer table = sws_getCoefficients(from.colorSpace);
    sws_setColorspaceDetails(sws, table, from.fullRange, table, 1, 0, 1 << 16, 1 << 16);
    return sws;
  }

  private static String pixelFormatName(int pixelFormat) {
    BytePointer text = av_get_pix_fmt_name(pixelFormat);
    return text == null || text.isNull() ? "pixel format " + pixelFormat : text.getString();
  }

  /** Grey pictures use the full range where nothing else is said. */
  private static boolean isGray(int pixelFormat) {
    AVPixFmtDescriptor descriptor = av_pix_fmt_desc_get(pixelFormat);
    return descriptor != null
        && descriptor.nb_components() <= 2
        && (descriptor.flags() & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) == 0;
  }

  /** The formats with a J are the same with full range, and FFmpeg warns of them. */
  private static int withoutRange(int pixelFormat) {
    if (pixelFormat == AV_PIX_FMT_YUVJ420P) {
      return AV_PIX_FMT_YUV420P;
    }
    if (pixelFormat == AV_PIX_FMT_YUVJ422P) {
      return AV_PIX_FMT_YUV422P;
    }
    if (pixelFormat == AV_PIX_FMT_YUVJ444P) {
      return AV_PIX_FMT_YUV444P;
    }
    if (pixelFormat == AV_PIX_FMT_YUVJ440P) {
      return AV_PIX_FMT_YUV440P;
    }
    return pixelFormat;
  }

  private void free() {
    if (context != null) {
      sws_freeContext(context);
      context = null;
    }
    if (scratch != null) {
      scratch.close();
      scratch = null;
    }
  }

  @Override
  public void close() {
    free();
    av_frame_free(target);
    owner.close();
  }
}
