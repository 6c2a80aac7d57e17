package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_FLAG_ALPHA;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_FLAG_PAL;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_FLAG_RGB;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGBA64;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUVA444P16;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_copy_props;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_unref;
import static org.bytedeco.ffmpeg.global.avutil.av_get_pix_fmt_name;
import static org.bytedeco.ffmpeg.global.avutil.av_pix_fmt_desc_get;
import static org.bytedeco.ffmpeg.global.swscale.SWS_ACCURATE_RND;
import static org.bytedeco.ffmpeg.global.swscale.SWS_FULL_CHR_H_INP;
import static org.bytedeco.ffmpeg.global.swscale.SWS_FULL_CHR_H_INT;
import static org.bytedeco.ffmpeg.global.swscale.SWS_POINT;
import static org.bytedeco.ffmpeg.global.swscale.sws_alloc_context;
import static org.bytedeco.ffmpeg.global.swscale.sws_freeContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_init_context;
import static org.bytedeco.ffmpeg.global.swscale.sws_scale;

import io.moviechat.VideoException;
import java.util.Set;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.avutil.AVPixFmtDescriptor;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.jspecify.annotations.Nullable;

/**
 * libswscale blends the transparent parts of some pixel formats with black and forgets to for
 * others, such as the 12 bits of ProRes 4444. Pictures of the latter are first put into 16 bits.
 */
final class PlainAlpha implements AutoCloseable {
  /** Formats whose transparent parts libswscale blends; {@code ScalerTest} looks at each. */
  private static final Set<String> BLENDED =
      Set.of(
          "argb",
          "rgba",
          "abgr",
          "bgra",
          "rgba64le",
          "rgba64be",
          "bgra64le",
          "bgra64be",
          "gbrap",
          "gbrap16le",
          "gbrap16be",
          "yuva420p",
          "yuva422p",
          "yuva444p",
          "yuva420p9le",
          "yuva422p9le",
          "yuva444p9le",
          "yuva420p10le",
          "yuva422p10le",
          "yuva444p10le",
          "yuva420p16le",
          "yuva422p16le",
          "yuva444p16le");

  private final String name;
  private final AVFrame deep = Ffmpeg.allocated(av_frame_alloc());
  private @Nullable SwsContext context;

  PlainAlpha(String name) {
    this.name = name;
  }

  /** The picture itself, or what stands for it until the next call. */
  AVFrame of(AVFrame picture) {
    AVPixFmtDescriptor descriptor = av_pix_fmt_desc_get(picture.format());
    if (descriptor == null || descriptor.isNull()) {
      return picture;
    }
    long flags = descriptor.flags();
    boolean transparent =
        (flags & AV_PIX_FMT_FLAG_ALPHA) != 0 && (flags & AV_PIX_FMT_FLAG_PAL) == 0;
    if (!transparent || BLENDED.contains(av_get_pix_fmt_name(picture.format()).getString())) {
      return picture;
    }
    boolean rgb = (flags & AV_PIX_FMT_FLAG_RGB) != 0 || descriptor.nb_components() < 3;
    int format = rgb ? AV_PIX_FMT_RGBA64() : AV_PIX_FMT_YUVA444P16();
    if (deep.width() != picture.width()
        || deep.height() != picture.height()
        || deep.format() != format
        || context == null) {
      open(picture, format);
    }
    av_frame_copy_props(deep, picture);
    int rows =
        sws_scale(
            context,
            picture.data(),
            picture.linesize(),
            0,
            picture.height(),
            deep.data(),
            deep.linesize());
    if (rows < 0) {
      throw failed(picture, rows);
    }
    return deep;
  }

  private void open(AVFrame picture, int format) {
    free();
    av_frame_unref(deep);
    deep.width(picture.width()).height(picture.height()).format(format);
    int code = av_frame_get_buffer(deep, 0);
    if (code >= 0) {
      SwsContext sws = Ffmpeg.allocated(sws_alloc_context());
      context = sws;
      sws.src_w(picture.width()).src_h(picture.height()).src_format(picture.format());
      sws.dst_w(picture.width()).dst_h(picture.height()).dst_format(format);
      sws.flags(SWS_POINT | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP);
      code = sws_init_context(sws, null, null);
    }
    if (code < 0) {
      throw failed(picture, code);
    }
  }

  private VideoException failed(AVFrame picture, int code) {
    free();
    return new VideoException(
        String.format(
            "%s: a picture with transparent parts (%s) could not be converted (FFmpeg: %s)",
            name, av_get_pix_fmt_name(picture.format()).getString(), Ffmpeg.errorText(code)));
  }

  private void free() {
    if (context != null) {
      sws_freeContext(context);
      context = null;
    }
  }

  @Override
  public void close() {
    free();
    av_frame_free(deep);
  }
}
