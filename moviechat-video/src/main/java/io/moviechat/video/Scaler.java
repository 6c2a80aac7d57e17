package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avutil.*;
import static org.bytedeco.ffmpeg.global.swscale.*;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.VideoException;
import io.moviechat.internal.NativeOwner;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.avutil.AVPixFmtDescriptor;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.ShortPointer;
import org.jspecify.annotations.Nullable;

/**
 * Turns decoded pictures into upright RGB frames of a wanted size. Follows changes of size, pixel
 * format and colours in the middle of a video.
 *
 * <p>libswscale scales to three planes, green, blue and red: for packed RGB with colours of full
 * resolution it has no vector code, and takes twice the time for the same bytes. HDR pictures are
 * scaled to planes of 16 bits and tone mapped there. Turning, cutting and interleaving are left to
 * Java, on the few pixels of the scaled picture.
 */
final class Scaler implements AutoCloseable {
  private static final int ALIGNMENT = 64;

  /** FFmpeg's scaler may write some bytes past the end of the last row. */
  private static final int SLACK = 256;

  /** Where red, green and blue lie among FFmpeg's planes. */
  private static final int[] PLANE_OF_CHANNEL = {2, 0, 1};

  private final String name;
  private final FrameFormat format;
  private final Display display;
  private final Orientation orientation;
  private final boolean deinterlace;
  private final PlainAlpha plainAlpha;
  private final NativeOwner owner;
  private final PointerPointer<BytePointer> inputPlanes = new PointerPointer<>(4);
  private final IntPointer inputStrides = new IntPointer(4);
  private final PointerPointer<BytePointer> scaledPlanes = new PointerPointer<>(4);
  private final IntPointer scaledStrides = new IntPointer(4);
  private @Nullable SwsContext context;
  private @Nullable BytePointer scaled;
  private @Nullable ToneMap toneMap;
  private Source source = new Source(0, 0, 0, 0, 0, 1, 1, 0, 0, Field.BOTH);
  private Geometry geometry = new Geometry(1, 1, 1, 1);
  private int scaledWidth;
  private int scaledHeight;
  private @Nullable ShortPointer deepScaled;
  private byte[] row = new byte[0];
  private byte[][] lines = new byte[3][0];
  private short[][] deepLines = new short[3][0];
  private byte[][] turned = new byte[3][0];

  Scaler(String name, FrameFormat format, Display display, boolean deinterlace) {
    this.name = name;
    this.format = format;
    this.display = display;
    this.orientation = display.orientation();
    this.deinterlace = deinterlace;
    this.plainAlpha = new PlainAlpha(name);
    this.owner = NativeOwner.open(this, "scaler of " + name);
  }

  /** Which rows of a picture are looked at. */
  private enum Field {
    BOTH,
    /** Rows 0, 2, 4 ... */
    TOP,
    /** Rows 1, 3, 5 ... */
    BOTTOM
  }

  /** What a conversion depends on. */
  private record Source(
      int width,
      int height,
      int pixelFormat,
      int colorSpace,
      int fullRange,
      int aspectNumerator,
      int aspectDenominator,
      int primaries,
      int transfer,
      Field field) {}

  /**
   * Converts a picture into a frame of the pool.
   *
   * @throws IllegalStateException if too many frames stay open, or the pool is closed
   */
  Frame convert(AVFrame picture, long nanos, FramePool pool) {
    return pool.frame(fill(picture, nanos, pool));
  }

  /**
   * Converts a picture into a buffer of the pool.
   *
   * @throws IllegalStateException if the pool is closed
   */
  FramePool.Buffer fill(AVFrame picture, long nanos, FramePool pool) {
    scale(picture);
    FramePool.Buffer buffer = pool.take(3 * geometry.width() * geometry.height());
    boolean done = false;
    try {
      interleave(buffer.bytes());
      buffer.is(nanos, geometry.width(), geometry.height());
      done = true;
      return buffer;
    } finally {
      if (!done) {
        pool.drop(buffer);
      }
    }
  }

  private void interleave(ByteBuffer target) {
    byte[] red = lines[0];
    byte[] green = lines[1];
    byte[] blue = lines[2];
    for (int y = 0; y < geometry.height(); y++) {
      if (read(y)) {
        // Left and right of the picture the row stays black, as it was made.
        int to = 3 * geometry.padX();
        int at = geometry.cutX();
        for (int end = at + geometry.shownWidth(); at < end; at++, to += 3) {
          row[to] = red[at];
          row[to + 1] = green[at];
          row[to + 2] = blue[at];
        }
      } else {
        Arrays.fill(row, (byte) 0);
      }
      target.put(y * row.length, row);
    }
  }

  /**
   * Puts the part of the upright picture that a row of the frame shows into {@link #lines}.
   *
   * @return false if that row is black
   */
  private boolean read(int y) {
    int from = y - geometry.padY();
    if (from < 0 || from >= geometry.shownHeight()) {
      return false;
    }
    from += geometry.cutY();
    if (orientation.isUpright()) {
      readScaled(from);
    } else {
      for (int channel = 0; channel < 3; channel++) {
        int width = geometry.scaledWidth();
        System.arraycopy(turned[channel], from * width, lines[channel], 0, width);
      }
    }
    return true;
  }

  /** Puts a row that FFmpeg scaled into {@link #lines}, tone mapped. */
  private void readScaled(int y) {
    BytePointer pixels = Objects.requireNonNull(scaled);
    ToneMap map = toneMap;
    for (int channel = 0; channel < 3; channel++) {
      long at = ((long) PLANE_OF_CHANNEL[channel] * scaledHeight + y) * scaledStrides.get(0);
      if (map == null) {
        pixels.position(at).get(lines[channel], 0, scaledWidth);
      } else {
        Objects.requireNonNull(deepScaled)
            .position(at / Short.BYTES)
            .get(deepLines[channel], 0, scaledWidth);
      }
    }
    if (map != null) {
      map.apply(deepLines, lines);
    }
  }

  /** Scales a picture; what {@link #read} gives is of this picture afterwards. */
  private void scale(AVFrame original) {
    AVFrame picture = plainAlpha.of(original);
    prepare(picture);
    for (int plane = 0; plane < 4; plane++) {
      BytePointer data = picture.data(plane);
      int stride = picture.linesize(plane);
      if (source.field != Field.BOTH) {
        // Every other row: the rows between them were taken at another moment.
        if (data != null && source.field == Field.BOTTOM) {
          data = data.getPointer(stride);
        }
        stride *= 2;
      }
      inputPlanes.put(plane, data);
      inputStrides.put(plane, stride);
    }
    int rows =
        sws_scale(
            context, inputPlanes, inputStrides, 0, source.height, scaledPlanes, scaledStrides);
    if (rows < 0) {
      throw new VideoException(name + ": a frame could not be scaled");
    }
    if (!orientation.isUpright()) {
      for (int y = 0; y < scaledHeight; y++) {
        readScaled(y);
        for (int channel = 0; channel < 3; channel++) {
          orientation.apply(lines[channel], y, scaledWidth, scaledHeight, turned[channel]);
        }
      }
    }
  }

  /** The field that was taken first, if a picture has two. */
  private Field fieldOf(AVFrame picture) {
    int flags = picture.flags();
    if (!deinterlace
        || (flags & AVFrame.AV_FRAME_FLAG_INTERLACED) == 0
        || picture.height() < 4
        || (descriptor(picture.format()).flags() & AV_PIX_FMT_FLAG_PAL) != 0) {
      return Field.BOTH;
    }
    return (flags & AVFrame.AV_FRAME_FLAG_TOP_FIELD_FIRST) != 0 ? Field.TOP : Field.BOTTOM;
  }

  private static int stride(int bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  private void prepare(AVFrame picture) {
    AVRational aspect = picture.sample_aspect_ratio();
    int pixelFormat = picture.format();
    int plain = withoutRange(pixelFormat);
    boolean full =
        picture.color_range() == AVCOL_RANGE_JPEG
            || plain != pixelFormat
            || (picture.color_range() == AVCOL_RANGE_UNSPECIFIED && isGray(plain));
    Field field = fieldOf(picture);
    Source now =
        new Source(
            picture.width(),
            // Of four rows two belong to a field, and one of colours at half resolution.
            field == Field.BOTH ? picture.height() : picture.height() / 4 * 2,
            plain,
            picture.colorspace(),
            full ? 1 : 0,
            aspect.num(),
            aspect.den(),
            picture.color_primaries(),
            picture.color_trc(),
            field);
    if (context != null && now.equals(source)) {
      return;
    }
    free();
    source = now;
    Geometry shown = display.size(now.width, picture.height(), aspect);
    geometry = Geometry.of(format, shown.width(), shown.height());
    boolean swap = orientation.swapsSides();
    int width = swap ? geometry.scaledHeight() : geometry.scaledWidth();
    int height = swap ? geometry.scaledWidth() : geometry.scaledHeight();
    if (3L * geometry.scaledWidth() * geometry.scaledHeight() > Integer.MAX_VALUE - (1 << 20)) {
      throw new VideoException(
          String.format(
              "%s: a picture of %d x %d pixels scaled to %d x %d is too large",
              name, now.width, now.height, geometry.scaledWidth(), geometry.scaledHeight()));
    }
    boolean hdr = ToneMap.isHdr(now.transfer);
    context = open(now, width, height, hdr ? AV_PIX_FMT_GBRP16 : AV_PIX_FMT_GBRP);
    scaledWidth = width;
    scaledHeight = height;
    int stride = stride(hdr ? 2 * width : width);
    BytePointer pixels = new BytePointer(3L * stride * height + SLACK);
    scaled = pixels;
    for (int plane = 0; plane < 3; plane++) {
      scaledPlanes.put(plane, pixels.getPointer((long) plane * stride * height));
      scaledStrides.put(plane, stride);
    }
    deepScaled = hdr ? new ShortPointer(pixels) : null;
    row = new byte[3 * geometry.width()];
    lines = new byte[3][Math.max(width, height)];
    deepLines = new short[3][hdr ? width : 0];
    turned = new byte[3][orientation.isUpright() ? 0 : width * height];
    toneMap = hdr ? new ToneMap(now.transfer, now.primaries) : null;
  }

  private SwsContext open(Source from, int width, int height, int targetFormat) {
    SwsContext sws = Ffmpeg.allocated(sws_alloc_context());
    sws.src_w(from.width).src_h(from.height).src_format(from.pixelFormat);
    sws.dst_w(width).dst_h(height).dst_format(targetFormat);
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
  private boolean isGray(int pixelFormat) {
    AVPixFmtDescriptor descriptor = descriptor(pixelFormat);
    return descriptor.nb_components() <= 2
        && (descriptor.flags() & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) == 0;
  }

  private AVPixFmtDescriptor descriptor(int pixelFormat) {
    AVPixFmtDescriptor descriptor = av_pix_fmt_desc_get(pixelFormat);
    if (descriptor == null || descriptor.isNull()) {
      throw new VideoException(
          name + ": a picture has no known pixel format (" + pixelFormat + ")");
    }
    return descriptor;
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
    if (scaled != null) {
      scaled.close();
      scaled = null;
    }
  }

  @Override
  public void close() {
    free();
    plainAlpha.close();
    inputPlanes.close();
    inputStrides.close();
    scaledPlanes.close();
    scaledStrides.close();
    owner.close();
  }
}
