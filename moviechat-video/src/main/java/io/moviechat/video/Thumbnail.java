package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_GRAY8;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.swscale.SWS_AREA;
import static org.bytedeco.ffmpeg.global.swscale.sws_freeContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_getCachedContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_scale;

import io.moviechat.VideoException;
import io.moviechat.internal.NativeOwner;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.javacpp.BytePointer;
import org.jspecify.annotations.Nullable;

/** A small grey version of a picture, to see how much pictures differ. */
final class Thumbnail implements AutoCloseable {
  private static final int SIDE = 32;
  private static final int BYTES = SIDE * SIDE;

  private final String name;
  private final NativeOwner owner;
  private final AVFrame target = Ffmpeg.allocated(av_frame_alloc());
  private final BytePointer pixels = new BytePointer(BYTES + 256);
  private final byte[] now = new byte[BYTES];
  private final byte[] kept = new byte[BYTES];
  private @Nullable SwsContext context;

  Thumbnail(String name) {
    this.name = name;
    this.owner = NativeOwner.open(this, "thumbnail of " + name);
    target.data(0, pixels).linesize(0, SIDE);
  }

  /** Mean absolute difference to the kept picture, 0 to 1. */
  double differenceTo(AVFrame picture) {
    context =
        sws_getCachedContext(
            context,
            picture.width(),
            picture.height(),
            picture.format(),
            SIDE,
            SIDE,
            AV_PIX_FMT_GRAY8,
            SWS_AREA,
            null,
            null,
            (double[]) null);
    if (context == null || context.isNull()) {
      context = null;
      throw new VideoException(name + ": pictures of this size or format cannot be compared");
    }
    sws_scale(
        context,
        picture.data(),
        picture.linesize(),
        0,
        picture.height(),
        target.data(),
        target.linesize());
    pixels.get(now);
    long sum = 0;
    for (int i = 0; i < BYTES; i++) {
      sum += Math.abs((now[i] & 0xff) - (kept[i] & 0xff));
    }
    return sum / (255.0 * BYTES);
  }

  /** Keeps the picture that was compared last. */
  void keep() {
    System.arraycopy(now, 0, kept, 0, BYTES);
  }

  @Override
  public void close() {
    if (context != null) {
      sws_freeContext(context);
      context = null;
    }
    av_frame_free(target);
    pixels.close();
    owner.close();
  }
}
