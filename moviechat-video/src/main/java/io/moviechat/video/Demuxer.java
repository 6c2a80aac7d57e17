package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.AVDISCARD_ALL;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_WEBP;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_DOVI_CONF;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_ENCRYPTION_INFO;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_ENCRYPTION_INIT_INFO;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_NEW_EXTRADATA;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_PALETTE;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_DISCARD;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_KEY;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_get_side_data;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_move_ref;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_new_side_data;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_get_name;
import static org.bytedeco.ffmpeg.global.avformat.AVFMTCTX_UNSEEKABLE;
import static org.bytedeco.ffmpeg.global.avformat.AVFMT_GENERIC_INDEX;
import static org.bytedeco.ffmpeg.global.avformat.AVFMT_NOTIMESTAMPS;
import static org.bytedeco.ffmpeg.global.avformat.AVFMT_NO_BYTE_SEEK;
import static org.bytedeco.ffmpeg.global.avformat.AVFMT_TS_DISCONT;
import static org.bytedeco.ffmpeg.global.avformat.AVSEEK_FLAG_BACKWARD;
import static org.bytedeco.ffmpeg.global.avformat.AVSEEK_FLAG_BYTE;
import static org.bytedeco.ffmpeg.global.avformat.AV_DISPOSITION_ATTACHED_PIC;
import static org.bytedeco.ffmpeg.global.avformat.av_find_best_stream;
import static org.bytedeco.ffmpeg.global.avformat.av_read_frame;
import static org.bytedeco.ffmpeg.global.avformat.av_seek_frame;
import static org.bytedeco.ffmpeg.global.avformat.avformat_alloc_context;
import static org.bytedeco.ffmpeg.global.avformat.avformat_close_input;
import static org.bytedeco.ffmpeg.global.avformat.avformat_find_stream_info;
import static org.bytedeco.ffmpeg.global.avformat.avformat_index_get_entries_count;
import static org.bytedeco.ffmpeg.global.avformat.avformat_index_get_entry;
import static org.bytedeco.ffmpeg.global.avformat.avformat_index_get_entry_from_timestamp;
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
import io.moviechat.video.CursorSelections.Window;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecParameters;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVIndexEntry;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVDictionaryEntry;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a container apart: packets of its one video stream, seeking, and what it says of itself.
 * Times are nanoseconds since the start of the video.
 */
final class Demuxer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Demuxer.class);

  /** More than any codec reorders. */
  private static final int START_PACKETS = 24;

  /** No picture is shown before one that was decoded so many pictures earlier. */
  private static final int REORDERED_PICTURES = 32;

  private static final int[] CARRIED = {AV_PKT_DATA_PALETTE, AV_PKT_DATA_NEW_EXTRADATA};

  /** The type of a sample entry that hides which codec it is, {@code encv}. */
  private static final int ENCRYPTED_VIDEO = 'e' | 'n' << 8 | 'c' << 16 | 'v' << 24;

  private static final int DOLBY_VISION_ALONE = 5;

  private static final Pattern CLOCK = Pattern.compile("(\\d{1,4}):(\\d\\d):(\\d\\d)\\.(\\d{1,9})");

  /** Bad packets in a row after which a file counts as ended. */
  private static final int MAX_BAD_READS = 200;

  private final String name;
  private final Watchdog watchdog;
  private final @Nullable InputBridge bridge;
  private final Reopening reopening;
  private AVFormatContext format;
  private AVStream stream;
  private final int streamIndex;
  private final int timeBaseNumerator;
  private final int timeBaseDenominator;
  private final boolean seekable;
  private Display display;
  private final @Nullable FieldPairs fields;

  /** Packets that were read to know what comes, and wait to be read again. */
  private final ArrayDeque<AVPacket> waiting = new ArrayDeque<>();

  /** Palettes and new headers, which come with one packet and hold for those after it. */
  private final Map<Integer, byte[]> carried = new HashMap<>();

  private long originTicks;
  private boolean startIsTimed = true;
  private boolean carriedChanged;
  private boolean carriedIsDue;

  /** What was read for a second field and belongs to another picture. */
  private @Nullable AVPacket secondOfOther;

  private final @Nullable TileGrid grid;

  private long badReads;
  private boolean endedEarly;

  /** Opens the container once more. */
  private interface Reopening {
    AVFormatContext open();
  }

  /** What tells whether reading begins where it began before. */
  private record First(long pts, long dts, int size) {
    static First of(AVPacket packet) {
      return new First(packet.pts(), packet.dts(), packet.size());
    }
  }

  /** How many packets are compared: after a seek FFmpeg may guess the second one's time anew. */
  private static final int COMPARED = 4;

  private final List<First> beginning = new ArrayList<>();

  private Demuxer(
      String name,
      Watchdog watchdog,
      @Nullable InputBridge bridge,
      Reopening reopening,
      AVFormatContext format,
      int streamIndex) {
    this.name = name;
    this.watchdog = watchdog;
    this.bridge = bridge;
    this.reopening = reopening;
    this.format = format;
    this.streamIndex = streamIndex;
    this.stream = format.streams(streamIndex);
    this.timeBaseNumerator = stream.time_base().num();
    this.timeBaseDenominator = stream.time_base().den();
    this.originTicks = origin();
    this.grid = TileGrid.of(format, streamIndex).orElse(null);
    this.display = grid == null ? Display.of(stream) : grid.display();
    this.fields = FieldPairs.of(stream.codecpar()).orElse(null);
    this.seekable =
        format.pb() == null
            ? (format.ctx_flags() & AVFMTCTX_UNSEEKABLE) == 0
            : format.pb().seekable() != 0;
    discardOthers();
  }

  private void discardOthers() {
    for (int i = 0; i < format.nb_streams(); i++) {
      if (i != streamIndex && !isTile(i)) {
        format.streams(i).discard(AVDISCARD_ALL);
      }
    }
  }

  /**
   * Opens a container and finds its video.
   *
   * @param input closed with this demuxer, and also if this fails
   * @throws VideoException if it is no video
   */
  static Demuxer open(String name, VideoInput input, VideoOptions options, Watchdog watchdog) {
    InputBridge bridge = new InputBridge(input, watchdog);
    // Java reads the one file; whatever a playlist inside it names stays closed.
    Map<String, String> settings =
        Map.of("protocol_whitelist", "none", "format_whitelist", Formats.FILES);
    try {
      return open(name, Formats.probedName(name), bridge, settings, options, watchdog);
    } catch (RuntimeException | Error e) {
      bridge.close();
      throw e;
    }
  }

  /**
   * Opens an address on the network.
   *
   * @throws VideoException if it is no video; names the address without its secrets
   */
  static Demuxer open(VideoLocation location, VideoOptions options, Watchdog watchdog) {
    String url = location.uri().toString();
    Map<String, String> settings = new HashMap<>();
    settings.put("protocol_whitelist", Formats.NETWORK_PROTOCOLS);
    settings.put("format_whitelist", Formats.NETWORK);
    settings.put("user_agent", "MovieChat");
    settings.put("rw_timeout", Long.toString(Window.saturated(options.timeout()) / 1000));
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
    return open(location.toString(), url, null, settings, options, watchdog);
  }

  /**
   * Opens numbered pictures, 25 a second.
   *
   * @param pattern a file name with one {@code %d} or {@code %04d}
   * @throws VideoException if there are none
   */
  static Demuxer openSequence(String pattern, VideoOptions options, Watchdog watchdog) {
    Map<String, String> settings =
        Map.of(
            "protocol_whitelist", "file",
            "format_whitelist", "image2",
            "pattern_type", "sequence");
    return open(pattern, pattern, null, settings, options, watchdog);
  }

  private static Demuxer open(
      String name,
      String url,
      @Nullable InputBridge bridge,
      Map<String, String> settings,
      VideoOptions options,
      Watchdog watchdog) {
    Reopening opening = () -> openContext(name, url, bridge, settings, options, watchdog);
    AVFormatContext format = opening.open();
    boolean done = false;
    try {
      int video = findVideo(name, format, options);
      Demuxer demuxer = new Demuxer(name, watchdog, bridge, opening, format, video);
      done = true;
      return demuxer;
    } finally {
      if (!done) {
        avformat_close_input(format);
      }
    }
  }

  private static AVFormatContext openContext(
      String name,
      String url,
      @Nullable InputBridge bridge,
      Map<String, String> settings,
      VideoOptions options,
      Watchdog watchdog) {
    AVFormatContext format = avformat_alloc_context();
    if (bridge != null) {
      format.pb(bridge.context());
      format.flags(format.flags() | AVFormatContext.AVFMT_FLAG_CUSTOM_IO);
    }
    watchdog.guard(format);
    watchdog.progress();
    AVDictionary dictionary = new AVDictionary(null);
    settings.forEach((key, value) -> av_dict_set(dictionary, key, value, 0));
    av_dict_set(dictionary, "probesize", Integer.toString(options.probeBytes()), 0);
    int code = avformat_open_input(format, url, null, dictionary); // frees the context if it fails
    av_dict_free(dictionary);
    if (code < 0) {
      throw notAVideo(name, bridge, watchdog, code);
    }
    boolean done = false;
    try {
      analyse(name, format, options);
      done = true;
      return format;
    } finally {
      if (!done) {
        avformat_close_input(format);
      }
    }
  }

  private static VideoException notAVideo(
      String name, @Nullable InputBridge bridge, Watchdog watchdog, int code) {
    Throwable cause = bridge == null ? null : bridge.failure();
    if (cause != null) {
      return new VideoException(name + " cannot be read: " + cause, cause);
    }
    if (watchdog.shouldStop() || code == AVERROR_EXIT()) {
      return new VideoException(name + " could not be opened in time: reading made no progress");
    }
    if (bridge == null) {
      return new VideoException(
          name
              + " cannot be opened (FFmpeg: "
              + Ffmpeg.errorText(code)
              + "); check the address, and that a video in a known container is there");
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
    }
  }

  private static int findVideo(String name, AVFormatContext format, VideoOptions options) {
    int best = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, (AVCodec) null, 0);
    if (best < 0 || (format.streams(best).disposition() & AV_DISPOSITION_ATTACHED_PIC) != 0) {
      List<String> found = new ArrayList<>();
      tracks(format, number -> false)
          .forEach(track -> found.add(track.kind() + " " + track.codec()));
      throw new VideoException(
          name
              + " has no video track; found "
              + (found.isEmpty() ? "no track at all" : String.join(", ", found))
              + " (cover art is no video)");
    }
    refuseProtected(name, format.streams(best));
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
              + hint(format.pb() != null && format.pb().seekable() == 0));
    }
    limitPixels(name, width, height, options);
    Optional<TileGrid> grid = TileGrid.of(format, best);
    grid.ifPresent(tiles -> limitPixels(name, tiles.width(), tiles.height(), options));
    return best;
  }

  private static void refuseProtected(String name, AVStream stream) {
    AVCodecParameters parameters = stream.codecpar();
    if (parameters.codec_tag() == ENCRYPTED_VIDEO
        || Display.find(stream, AV_PKT_DATA_ENCRYPTION_INIT_INFO, 1) != null) {
      throw encrypted(name);
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

  private static VideoException encrypted(String name) {
    return new VideoException(
        name
            + " is encrypted: its pictures are protected and can only be read with a key, which"
            + " this library does not take; use a copy without protection");
  }

  private static void limitPixels(String name, int width, int height, VideoOptions options) {
    if ((long) width * height > options.maxPixels()) {
      throw new VideoException(
          String.format(
              "%s claims pictures of %d x %d pixels, more than the limit of %,d pixels; raise"
                  + " VideoOptions.maxPixels if it can be trusted",
              name, width, height, options.maxPixels()));
    }
  }

  private static List<Track> tracks(AVFormatContext format, IntPredicate without) {
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

  /**
   * Where time starts. The container's start, so that a picture that appears late is late; but
   * sound that begins before zero (an encoder's priming) is never heard and shifts nothing.
   */
  private long origin() {
    long first = stream.start_time();
    long start = format.start_time();
    if (start == Ffmpeg.NO_TIME) {
      return first == Ffmpeg.NO_TIME ? 0 : first;
    }
    try (AVRational micros = new AVRational().num(1).den(AV_TIME_BASE);
        AVRational base = new AVRational().num(timeBaseNumerator).den(timeBaseDenominator)) {
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

  /**
   * Reads the first packets, which stay to be read: the first picture that is shown need not be in
   * the first packet, and time starts with it.
   */
  void lookAtStart() {
    long earliest = Long.MAX_VALUE;
    for (int i = 0; i < START_PACKETS; i++) {
      AVPacket packet = av_packet_alloc();
      boolean read = false;
      try {
        read = readPicture(packet);
      } finally {
        if (!read) {
          av_packet_free(packet);
        }
      }
      if (!read) {
        break;
      }
      if (beginning.size() < COMPARED) {
        beginning.add(First.of(packet));
      }
      waiting.add(packet);
      if (sideData(packet, AV_PKT_DATA_ENCRYPTION_INFO) != null) {
        throw encrypted(name);
      }
      boolean shown = (packet.flags() & AV_PKT_FLAG_DISCARD) == 0;
      if (shown && packet.pts() == Ffmpeg.NO_TIME) {
        startIsTimed = false;
      } else if (shown) {
        earliest = Math.min(earliest, packet.pts());
      }
    }
    originTicks = Math.min(originTicks, earliest);
    AVPacket picture = waiting.peek();
    if (picture != null && isPhoto() && display.orientation().isUpright()) {
      ByteBuffer file = picture.data().capacity(picture.size()).asByteBuffer();
      display = display.withOrientation(Exif.orientation(file));
    }
  }

  /** Whether this is a file of one picture. */
  boolean isPhoto() {
    String container = format.iformat().name().getString();
    return container.endsWith("_pipe") || container.equals("image2");
  }

  /** Whether the first packets say when their pictures are shown. */
  boolean startIsTimed() {
    return startIsTimed;
  }

  /**
   * Whether each packet of such a container (AVI) has a time of decoding that does not depend on
   * where reading began, so that when a picture comes out of the decoder is when it is shown.
   */
  boolean decodesSteadily() {
    return format.iformat().name().getString().equals("avi");
  }

  /** Whether the container knows of time at all: raw streams do not, and FFmpeg makes times up. */
  boolean hasTimes() {
    return bridge == null || (format.iformat().flags() & AVFMT_NOTIMESTAMPS) == 0;
  }

  /**
   * Whether this is one file or channel whose bytes Java reads, and how many there are; else -1.
   */
  long bytes() {
    return bridge == null || !seekable ? -1 : bridge.bytes();
  }

  String name() {
    return name;
  }

  AVCodecParameters parameters() {
    return stream.codecpar();
  }

  /** Whether WebM says that there is a second layer with what is transparent. */
  boolean hasAlpha() {
    AVDictionaryEntry mode = av_dict_get(stream.metadata(), "alpha_mode", null, 0);
    return mode != null && mode.value().getString().equals("1");
  }

  /** How the pictures are shown, as the container says. */
  Display display() {
    return display;
  }

  /** How the picture is made of tiles; null if it is not. */
  @Nullable TileGrid grid() {
    return grid;
  }

  AVStream stream() {
    return stream;
  }

  AVFormatContext format() {
    return format;
  }

  List<Track> otherTracks() {
    return tracks(format, number -> number == streamIndex || isTile(number));
  }

  private boolean isTile(int number) {
    return grid != null && grid.tileOf(number).isPresent();
  }

  boolean seekable() {
    return seekable;
  }

  Watchdog watchdog() {
    return watchdog;
  }

  /** Bad reads that were skipped. */
  long badReads() {
    return badReads;
  }

  /** Whether the file ended before its container said it would. */
  boolean endedEarly() {
    return endedEarly;
  }

  boolean timesMayJump() {
    return (format.iformat().flags() & AVFMT_TS_DISCONT) != 0;
  }

  /** Whether the container holds an index, rather than that FFmpeg makes one while it reads. */
  boolean hasOwnIndex() {
    return (format.iformat().flags() & (AVFMT_GENERIC_INDEX | AVFMT_NOTIMESTAMPS)) == 0;
  }

  /** A pts as nanoseconds since the start, or {@link Ffmpeg#NO_TIME}. */
  long nanos(long pts) {
    if (pts == Ffmpeg.NO_TIME || Math.abs(pts) > Long.MAX_VALUE / 4) {
      return Ffmpeg.NO_TIME;
    }
    return Ffmpeg.nanos(pts - originTicks, timeBaseNumerator, timeBaseDenominator);
  }

  /** A length in ticks as nanoseconds. */
  long length(long ticks) {
    return ticks <= 0 ? 0 : Ffmpeg.nanos(ticks, timeBaseNumerator, timeBaseDenominator);
  }

  private long ticks(long nanos) {
    return originTicks + Ffmpeg.ticks(nanos, timeBaseNumerator, timeBaseDenominator);
  }

  /** The duration of the video in nanoseconds, or {@link Ffmpeg#NO_TIME}. */
  long duration() {
    long own = stream.duration();
    if (own != Ffmpeg.NO_TIME && own > 0) {
      long first = stream.start_time() == Ffmpeg.NO_TIME ? originTicks : stream.start_time();
      return nanos(first + own);
    }
    long tagged = taggedDuration();
    if (tagged > 0) {
      return tagged;
    }
    long whole = format.duration();
    return whole != Ffmpeg.NO_TIME && whole > 0 ? whole * 1000 : Ffmpeg.NO_TIME;
  }

  /** Matroska tells the length of a track, which may be shorter than the file, in a tag. */
  private long taggedDuration() {
    AVDictionaryEntry tag = av_dict_get(stream.metadata(), "DURATION", null, 0);
    if (tag == null) {
      return Ffmpeg.NO_TIME;
    }
    Matcher matcher = CLOCK.matcher(tag.value().getString().strip());
    if (!matcher.matches()) {
      return Ffmpeg.NO_TIME;
    }
    long seconds =
        Integer.parseInt(matcher.group(1)) * 3600L
            + Integer.parseInt(matcher.group(2)) * 60L
            + Integer.parseInt(matcher.group(3));
    long nanos =
        seconds * 1_000_000_000 + Long.parseLong((matcher.group(4) + "000000000").substring(0, 9));
    long whole = format.duration();
    // An editor may have cut the file and left the tag.
    return whole != Ffmpeg.NO_TIME && whole > 0 && nanos <= whole * 1000 + 1_000_000
        ? nanos
        : Ffmpeg.NO_TIME;
  }

  /**
   * Reads the next packet of the video: one picture, both its fields.
   *
   * @return whether there is one
   * @throws VideoException if reading fails
   */
  boolean read(AVPacket packet) {
    AVPacket first = waiting.poll();
    if (first != null) {
      av_packet_move_ref(packet, first);
      av_packet_free(first);
      return true;
    }
    return readPicture(packet);
  }

  private boolean readPicture(AVPacket packet) {
    AVPacket field = secondOfOther;
    secondOfOther = null;
    if (field != null) {
      av_packet_move_ref(packet, field);
      av_packet_free(field);
    } else if (!readPacket(packet)) {
      return false;
    }
    if (fields != null) {
      int structure = fields.structure(packet);
      if (FieldPairs.isField(structure)) {
        addSecondField(packet, structure, fields);
      }
    }
    carry(packet);
    return true;
  }

  private void addSecondField(AVPacket packet, int structure, FieldPairs pairs) {
    AVPacket next = av_packet_alloc();
    boolean keep = false;
    try {
      if (!readPacket(next)) {
        return;
      }
      if (FieldPairs.areOnePicture(structure, pairs.structure(next))) {
        FieldPairs.join(packet, next, name);
      } else {
        secondOfOther = next;
        keep = true;
      }
    } finally {
      if (!keep) {
        av_packet_free(next);
      }
    }
  }

  /** Remembers what holds for later packets too, and gives it to the first one after a seek. */
  private void carry(AVPacket packet) {
    for (int type : CARRIED) {
      byte[] own = sideData(packet, type);
      byte[] known = carried.get(type);
      if (own != null) {
        carriedChanged |=
            type == AV_PKT_DATA_PALETTE && known != null && !Arrays.equals(known, own);
        carried.put(type, own);
      } else if (carriedIsDue && known != null) {
        BytePointer copy = av_packet_new_side_data(packet, type, known.length);
        if (copy != null) {
          copy.put(known);
        }
      }
    }
    carriedIsDue = false;
  }

  private static byte @Nullable [] sideData(AVPacket packet, int type) {
    try (SizeTPointer size = new SizeTPointer(1)) {
      BytePointer data = av_packet_get_side_data(packet, type, size);
      if (data == null || data.isNull()) {
        return null;
      }
      byte[] bytes = new byte[(int) size.get()];
      data.get(bytes);
      return bytes;
    }
  }

  /** What was read ahead is of another place. */
  private void moved() {
    waiting.forEach(packet -> av_packet_free(packet));
    waiting.clear();
    if (secondOfOther != null) {
      av_packet_free(secondOfOther);
      secondOfOther = null;
    }
    carriedIsDue = true;
  }

  private boolean readPacket(AVPacket packet) {
    int bad = 0;
    while (true) {
      watchdog.progress();
      int code = av_read_frame(format, packet);
      if (code >= 0) {
        int index = packet.stream_index();
        if (index == streamIndex || isTile(index)) {
          return true;
        }
        av_packet_unref(packet);
        continue;
      }
      if (code == AVERROR_EOF()) {
        return false;
      }
      if (watchdog.isStopped()) {
        throw new IllegalStateException("the video " + name + " is closed");
      }
      Throwable failure = bridge == null ? null : bridge.failure();
      if (failure != null) {
        throw new VideoException(name + " cannot be read any further: " + failure, failure);
      }
      if (watchdog.shouldStop()) {
        throw new VideoException(name + " sent nothing in time; reading was given up");
      }
      if (code == AVERROR_INVALIDDATA() && ++bad < MAX_BAD_READS) {
        badReads++;
        continue;
      }
      badReads++;
      endedEarly = true;
      log.warn("{} ends early: {}", name, Ffmpeg.errorText(code));
      return false;
    }
  }

  /**
   * Goes to a key frame at or before a time, as well as the container knows.
   *
   * @return whether it could
   */
  boolean seek(long nanos) {
    watchdog.progress();
    if (!seekable) {
      return false;
    }
    moved();
    return av_seek_frame(format, streamIndex, ticks(nanos), AVSEEK_FLAG_BACKWARD) >= 0;
  }

  /**
   * Goes to the very beginning: to where reading began when this was opened.
   *
   * @return false if this input cannot be read again
   */
  boolean rewind() {
    watchdog.progress();
    if (!seekable) {
      return false;
    }
    boolean byBytes = (format.iformat().flags() & AVFMT_NO_BYTE_SEEK) == 0;
    // A transport stream has no index: searching it by time can miss the first key frame.
    if (timesMayJump() && byBytes && begins(av_seek_frame(format, -1, 0, AVSEEK_FLAG_BYTE))) {
      return true;
    }
    // By its own entry in the index: by time, a key frame that an edit list hides is not found.
    if (hasOwnIndex() && avformat_index_get_entries_count(stream) > 0) {
      long entry = avformat_index_get_entry(stream, 0).timestamp();
      if (begins(av_seek_frame(format, streamIndex, entry, AVSEEK_FLAG_BACKWARD))
          || begins(av_seek_frame(format, streamIndex, entry - 1, AVSEEK_FLAG_BACKWARD))) {
        return true;
      }
    }
    long start = stream.start_time() == Ffmpeg.NO_TIME ? 0 : stream.start_time();
    long earliest = Math.min(start, originTicks);
    return begins(av_seek_frame(format, streamIndex, earliest, AVSEEK_FLAG_BACKWARD))
        || begins(av_seek_frame(format, -1, 0, AVSEEK_FLAG_BACKWARD))
        || (byBytes && begins(av_seek_frame(format, -1, 0, AVSEEK_FLAG_BYTE)))
        || reopen();
  }

  /** Whether a seek succeeded and the first packets are those that were first before. */
  private boolean begins(int seekCode) {
    moved();
    if (seekCode < 0) {
      return false;
    }
    if (bridge == null) {
      return true;
    }
    for (First expected : beginning) {
      AVPacket packet = av_packet_alloc();
      boolean same = false;
      try {
        same = readPicture(packet) && First.of(packet).equals(expected);
      } finally {
        if (same) {
          waiting.add(packet);
        } else {
          av_packet_free(packet);
        }
      }
      if (!same) {
        return false;
      }
    }
    return true;
  }

  /** The last resort: what FFmpeg does after a seek is not what it does after opening. */
  private boolean reopen() {
    if (bridge == null || !bridge.restart()) {
      return false;
    }
    moved();
    AVFormatContext again = reopening.open();
    boolean fits =
        streamIndex < again.nb_streams()
            && again.streams(streamIndex).codecpar().codec_id() == stream.codecpar().codec_id();
    if (!fits) {
      avformat_close_input(again);
      throw new VideoException(name + " is another video than it was when it was opened");
    }
    avformat_close_input(format);
    format = again;
    stream = again.streams(streamIndex);
    discardOthers();
    return true;
  }

  /**
   * The time that the index gives for the last key frame at or before a time, {@link
   * Ffmpeg#NO_TIME} if it knows none. It may be a decoding time, a little before the frame's own.
   */
  long keyframeBefore(long nanos) {
    AVIndexEntry entry =
        avformat_index_get_entry_from_timestamp(stream, ticks(nanos), AVSEEK_FLAG_BACKWARD);
    return entry == null || entry.isNull() ? Ffmpeg.NO_TIME : nanos(entry.timestamp());
  }

  /** Whether the index reaches past a time, so that {@link #keyframeBefore} knows all before it. */
  boolean indexReaches(long nanos) {
    int entries = avformat_index_get_entries_count(stream);
    if (entries == 0) {
      return false;
    }
    long last = nanos(avformat_index_get_entry(stream, entries - 1).timestamp());
    return last >= nanos;
  }

  /** Whether there are no more packets than so many, from where the next is read. */
  boolean hasAtMost(long packets) {
    AVPacket packet = av_packet_alloc();
    try {
      long count = 0;
      while (count <= packets && read(packet)) {
        count++;
        av_packet_unref(packet);
      }
      return count <= packets;
    } finally {
      av_packet_free(packet);
    }
  }

  /** Reads all packets, from the start; the place is lost. */
  Survey survey() {
    if (!rewind()) {
      throw new VideoException(
          name + " cannot be read twice, which this sampling needs: it is no seekable input");
    }
    long[] times = new long[1024];
    int count = 0;
    long latest = Long.MIN_VALUE;
    long[] latestBefore = new long[REORDERED_PICTURES];
    Arrays.fill(latestBefore, Long.MIN_VALUE);
    long end = 0;
    boolean timed = true;
    Steps steps = new Steps();
    boolean orderly = true;
    AVPacket packet = av_packet_alloc();
    try {
      while (read(packet)) {
        long time = nanos(packet.pts());
        steps.add(nanos(packet.dts()));
        if ((packet.flags() & AV_PKT_FLAG_DISCARD) == 0 && HiddenPictures.isShown(stream, packet)) {
          if (time == Ffmpeg.NO_TIME) {
            timed = false;
          } else {
            boolean key = (packet.flags() & AV_PKT_FLAG_KEY) != 0;
            int place = count % REORDERED_PICTURES;
            // A key frame is shown after all that was read before it, others after most of it.
            orderly &= time > (key ? latest : latestBefore[place]);
            latest = Math.max(latest, time);
            latestBefore[place] = latest;
            end = Math.max(end, time + length(packet.duration()));
            if (count == times.length) {
              times = Arrays.copyOf(times, 2 * count);
            }
            times[count++] = time;
          }
        }
        av_packet_unref(packet);
      }
    } finally {
      av_packet_free(packet);
    }
    Arrays.sort(times, 0, count);
    for (int i = 1; i < count; i++) {
      orderly &= times[i] > times[i - 1];
    }
    return new Survey(
        Arrays.copyOf(times, count), end, timed, steps.areEqual(), orderly && !carriedChanged);
  }

  /** Whether times have equal distances, up to what rounding does to them. */
  private static final class Steps {
    private static final long ROUNDING = 2_000_000;

    private long last = Ffmpeg.NO_TIME;
    private long shortest = Long.MAX_VALUE;
    private long longest = Long.MIN_VALUE;
    private boolean missing;

    void add(long time) {
      if (time == Ffmpeg.NO_TIME) {
        missing = true;
      } else if (last != Ffmpeg.NO_TIME) {
        shortest = Math.min(shortest, time - last);
        longest = Math.max(longest, time - last);
      }
      last = time;
    }

    boolean areEqual() {
      return !missing && (longest == Long.MIN_VALUE || longest - shortest <= ROUNDING);
    }
  }

  @Override
  public void close() {
    moved();
    if (fields != null) {
      fields.close();
    }
    avformat_close_input(format);
    if (bridge != null) {
      bridge.close();
    }
  }
}
