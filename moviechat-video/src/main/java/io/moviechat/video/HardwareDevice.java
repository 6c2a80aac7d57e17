package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_HW_CONFIG_METHOD_HW_DEVICE_CTX;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_get_hw_config;
import static org.bytedeco.ffmpeg.global.avutil.AV_HWDEVICE_TYPE_CUDA;
import static org.bytedeco.ffmpeg.global.avutil.AV_HWDEVICE_TYPE_VAAPI;
import static org.bytedeco.ffmpeg.global.avutil.AV_HWDEVICE_TYPE_VIDEOTOOLBOX;
import static org.bytedeco.ffmpeg.global.avutil.av_buffer_ref;
import static org.bytedeco.ffmpeg.global.avutil.av_buffer_unref;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_copy_props;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_move_ref;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_unref;
import static org.bytedeco.ffmpeg.global.avutil.av_hwdevice_ctx_create;
import static org.bytedeco.ffmpeg.global.avutil.av_hwframe_transfer_data;

import io.moviechat.VideoException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVCodecHWConfig;
import org.bytedeco.ffmpeg.avutil.AVBufferRef;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A hardware decoder that a codec context uses; what it decodes is copied to the processor. */
final class HardwareDevice implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HardwareDevice.class);

  private final String kind;
  private final AVBufferRef device;
  private final AVFrame copy = Ffmpeg.allocated(av_frame_alloc());
  private boolean seen;

  private HardwareDevice(String kind, AVBufferRef device) {
    this.kind = kind;
    this.device = device;
  }

  /**
   * Opens what is wanted; if that cannot be, logs why, as a warning if one kind was asked for.
   *
   * @param name of the video, for the log
   */
  static Optional<HardwareDevice> open(VideoOptions.Hardware wanted, AVCodec codec, String name) {
    if (wanted == VideoOptions.Hardware.NONE) {
      return Optional.empty();
    }
    List<String> reasons = new ArrayList<>();
    for (VideoOptions.Hardware kind : VideoOptions.Hardware.values()) {
      boolean candidate = kind == wanted || wanted == VideoOptions.Hardware.ANY;
      if (!candidate || kind == VideoOptions.Hardware.NONE || kind == VideoOptions.Hardware.ANY) {
        continue;
      }
      int type = typeOf(kind);
      if (!canDecode(codec, type)) {
        reasons.add(
            kind + ": this build of FFmpeg has no such decoder for " + codec.name().getString());
        continue;
      }
      AVBufferRef device = new AVBufferRef(null);
      int code = av_hwdevice_ctx_create(device, type, (String) null, null, 0);
      if (code >= 0) {
        return Optional.of(new HardwareDevice(kind.toString(), device));
      }
      reasons.add(kind + ": no device could be opened (FFmpeg: " + Ffmpeg.errorText(code) + ")");
    }
    String reason = String.join("; ", reasons);
    if (wanted == VideoOptions.Hardware.ANY) {
      log.info("{} is decoded in software: {}", name, reason);
    } else {
      log.warn("{} is decoded in software: {}", name, reason);
    }
    return Optional.empty();
  }

  private static int typeOf(VideoOptions.Hardware kind) {
    return switch (kind) {
      case CUDA -> AV_HWDEVICE_TYPE_CUDA;
      case VAAPI -> AV_HWDEVICE_TYPE_VAAPI;
      case VIDEOTOOLBOX -> AV_HWDEVICE_TYPE_VIDEOTOOLBOX;
      case NONE, ANY -> throw new IllegalArgumentException(kind + " is no device");
    };
  }

  private static boolean canDecode(AVCodec codec, int type) {
    for (int i = 0; ; i++) {
      AVCodecHWConfig config = avcodec_get_hw_config(codec, i);
      if (config == null || config.isNull()) {
        return false;
      }
      if (config.device_type() == type
          && (config.methods() & AV_CODEC_HW_CONFIG_METHOD_HW_DEVICE_CTX) != 0) {
        return true;
      }
    }
  }

  /** To be called before the decoder is opened: FFmpeg then chooses the device by itself. */
  void use(AVCodecContext context) {
    context.hw_device_ctx(av_buffer_ref(device));
  }

  /** Copies a picture to the processor, in place; one that was decoded in software stays. */
  void fetch(AVFrame picture, String name) {
    boolean onDevice = picture.hw_frames_ctx() != null;
    if (!seen) {
      seen = true;
      if (onDevice) {
        log.info("{} is decoded by {}", name, kind);
      } else {
        log.info("{} is decoded in software: {} refused this kind of video", name, kind);
      }
    }
    if (!onDevice) {
      return;
    }
    int code = av_hwframe_transfer_data(copy, picture, 0);
    if (code >= 0) {
      code = av_frame_copy_props(copy, picture);
    }
    if (code < 0) {
      throw new VideoException(
          String.format(
              "%s: a picture could not be copied from %s (FFmpeg: %s); decode without it",
              name, kind, Ffmpeg.errorText(code)));
    }
    av_frame_unref(picture);
    av_frame_move_ref(picture, copy);
  }

  @Override
  public void close() {
    av_frame_free(copy);
    av_buffer_unref(device);
  }
}
