package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.*;
import static org.bytedeco.ffmpeg.global.avformat.*;
import static org.bytedeco.ffmpeg.global.avutil.*;
import static org.bytedeco.ffmpeg.global.swscale.*;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.Frame;
import io.moviechat.VideoException;
import io.moviechat.internal.NativeOwner;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avcodec.AVPacketSideData;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVIOContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.javacpp.BytePointer;
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
  private @Nullable AVFormatContext format;
  private @Nullable AVCodecContext encoder;
  private @Nullable AVStream stream;
  private @Nullable AVFrame picture;
  private @Nullable AVFrame rgbPicture;
  private @Nullable AVPacket packet;
  private @Nullable SwsContext scaler;
  private @Nullable BytePointer pixels;
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
    try {
      open();
      opened = true;
    } finally {
      if (!opened) {
        failed = true;
        close();
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
      int colorSpace) {}

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

  private void open() {
    AVCodec codec = avcodec_find_encoder_by_name(settings.encoder);
    if (codec == null) {
      throw new VideoException(
          "this build of FFmpeg has no encoder named " + settings.encoder + "; use another one");
    }
    AVFormatContext newFormat = new AVFormatContext(null);
    check(
        avformat_alloc_output_context2(newFormat, null, null, settings.file.toString()),
        "choosing a container for that file name");
    format = newFormat;
    AVCodecContext newEncoder = Ffmpeg.allocated(avcodec_alloc_context3(codec));
    encoder = newEncoder;
    newEncoder.width(settings.width).height(settings.height).pix_fmt(settings.pixelFormat);
    newEncoder.time_base().num(1).den(settings.ticksPerSecond);
    newEncoder.framerate().num((int) Math.round(settings.framesPerSecond * 1000)).den(1000);
    newEncoder.sample_aspect_ratio().num(settings.aspectNumerator).den(settings.aspectDenominator);
    newEncoder.bit_rate(
        settings.bitRate > 0
            ? settings.bitRate
            : Math.max(
                200_000,
                (long) (0.1 * settings.width * settings.height * settings.framesPerSecond)));
    newEncoder.gop_size(
        settings.keyframeInterval > 0
            ? settings.keyframeInterval
            : Math.max(1, (int) Math.round(2 * settings.framesPerSecond)));
    newEncoder.max_b_frames(settings.bFrames);
    newEncoder.color_primaries(settings.colorPrimaries);
    newEncoder.color_trc(settings.colorTransfer);
    newEncoder.colorspace(settings.colorSpace);
    newEncoder.thread_count(1); // more threads would cut other slices: other bytes
    newEncoder.flags(newEncoder.flags() | AV_CODEC_FLAG_BITEXACT | settings.flags);
    if ((newFormat.oformat().flags() & AVFMT_GLOBALHEADER) != 0) {
      newEncoder.flags(newEncoder.flags() | AV_CODEC_FLAG_GLOBAL_HEADER);
    }
    try (Options options = new Options(settings.encoderOptions)) {
      check(avcodec_open2(newEncoder, codec, options.dictionary()), "opening " + settings.encoder);
    }
    AVStream newStream = Ffmpeg.allocated(avformat_new_stream(newFormat, null));
    stream = newStream;
    check(
        avcodec_parameters_from_context(newStream.codecpar(), newEncoder),
        "describing the video to the container");
    newStream.time_base().num(1).den(settings.ticksPerSecond);
    newStream.avg_frame_rate().num(newEncoder.framerate().num()).den(newEncoder.framerate().den());
    newStream.sample_aspect_ratio().num(settings.aspectNumerator).den(settings.aspectDenominator);
    if (settings.rotation != 0) {
      int[] count = {0};
      AVPacketSideData sideData = new AVPacketSideData(null);
      AVPacketSideData matrix =
          av_packet_side_data_new(sideData, count, AV_PKT_DATA_DISPLAYMATRIX, 36, 0);
      av_display_rotation_set(new IntPointer(matrix.data()), settings.rotation);
      newStream.codecpar().coded_side_data(sideData).nb_coded_side_data(count[0]);
    }
    newFormat.flags(newFormat.flags() | AVFormatContext.AVFMT_FLAG_BITEXACT);
    if ((newFormat.oformat().flags() & AVFMT_NOFILE) == 0) {
      AVIOContext output = new AVIOContext(null);
      check(avio_open(output, part.toString(), AVIO_FLAG_WRITE), "creating " + part);
      newFormat.pb(output);
    }
    try (Options options = new Options(settings.containerOptions)) {
      check(avformat_write_header(newFormat, options.dictionary()), "writing the header");
    }
    AVFrame newPicture = Ffmpeg.allocated(av_frame_alloc());
    picture = newPicture;
    newPicture.width(settings.width).height(settings.height).format(settings.pixelFormat);
    check(av_frame_get_buffer(newPicture, 0), "allocating a picture");
    packet = Ffmpeg.allocated(av_packet_alloc());
    scaler =
        sws_getContext(
            settings.width,
            settings.height,
            AV_PIX_FMT_RGB24,
            settings.width,
            settings.height,
            settings.pixelFormat,
            SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP,
            null,
            null,
            (double[]) null);
    if (scaler == null) {
      throw new VideoException(
          "FFmpeg cannot convert RGB to what " + settings.encoder + " wants, for " + settings.file);
    }
    if (settings.colorSpace != AVCOL_SPC_UNSPECIFIED) {
      IntPointer table = sws_getCoefficients(settings.colorSpace);
      sws_setColorspaceDetails(scaler, table, 1, table, 0, 0, 1 << 16, 1 << 16);
    }
    BytePointer newPixels = new BytePointer(3L * settings.width * settings.height + 64);
    pixels = newPixels;
    AVFrame newRgbPicture = Ffmpeg.allocated(av_frame_alloc());
    rgbPicture = newRgbPicture;
    newRgbPicture.data(0, newPixels).linesize(0, 3 * settings.width);
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
    BytePointer source = pixels;
    AVFrame from = rgbPicture;
    AVFrame target = picture;
    SwsContext context = scaler;
    if (source == null || from == null || target == null || context == null) {
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
            timestamp.toNanos(), settings.ticksPerSecond, 1_000_000_000L, AV_ROUND_NEAR_INF);
    if (timestamp.isNegative() || tick <= lastTick) {
      throw new IllegalArgumentException(
          "a picture at " + timestamp + " must come after the one before it, and after zero");
    }
    source.position(0).capacity(bytes).asByteBuffer().put(rgb.duplicate());
    check(av_frame_make_writable(target), "preparing a picture");
    sws_scale(
        context,
        from.data(),
        from.linesize(),
        0,
        settings.height,
        target.data(),
        target.linesize());
    lastTick = tick;
    target.pts(tick);
    target.flags(target.flags() | settings.frameFlags);
    target.duration(frameTicks);
    encode(target);
  }

  private void encode(@Nullable AVFrame frame) {
    AVPacket out = Objects.requireNonNull(packet);
    AVStream to = Objects.requireNonNull(stream);
    AVCodecContext from = Objects.requireNonNull(encoder);
    check(avcodec_send_frame(from, frame), "encoding");
    while (true) {
      int code = avcodec_receive_packet(from, out);
      if (code == AVERROR_EAGAIN() || code == AVERROR_EOF()) {
        return;
      }
      check(code, "encoding");
      out.stream_index(to.index());
      if (out.duration() == 0) {
        out.duration(frameTicks);
      }
      av_packet_rescale_ts(out, from.time_base(), to.time_base());
      check(av_interleaved_write_frame(format, out), "writing");
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
      free();
      owner.close();
      finish(keep);
    }
  }

  private void free() {
    AVFormatContext oldFormat = format;
    if (oldFormat != null) {
      AVIOContext output = oldFormat.pb();
      if (output != null && (oldFormat.oformat().flags() & AVFMT_NOFILE) == 0) {
        avio_close(output);
      }
      avformat_free_context(oldFormat);
    }
    if (encoder != null) {
      avcodec_free_context(encoder);
    }
    if (picture != null) {
      av_frame_free(picture);
    }
    if (rgbPicture != null) {
      av_frame_free(rgbPicture);
    }
    if (packet != null) {
      av_packet_free(packet);
    }
    if (scaler != null) {
      sws_freeContext(scaler);
    }
    if (pixels != null) {
      pixels.close();
    }
    format = null;
    encoder = null;
    picture = null;
    rgbPicture = null;
    packet = null;
    scaler = null;
    pixels = null;
    stream = null;
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
