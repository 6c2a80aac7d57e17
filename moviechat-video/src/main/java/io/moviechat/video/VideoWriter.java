package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.*;
import static org.bytedeco.ffmpeg.global.avformat.*;
import static org.bytedeco.ffmpeg.global.avutil.*;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.Frame;
import io.moviechat.VideoException;
import io.moviechat.internal.Nanos;
import io.moviechat.internal.NativeOwner;
import io.moviechat.internal.ResourceStack;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avcodec.AVPacketSideData;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVIOContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.javacpp.IntPointer;
import org.jspecify.annotations.Nullable;

/**
 * Writes frames and their times to a video file, with the encoders that come with FFmpeg's LGPL
 * build.
 *
 * <pre>{@code
 * try (VideoWriter writer = VideoWriter.builder(Path.of("movie.mp4")).size(320, 240).build()) {
 *   writer.write(frame);
 * }
 * }</pre>
 *
 * <p>The file appears under its name when the writer is closed after at least one frame and no
 * failure; until then it has the ending {@code .part}. The same frames and settings give the same
 * bytes. Thread-safe; calls wait for each other.
 */
public final class VideoWriter implements AutoCloseable {
  /** The encoders to choose from. */
  public enum Codec {
    /** H.264 by OpenH264: no B-frames; sides must be even. */
    H264("libopenh264", AV_PIX_FMT_YUV420P),
    /** MPEG-4 part 2: fast, larger files. */
    MPEG4("mpeg4", AV_PIX_FMT_YUV420P);

    private final String encoder;
    private final int pixelFormat;

    Codec(String encoder, int pixelFormat) {
      this.encoder = encoder;
      this.pixelFormat = pixelFormat;
    }
  }

  /**
   * 1/60000 s fits into the 16 bits that MPEG-4 part 2 has for it, and holds 24, 25, 29.97, 30, 50
   * and 60 frames per second exactly.
   */
  private static final int TICKS_PER_SECOND = 60_000;

  private final Settings settings;
  private final Path part;
  private final NativeOwner owner;
  private final long frameTicks;
  private final AVFormatContext format;
  private final AVCodecContext encoder;
  private final AVStream stream;
  private final AVPacket packet;
  private final EncoderPicture picture;
  private final ResourceStack resources;
  private long lastTick = Long.MIN_VALUE;
  private boolean failed;
  private boolean closed;

  private VideoWriter(Settings settings) {
    Ffmpeg.load();
    this.settings = settings;
    this.part = settings.file.resolveSibling(settings.file.getFileName() + ".part");
    this.frameTicks = Math.max(1, Math.round(settings.ticksPerSecond / settings.framesPerSecond));
    this.owner = NativeOwner.open(this, "video writer of " + settings.file);
    boolean opened = false;
    try (ResourceStack opening = new ResourceStack()) {
      AVCodec codec = codec();
      format = openContainer(opening);
      encoder = openEncoder(codec, format, opening);
      stream = addStream(format, encoder);
      createFile(format, opening);
      packet = Ffmpeg.allocated(av_packet_alloc());
      opening.push(() -> av_packet_free(packet));
      picture =
          opening.push(
              new EncoderPicture(
                  settings.file.toString(),
                  settings.width,
                  settings.height,
                  settings.pixelFormat,
                  settings.colorSpace));
      resources = opening.release();
      opened = true;
    } finally {
      if (!opened) {
        owner.close();
        finish(false);
      }
    }
  }

  /** What a builder held when {@link Builder#build()} was called. */
  private record Settings(
      Path file,
      Map<String, String> encoderOptions,
      Map<String, String> containerOptions,
      int width,
      int height,
      double framesPerSecond,
      long bitRate,
      int keyframeInterval,
      String encoder,
      int pixelFormat,
      int ticksPerSecond,
      int bFrames,
      int rotation,
      int aspectNumerator,
      int aspectDenominator,
      int flags,
      int frameFlags,
      int colorPrimaries,
      int colorTransfer,
      int colorSpace) {
    long bitRateOrDefault() {
      return bitRate > 0
          ? bitRate
          : Math.max(200_000, (long) (0.1 * width * height * framesPerSecond));
    }

    int keyframeIntervalOrDefault() {
      return keyframeInterval > 0
          ? keyframeInterval
          : Math.max(1, (int) Math.round(2 * framesPerSecond));
    }
  }

  /**
   * Starts the settings of a writer.
   *
   * @param file where the video goes; its ending names the container ({@code .mp4})
   */
  public static Builder builder(Path file) {
    return new Builder(file);
  }

  /** Settings of a writer. Not thread-safe. */
  public static final class Builder {
    private final Path file;
    private final Map<String, String> encoderOptions = new LinkedHashMap<>();
    private final Map<String, String> containerOptions = new LinkedHashMap<>();
    private int width;
    private int height;
    private double framesPerSecond = 24;
    private long bitRate;
    private int keyframeInterval;
    private String encoder = Codec.H264.encoder;
    private int pixelFormat = Codec.H264.pixelFormat;
    private int ticksPerSecond = TICKS_PER_SECOND;
    private int bFrames;
    private int rotation;
    private int aspectNumerator = 1;
    private int aspectDenominator = 1;
    private int flags;
    private int frameFlags;
    private int colorPrimaries = AVCOL_PRI_UNSPECIFIED;
    private int colorTransfer = AVCOL_TRC_UNSPECIFIED;
    private int colorSpace = AVCOL_SPC_UNSPECIFIED;

    private Builder(Path file) {
      if (file.getFileName() == null) {
        throw new IllegalArgumentException("a video needs a file name, there is none in " + file);
      }
      this.file = file;
    }

    /** The size of every frame; required. */
    public Builder size(int width, int height) {
      if (width < 1 || height < 1 || width > 16384 || height > 16384) {
        throw new IllegalArgumentException(
            "a video's sides must be 1 to 16384 pixels, were " + width + " x " + height);
      }
      this.width = width;
      this.height = height;
      return this;
    }

    /**
     * The usual rate, 24 by default: the encoder plans with it, and the last frame lasts that long.
     * The times of the frames themselves are given with each frame.
     */
    public Builder framesPerSecond(double rate) {
      if (!(rate > 0 && rate <= 1000)) {
        throw new IllegalArgumentException(
            "frames per second must be above 0 and at most 1000, were " + rate);
      }
      this.framesPerSecond = rate;
      return this;
    }

    /** Bits per second; by default a tenth of a bit per pixel, at least 200,000. */
    public Builder bitRate(long bitsPerSecond) {
      if (bitsPerSecond < 1000) {
        throw new IllegalArgumentException(
            "the bit rate must be at least 1000 bits per second, was " + bitsPerSecond);
      }
      this.bitRate = bitsPerSecond;
      return this;
    }

    /** Frames from one key frame to the next, by default those of two seconds. */
    public Builder keyframeInterval(int frames) {
      if (frames < 1) {
        throw new IllegalArgumentException("a key frame interval is at least 1, was " + frames);
      }
      this.keyframeInterval = frames;
      return this;
    }

    /** The encoder, {@link Codec#H264} by default. */
    public Builder codec(Codec codec) {
      this.encoder = codec.encoder;
      this.pixelFormat = codec.pixelFormat;
      return this;
    }

    /** Any encoder of the FFmpeg build; for tests of what other programs write. */
    Builder encoder(String name, int format) {
      this.encoder = name;
      this.pixelFormat = format;
      return this;
    }

    /** Steps of time, for encoders that allow few rates. */
    Builder ticksPerSecond(int ticks) {
      this.ticksPerSecond = ticks;
      return this;
    }

    Builder bFrames(int frames) {
      this.bFrames = frames;
      return this;
    }

    Builder rotation(int clockwiseDegrees) {
      this.rotation = clockwiseDegrees;
      return this;
    }

    Builder pixelAspect(int numerator, int denominator) {
      this.aspectNumerator = numerator;
      this.aspectDenominator = denominator;
      return this;
    }

    Builder encoderFlags(int codecFlags) {
      this.flags = codecFlags;
      return this;
    }

    /** Marks every frame as interlaced. */
    Builder interlaced(boolean topFieldFirst) {
      this.flags |= AV_CODEC_FLAG_INTERLACED_DCT | AV_CODEC_FLAG_INTERLACED_ME;
      this.frameFlags =
          AVFrame.AV_FRAME_FLAG_INTERLACED
              | (topFieldFirst ? AVFrame.AV_FRAME_FLAG_TOP_FIELD_FIRST : 0);
      return this;
    }

    Builder color(int primaries, int transfer, int space) {
      this.colorPrimaries = primaries;
      this.colorTransfer = transfer;
      this.colorSpace = space;
      return this;
    }

    Builder encoderOption(String name, String value) {
      encoderOptions.put(name, value);
      return this;
    }

    Builder containerOption(String name, String value) {
      containerOptions.put(name, value);
      return this;
    }

    /**
     * Opens the writer.
     *
     * @throws IllegalStateException if no size was set
     * @throws VideoException if the encoder refuses the settings or the file cannot be written
     */
    @MustBeClosed
    public VideoWriter build() {
      if (width == 0) {
        throw new IllegalStateException("no size set: call size(width, height) before build()");
      }
      return new VideoWriter(
          new Settings(
              file,
              new LinkedHashMap<>(encoderOptions),
              new LinkedHashMap<>(containerOptions),
              width,
              height,
              framesPerSecond,
              bitRate,
              keyframeInterval,
              encoder,
              pixelFormat,
              ticksPerSecond,
              bFrames,
              rotation,
              aspectNumerator,
              aspectDenominator,
              flags,
              frameFlags,
              colorPrimaries,
              colorTransfer,
              colorSpace));
    }
  }

  private AVCodec codec() {
    AVCodec codec = avcodec_find_encoder_by_name(settings.encoder);
    if (codec == null) {
      throw new VideoException(
          "this build of FFmpeg has no encoder named " + settings.encoder + "; use another one");
    }
    return codec;
  }

  private AVFormatContext openContainer(ResourceStack opening) {
    AVFormatContext container = new AVFormatContext(null);
    check(
        avformat_alloc_output_context2(container, null, null, settings.file.toString()),
        "choosing a container for that file name");
    opening.push(() -> avformat_free_context(container));
    container.flags(container.flags() | AVFormatContext.AVFMT_FLAG_BITEXACT);
    return container;
  }

  private AVCodecContext openEncoder(
      AVCodec codec, AVFormatContext container, ResourceStack opening) {
    AVCodecContext context = Ffmpeg.allocated(avcodec_alloc_context3(codec));
    opening.push(() -> avcodec_free_context(context));
    context.width(settings.width).height(settings.height).pix_fmt(settings.pixelFormat);
    context.time_base().num(1).den(settings.ticksPerSecond);
    context.framerate().num((int) Math.round(settings.framesPerSecond * 1000)).den(1000);
    context.sample_aspect_ratio().num(settings.aspectNumerator).den(settings.aspectDenominator);
    context.bit_rate(settings.bitRateOrDefault()).gop_size(settings.keyframeIntervalOrDefault());
    context.max_b_frames(settings.bFrames);
    context.color_primaries(settings.colorPrimaries);
    context.color_trc(settings.colorTransfer);
    context.colorspace(settings.colorSpace);
    context.thread_count(1); // more threads would cut other slices: other bytes
    context.flags(context.flags() | AV_CODEC_FLAG_BITEXACT | settings.flags);
    if ((container.oformat().flags() & AVFMT_GLOBALHEADER) != 0) {
      context.flags(context.flags() | AV_CODEC_FLAG_GLOBAL_HEADER);
    }
    try (Options options = new Options(settings.encoderOptions)) {
      check(avcodec_open2(context, codec, options.dictionary()), "opening " + settings.encoder);
    }
    return context;
  }

  /** The track, which the container frees. */
  private AVStream addStream(AVFormatContext container, AVCodecContext context) {
    AVStream track = Ffmpeg.allocated(avformat_new_stream(container, null));
    check(
        avcodec_parameters_from_context(track.codecpar(), context),
        "describing the video to the container");
    track.time_base().num(1).den(settings.ticksPerSecond);
    track.avg_frame_rate().num(context.framerate().num()).den(context.framerate().den());
    track.sample_aspect_ratio().num(settings.aspectNumerator).den(settings.aspectDenominator);
    if (settings.rotation != 0) {
      int[] count = {0};
      AVPacketSideData sideData = new AVPacketSideData(null);
      AVPacketSideData matrix =
          av_packet_side_data_new(sideData, count, AV_PKT_DATA_DISPLAYMATRIX, 36, 0);
      av_display_rotation_set(new IntPointer(matrix.data()), settings.rotation);
      track.codecpar().coded_side_data(sideData).nb_coded_side_data(count[0]);
    }
    return track;
  }

  private void createFile(AVFormatContext container, ResourceStack opening) {
    if ((container.oformat().flags() & AVFMT_NOFILE) == 0) {
      AVIOContext output = new AVIOContext(null);
      check(avio_open(output, part.toString(), AVIO_FLAG_WRITE), "creating " + part);
      opening.push(() -> avio_close(output));
      container.pb(output);
    }
    try (Options options = new Options(settings.containerOptions)) {
      check(avformat_write_header(container, options.dictionary()), "writing the header");
    }
  }

  /** Writes a frame at its own timestamp. The frame stays the caller's. */
  public void write(Frame frame) {
    if (frame.width() != settings.width || frame.height() != settings.height) {
      throw new IllegalArgumentException(
          String.format(
              "the video has frames of %d x %d pixels, this one has %d x %d",
              settings.width, settings.height, frame.width(), frame.height()));
    }
    write(frame.rgb(), frame.timestamp());
  }

  /**
   * Writes a picture.
   *
   * @param rgb {@code 3 * width * height} remaining bytes, packed RGB; its position does not move
   * @param timestamp not negative, at least 1/60000 s after the last one
   * @throws IllegalArgumentException if the size does not match or time does not go forward
   * @throws IllegalStateException if closed
   * @throws VideoException if encoding or writing fails
   */
  public synchronized void write(ByteBuffer rgb, Duration timestamp) {
    if (closed) {
      throw new IllegalStateException("the video writer of " + settings.file + " is closed");
    }
    int bytes = 3 * settings.width * settings.height;
    if (rgb.remaining() != bytes) {
      throw new IllegalArgumentException(
          String.format(
              "a picture of %d x %d RGB pixels has %d bytes, the buffer has %d",
              settings.width, settings.height, bytes, rgb.remaining()));
    }
    long tick =
        av_rescale_rnd(
            Nanos.saturated(timestamp), settings.ticksPerSecond, 1_000_000_000L, AV_ROUND_NEAR_INF);
    if (timestamp.isNegative() || tick <= lastTick) {
      throw new IllegalArgumentException(
          "a picture at " + timestamp + " must come after the one before it, and after zero");
    }
    check(picture.fill(rgb), "preparing a picture");
    AVFrame target = picture.frame();
    lastTick = tick;
    target.pts(tick);
    target.flags(target.flags() | settings.frameFlags);
    target.duration(frameTicks);
    encode(target);
  }

  private void encode(@Nullable AVFrame frame) {
    check(avcodec_send_frame(encoder, frame), "encoding");
    while (true) {
      int code = avcodec_receive_packet(encoder, packet);
      if (code == AVERROR_EAGAIN() || code == AVERROR_EOF()) {
        return;
      }
      check(code, "encoding");
      packet.stream_index(stream.index());
      if (packet.duration() == 0) {
        packet.duration(frameTicks);
      }
      av_packet_rescale_ts(packet, encoder.time_base(), stream.time_base());
      check(av_interleaved_write_frame(format, packet), "writing");
    }
  }

  /**
   * Finishes the file. Twice is fine.
   *
   * @throws VideoException if the end cannot be written; no file is left then
   */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    boolean keep = false;
    try {
      if (!failed && lastTick != Long.MIN_VALUE) {
        encode(null);
        check(av_write_trailer(format), "writing the end");
        keep = true;
      }
    } finally {
      resources.close();
      owner.close();
      finish(keep);
    }
  }

  private void finish(boolean keep) {
    try {
      if (keep) {
        if (Files.exists(part)) {
          Files.move(part, settings.file, StandardCopyOption.REPLACE_EXISTING);
        }
      } else {
        Files.deleteIfExists(part);
      }
    } catch (IOException e) {
      throw new VideoException("the video could not be written to " + settings.file + ": " + e, e);
    }
  }

  private void check(int code, String doing) {
    if (code < 0) {
      failed = true;
      throw new VideoException(
          String.format(
              "%s: %s failed with %s: %s",
              settings.file, doing, settings.encoder, Ffmpeg.errorText(code)));
    }
    Ffmpeg.afterStep.run();
  }

  /** A dictionary of options for one call. */
  private static final class Options implements AutoCloseable {
    private final AVDictionary dictionary = new AVDictionary(null);

    Options(Map<String, String> options) {
      options.forEach((name, value) -> av_dict_set(dictionary, name, value, 0));
    }

    AVDictionary dictionary() {
      return dictionary;
    }

    @Override
    public void close() {
      av_dict_free(dictionary);
    }
  }
}
