package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_WEBP;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_DOVI_CONF;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_ENCRYPTION_INIT_INFO;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_get_name;
import static org.bytedeco.ffmpeg.global.avformat.AVFMTCTX_UNSEEKABLE;
import static org.bytedeco.ffmpeg.global.avformat.AV_DISPOSITION_ATTACHED_PIC;
import static org.bytedeco.ffmpeg.global.avformat.av_find_best_stream;
import static org.bytedeco.ffmpeg.global.avformat.av_find_input_format;
import static org.bytedeco.ffmpeg.global.avformat.av_read_frame;
import static org.bytedeco.ffmpeg.global.avformat.avformat_alloc_context;
import static org.bytedeco.ffmpeg.global.avformat.avformat_close_input;
import static org.bytedeco.ffmpeg.global.avformat.avformat_find_stream_info;
import static org.bytedeco.ffmpeg.global.avformat.avformat_open_input;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EOF;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EXIT;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_INVALIDDATA;
import static org.bytedeco.ffmpeg.global.avutil.AVMEDIA_TYPE_AUDIO;
import static org.bytedeco.ffmpeg.global.avutil.AVMEDIA_TYPE_SUBTITLE;
import static org.bytedeco.ffmpeg.global.avutil.AVMEDIA_TYPE_VIDEO;
import static org.bytedeco.ffmpeg.global.avutil.AV_TIME_BASE;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_free;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_get;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_set;
import static org.bytedeco.ffmpeg.global.avutil.av_rescale_q;

import io.moviechat.VideoException;
import io.moviechat.VideoInfo.Track;
import io.moviechat.VideoInfo.TrackKind;
import io.moviechat.VideoLocation;
import io.moviechat.internal.Nanos;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntPredicate;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecParameters;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVInputFormat;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVDictionaryEntry;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A container that FFmpeg has opened: from bytes that Java reads, or from an address. Has what ends
 * its reading. One thread at a time.
 */
final class Container implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Container.class);

  /** The type of a sample entry that hides which codec it is, {@code encv}. */
  private static final int ENCRYPTED_VIDEO = 'e' | 'n' << 8 | 'c' << 16 | 'v' << 24;

  private static final int DOLBY_VISION_ALONE = 5;

  /** Bad packets in a row after which a file counts as ended. */
  private static final int MAX_BAD_READS = 200;

  private final String name;
  private final String url;
  private final @Nullable InputBridge bridge;
  private final Map<String, String> settings;
  private final VideoOptions options;
  private final Watchdog watchdog;
  private AVFormatContext format;
  private long badReads;

  private Container(
      String name,
      String url,
      @Nullable InputBridge bridge,
      Map<String, String> settings,
      VideoOptions options,
      Watchdog watchdog) {
    this.name = name;
    this.url = url;
    this.bridge = bridge;
    this.settings = settings;
    this.options = options;
    this.watchdog = watchdog;
    this.format = openContext();
  }

  /**
   * Opens what Java reads.
   *
   * @param input closed with the container, and also if this fails
   * @throws VideoException if no container can be read there
   */
  static Container open(String name, VideoInput input, VideoOptions options, Watchdog watchdog) {
    InputBridge bridge = new InputBridge(input, watchdog);
    // Java reads the one file; whatever a playlist inside it names stays closed.
    Map<String, String> settings =
        Map.of("protocol_whitelist", "none", "format_whitelist", Formats.FILES);
    try {
      return new Container(name, Formats.probedName(name), bridge, settings, options, watchdog);
    } catch (RuntimeException | Error e) {
      bridge.close();
      throw e;
    }
  }

  /**
   * Opens an address on the network.
   *
   * @throws VideoException if no container can be read there; names the address without its secrets
   */
  static Container open(VideoLocation location, VideoOptions options, Watchdog watchdog) {
    String url = location.uri().toString();
    Map<String, String> settings = new HashMap<>();
    settings.put("protocol_whitelist", Formats.NETWORK_PROTOCOLS);
    settings.put("format_whitelist", Formats.NETWORK);
    settings.put("user_agent", "MovieChat");
    settings.put("rw_timeout", Long.toString(Nanos.saturated(options.timeout()) / 1000));
    if (url.startsWith("http")) {
      settings.put("reconnect", "1");
      settings.put("reconnect_delay_max", "5");
    }
    Formats.certificates()
        .ifPresent(
            file -> {
              settings.put("tls_verify", "1");
              settings.put("ca_file", file);
            });
    // Some servers name their segments .jpg or nothing; what they may hold is limited anyway.
    settings.put("allowed_segment_extensions", "ALL");
    settings.put("extension_picky", "0");
    return new Container(location.toString(), url, null, settings, options, watchdog);
  }

  /**
   * Opens numbered pictures, 25 a second.
   *
   * @param pattern a file name with one {@code %d} or {@code %04d}
   * @throws VideoException if there are none
   */
  static Container openSequence(String pattern, VideoOptions options, Watchdog watchdog) {
    Map<String, String> settings =
        Map.of(
            "protocol_whitelist", "file",
            "format_whitelist", "image2",
            "pattern_type", "sequence");
    return new Container(pattern, pattern, null, settings, options, watchdog);
  }

  private AVFormatContext openContext() {
    AVFormatContext opened = Ffmpeg.allocated(avformat_alloc_context());
    if (bridge != null) {
      opened.pb(bridge.context());
      opened.flags(opened.flags() | AVFormatContext.AVFMT_FLAG_CUSTOM_IO);
    }
    watchdog.guard(opened);
    watchdog.progress();
    AVDictionary dictionary = new AVDictionary(null);
    settings.forEach((key, value) -> av_dict_set(dictionary, key, value, 0));
    av_dict_set(dictionary, "probesize", Integer.toString(options.probeBytes()), 0);
    AVInputFormat known =
        bridge != null && bridge.isShortTransportStream() ? av_find_input_format("mpegts") : null;
    int code = avformat_open_input(opened, url, known, dictionary); // frees the context if it fails
    av_dict_free(dictionary);
    if (code < 0) {
      throw notAVideo(code);
    }
    boolean done = false;
    try {
      Ffmpeg.afterStep.run();
      analyse(name, opened, options);
      done = true;
      return opened;
    } finally {
      if (!done) {
        avformat_close_input(opened);
      }
    }
  }

  private VideoException notAVideo(int code) {
    Throwable cause = bridge == null ? null : bridge.failure();
    if (cause != null) {
      return new VideoException(name + " cannot be read: " + cause, cause);
    }
    if (watchdog.shouldStop() || code == AVERROR_EXIT()) {
      return VideoException.retriable(
          name + " could not be opened in time: reading made no progress", null);
    }
    if (bridge == null) {
      String message =
          name
              + " cannot be opened (FFmpeg: "
              + Ffmpeg.errorText(code)
              + "); check the address, and that a video in a known container is there";
      return Ffmpeg.mayPass(code)
          ? VideoException.retriable(message, null)
          : new VideoException(message);
    }
    return new VideoException(
        name
            + " is not a video that can be read, or its beginning or index is missing (FFmpeg: "
            + Ffmpeg.errorText(code)
            + "); expected a complete file in a known container such as MP4, Matroska or MPEG-TS"
            + hint(!bridge.seekable()));
  }

  private static String hint(boolean unseekable) {
    return unseekable ? "; this input cannot seek, so an MP4 must have its index in front" : "";
  }

  /**
   * Has FFmpeg look into the streams of an opened container.
   *
   * @throws VideoException if it cannot
   */
  static void analyse(String name, AVFormatContext format, VideoOptions options) {
    int streams = format.nb_streams();
    try (PointerPointer<AVDictionary> perStream = new PointerPointer<>(Math.max(1, streams))) {
      for (int i = 0; i < streams; i++) {
        AVDictionary limits = new AVDictionary(null);
        av_dict_set(limits, "max_pixels", Long.toString(options.maxPixels()), 0);
        perStream.put(i, limits);
      }
      int code = avformat_find_stream_info(format, perStream);
      for (int i = 0; i < streams; i++) {
        AVDictionary left = perStream.get(AVDictionary.class, i);
        if (left != null) {
          av_dict_free(left);
        }
      }
      if (code < 0) {
        throw new VideoException(
            name + " could not be analysed (FFmpeg: " + Ffmpeg.errorText(code) + ")");
      }
      Ffmpeg.afterStep.run();
    }
  }

  /**
   * The number of the stream that is the video, held to the limits.
   *
   * @throws VideoException if there is none, or it can only be read with a key
   */
  int findVideo() {
    int best = pictures();
    if (best < 0) {
      List<String> found = new ArrayList<>();
      tracks(number -> false).forEach(track -> found.add(track.kind() + " " + track.codec()));
      throw new VideoException(
          name
              + " has no video track; found "
              + (found.isEmpty() ? "no track at all" : String.join(", ", found))
              + " (cover art is no video)");
    }
    refuseProtected(format.streams(best));
    int width = format.streams(best).codecpar().width();
    int height = format.streams(best).codecpar().height();
    boolean webp = format.streams(best).codecpar().codec_id() == AV_CODEC_ID_WEBP;
    if ((width < 1 || height < 1) && webp) {
      throw new VideoException(
          name
              + " is an animated WebP (or a damaged one), which this build of FFmpeg cannot read;"
              + " convert it to MP4, GIF or APNG");
    }
    if (width < 1 || height < 1) {
      throw new VideoException(
          name
              + " has a video track without pictures: no size was found in it"
              + hint(!seekable()));
    }
    limitPixels(width, height);
    Optional<TileGrid> grid = TileGrid.of(format, best);
    grid.ifPresent(tiles -> limitPixels(tiles.width(), tiles.height()));
    return best;
  }

  /** The number of the stream of pictures; -1 if there is none, cover art does not count. */
  int pictures() {
    int best = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, (AVCodec) null, 0);
    boolean moving =
        best >= 0 && (format.streams(best).disposition() & AV_DISPOSITION_ATTACHED_PIC) == 0;
    return moving ? best : -1;
  }

  private void refuseProtected(AVStream stream) {
    AVCodecParameters parameters = stream.codecpar();
    if (parameters.codec_tag() == ENCRYPTED_VIDEO
        || Display.find(stream, AV_PKT_DATA_ENCRYPTION_INIT_INFO, 1) != null) {
      throw encrypted();
    }
    ByteBuffer dolbyVision = Display.find(stream, AV_PKT_DATA_DOVI_CONF, 5);
    if (dolbyVision != null && dolbyVision.get(2) == DOLBY_VISION_ALONE) {
      throw new VideoException(
          name
              + " is Dolby Vision of profile 5, whose colours only Dolby's own decoders know; all"
              + " would look violet and green. Use a version in HDR10 or HLG (profiles 7 and 8 have"
              + " one inside and are read)");
    }
  }

  /** What is said where pictures can only be read with a key. */
  VideoException encrypted() {
    return new VideoException(
        name
            + " is encrypted: its pictures are protected and can only be read with a key, which"
            + " this library does not take; use a copy without protection");
  }

  private void limitPixels(int width, int height) {
    if ((long) width * height > options.maxPixels()) {
      throw new VideoException(
          String.format(
              "%s claims pictures of %d x %d pixels, more than the limit of %,d pixels; raise"
                  + " VideoOptions.maxPixels if it can be trusted",
              name, width, height, options.maxPixels()));
    }
  }

  /** What there is, except the streams of some numbers. */
  List<Track> tracks(IntPredicate without) {
    List<Track> tracks = new ArrayList<>();
    for (int i = 0; i < format.nb_streams(); i++) {
      if (without.test(i)) {
        continue;
      }
      AVStream other = format.streams(i);
      int type = other.codecpar().codec_type();
      TrackKind kind =
          type == AVMEDIA_TYPE_AUDIO
              ? TrackKind.AUDIO
              : type == AVMEDIA_TYPE_SUBTITLE
                  ? TrackKind.SUBTITLE
                  : type == AVMEDIA_TYPE_VIDEO ? TrackKind.VIDEO : TrackKind.OTHER;
      AVDictionaryEntry language = av_dict_get(other.metadata(), "language", null, 0);
      tracks.add(
          new Track(
              kind,
              avcodec_get_name(other.codecpar().codec_id()).getString(),
              language == null ? Optional.empty() : Optional.of(language.value().getString())));
    }
    return tracks;
  }

  /** Whether it can be read at another place than the next. */
  boolean seekable() {
    return format.pb() == null
        ? (format.ctx_flags() & AVFMTCTX_UNSEEKABLE) == 0
        : format.pb().seekable() != 0;
  }

  /**
   * Opens the same bytes anew, from the first: what FFmpeg does after a seek is not always what it
   * does after opening. Streams of before are gone.
   *
   * @return false if that cannot be
   * @throws VideoException if the container can no longer be read
   */
  boolean reopen() {
    if (bridge == null || !bridge.restart()) {
      return false;
    }
    AVFormatContext again = openContext();
    avformat_close_input(format);
    format = again;
    return true;
  }

  String name() {
    return name;
  }

  AVFormatContext format() {
    return format;
  }

  /** FFmpeg's names of the container, {@code mov,mp4,m4a,3gp,3g2,mj2} for one. */
  String kind() {
    return format.iformat().name().getString();
  }

  Watchdog watchdog() {
    return watchdog;
  }

  /** Whether Java reads the bytes: those of one file, channel or stream. */
  boolean isRead() {
    return bridge != null;
  }

  /** How many bytes there are, -1 if that is not known. */
  long bytes() {
    return bridge == null || !seekable() ? -1 : bridge.bytes();
  }

  /**
   * Reads the next packet, of any stream.
   *
   * @return false at the end
   * @throws VideoException if reading fails; of an address also if it breaks off, {@linkplain
   *     VideoException#isRetriable() worth another try}
   * @throws IllegalStateException if what reads it is closed
   */
  boolean read(AVPacket packet) {
    int bad = 0;
    while (true) {
      watchdog.progress();
      int code = av_read_frame(format, packet);
      if (code >= 0) {
        return true;
      }
      if (code == AVERROR_EOF() && !brokeOff()) {
        return false;
      }
      if (watchdog.isStopped()) {
        throw new IllegalStateException("the video " + name + " is closed");
      }
      Throwable failure = bridge == null ? null : bridge.failure();
      if (failure != null) {
        throw new VideoException(name + " cannot be read any further: " + failure, failure);
      }
      if (watchdog.shouldStop() || code == AVERROR_EXIT()) {
        throw VideoException.retriable(name + " sent nothing in time; reading was given up", null);
      }
      if (brokeOff()) {
        throw VideoException.retriable(
            name + " broke off: " + Ffmpeg.errorText(format.pb().error()), null);
      }
      if (code == AVERROR_INVALIDDATA() && ++bad < MAX_BAD_READS) {
        badReads++;
        continue;
      }
      badReads++;
      log.warn("{} ends early: {}", name, Ffmpeg.errorText(code));
      return false;
    }
  }

  /** Bad reads that were skipped. */
  long badReads() {
    return badReads;
  }

  /**
   * Whether an address could not be read on. Some demuxers take that for the end: half a film looks
   * like a whole one to who is not told.
   */
  private boolean brokeOff() {
    return bridge == null && format.pb() != null && format.pb().error() < 0;
  }

  /**
   * Where time starts, in ticks of the stream of the pictures. The container's start, so that a
   * picture that appears late is late; but sound that begins before zero (an encoder's priming) is
   * never heard and shifts nothing.
   */
  long origin(AVStream pictures) {
    long first = pictures.start_time();
    long start = format.start_time();
    if (start == Ffmpeg.NO_TIME) {
      return first == Ffmpeg.NO_TIME ? 0 : first;
    }
    try (AVRational micros = new AVRational().num(1).den(AV_TIME_BASE)) {
      AVRational base = pictures.time_base();
      long ticks = av_rescale_q(start, micros, base);
      if (first == Ffmpeg.NO_TIME) {
        return ticks;
      }
      // The container rounds to microseconds: its start may be the video's own first tick.
      if (Math.abs(av_rescale_q(first, base, micros) - start) <= 1) {
        return first;
      }
      return start < 0 ? Math.min(0, first) : Math.min(ticks, first);
    }
  }

  @Override
  public void close() {
    avformat_close_input(format);
    if (bridge != null) {
      bridge.close();
    }
  }
}
