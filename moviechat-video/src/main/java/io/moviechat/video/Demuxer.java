package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.AVDISCARD_ALL;
import static org.bytedeco.ffmpeg.global.avcodec.AVDISCARD_DEFAULT;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_ENCRYPTION_INFO;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_DISCARD;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_KEY;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_move_ref;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avformat.AVFMT_GENERIC_INDEX;
import static org.bytedeco.ffmpeg.global.avformat.AVFMT_NOTIMESTAMPS;
import static org.bytedeco.ffmpeg.global.avformat.AVFMT_NO_BYTE_SEEK;
import static org.bytedeco.ffmpeg.global.avformat.AVFMT_TS_DISCONT;
import static org.bytedeco.ffmpeg.global.avformat.AVSEEK_FLAG_BACKWARD;
import static org.bytedeco.ffmpeg.global.avformat.AVSEEK_FLAG_BYTE;
import static org.bytedeco.ffmpeg.global.avformat.av_seek_frame;
import static org.bytedeco.ffmpeg.global.avformat.avformat_index_get_entries_count;
import static org.bytedeco.ffmpeg.global.avformat.avformat_index_get_entry;
import static org.bytedeco.ffmpeg.global.avformat.avformat_index_get_entry_from_timestamp;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_get;
import static org.bytedeco.ffmpeg.global.avutil.av_rescale_q;

import io.moviechat.VideoException;
import io.moviechat.VideoInfo.Track;
import io.moviechat.VideoLocation;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.ffmpeg.avcodec.AVCodecParameters;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVIndexEntry;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionaryEntry;
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

  private static final Pattern CLOCK = Pattern.compile("(\\d{1,4}):(\\d\\d):(\\d\\d)\\.(\\d{1,9})");

  private final Container container;
  private final String name;
  private final Watchdog watchdog;
  private AVStream stream;
  private final int streamIndex;
  private final TimeBase timeBase;
  private final boolean seekable;
  private Display display;
  private final @Nullable FieldPairs fields;

  /** Packets that were read to know what comes, and wait to be read again. */
  private final ArrayDeque<AVPacket> waiting = new ArrayDeque<>();

  private final CarriedHeaders headers = new CarriedHeaders();

  private int soundIndex = -1;
  private Consumer<AVPacket> soundTap = packet -> {};
  private long originTicks;
  private boolean startIsTimed = true;
  private boolean decodingTimesOnly;
  private long reorderedTicks;

  /** What was read for a second field and belongs to another picture. */
  private @Nullable AVPacket secondOfOther;

  /** Which field of a picture comes first, as the beginning shows it; 0 if it has no fields. */
  private int firstField;

  /** Whether the next packet is the first after a seek, which may have led between two fields. */
  private boolean sought;

  private final @Nullable TileGrid grid;

  /** What tells whether reading begins where it began before. */
  private record First(long pts, long dts, int size) {
    static First of(AVPacket packet) {
      return new First(packet.pts(), packet.dts(), packet.size());
    }
  }

  /** How many packets are compared: after a seek FFmpeg may guess the second one's time anew. */
  private static final int COMPARED = 4;

  private final List<First> beginning = new ArrayList<>();

  private Demuxer(Container container) {
    this.container = container;
    this.name = container.name();
    this.watchdog = container.watchdog();
    this.streamIndex = container.findVideo();
    AVFormatContext format = container.format();
    this.stream = format.streams(streamIndex);
    this.timeBase = TimeBase.of(stream);
    this.originTicks = container.origin(stream);
    this.grid = TileGrid.of(format, streamIndex).orElse(null);
    this.display = grid == null ? Display.of(stream) : grid.display();
    this.fields = FieldPairs.of(stream.codecpar()).orElse(null);
    this.seekable = container.seekable();
    discardOthers();
  }

  /**
   * Opens the video of one file, channel or stream.
   *
   * @param input closed with this demuxer, and also if this fails
   * @throws VideoException if it is no video
   */
  static Demuxer open(String name, VideoInput input, VideoOptions options, Watchdog watchdog) {
    return of(Container.open(name, input, options, watchdog));
  }

  /**
   * Opens an address on the network.
   *
   * @throws VideoException if it is no video; names the address without its secrets
   */
  static Demuxer open(VideoLocation location, VideoOptions options, Watchdog watchdog) {
    return of(Container.open(location, options, watchdog));
  }

  /**
   * Opens numbered pictures, 25 a second.
   *
   * @param pattern a file name with one {@code %d} or {@code %04d}
   * @throws VideoException if there are none
   */
  static Demuxer openSequence(String pattern, VideoOptions options, Watchdog watchdog) {
    return of(Container.openSequence(pattern, options, watchdog));
  }

  private static Demuxer of(Container container) {
    boolean done = false;
    try {
      Demuxer demuxer = new Demuxer(container);
      done = true;
      return demuxer;
    } finally {
      if (!done) {
        container.close();
      }
    }
  }

  private void discardOthers() {
    for (int i = 0; i < format().nb_streams(); i++) {
      if (i != streamIndex && !isTile(i)) {
        format().streams(i).discard(AVDISCARD_ALL);
      }
    }
  }

  /**
   * Has the packets of the sound handed over that are read on the way to pictures.
   *
   * @param tap is lent each packet
   * @return the track; empty if there is none that can be heard
   */
  Optional<AVStream> tapSound(Consumer<AVPacket> tap) {
    try {
      soundIndex = SoundTracks.choose(name, format(), Optional.empty());
    } catch (VideoException e) {
      log.info("{}", e.getMessage());
    }
    if (soundIndex < 0) {
      return Optional.empty();
    }
    AVStream sound = format().streams(soundIndex);
    sound.discard(AVDISCARD_DEFAULT);
    soundTap = tap;
    return Optional.of(sound);
  }

  /** When time starts, in ticks of another stream. */
  long originOf(AVStream other) {
    return av_rescale_q(originTicks, stream.time_base(), other.time_base());
  }

  /**
   * Reads the first packets, which stay to be read: the first picture that is shown need not be in
   * the first packet, and time starts with it.
   */
  void lookAtStart() {
    long earliest = Long.MAX_VALUE;
    for (int i = 0; i < START_PACKETS; i++) {
      AVPacket packet = Ffmpeg.allocated(av_packet_alloc());
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
      waiting.add(packet);
      if (CarriedHeaders.sideData(packet, AV_PKT_DATA_ENCRYPTION_INFO) != null) {
        throw container.encrypted();
      }
      boolean shown = (packet.flags() & AV_PKT_FLAG_DISCARD) == 0;
      if (shown && packet.pts() == Ffmpeg.NO_TIME) {
        startIsTimed = false;
      } else if (shown) {
        earliest = Math.min(earliest, packet.pts());
      }
      if (packet.pts() != Ffmpeg.NO_TIME && packet.dts() != Ffmpeg.NO_TIME) {
        reorderedTicks = Math.max(reorderedTicks, packet.pts() - packet.dts());
      }
    }
    originTicks = Math.min(originTicks, earliest);
    if (PresentationOrder.isMissing(stream, waiting)) {
      decodingTimesOnly = true;
      startIsTimed = false;
      waiting.forEach(packet -> packet.pts(Ffmpeg.NO_TIME));
    }
    waiting.stream().limit(COMPARED).map(First::of).forEach(beginning::add);
    AVPacket picture = waiting.peek();
    if (picture != null && isPhoto() && display.orientation().isUpright()) {
      ByteBuffer file = picture.data().capacity(picture.size()).asByteBuffer();
      display = display.withOrientation(Exif.orientation(file));
    }
  }

  /** Whether this is a file of one picture. */
  boolean isPhoto() {
    String kind = container.kind();
    return kind.endsWith("_pipe") || kind.equals("image2");
  }

  /** Whether the first packets say when their pictures are shown. */
  boolean startIsTimed() {
    return startIsTimed;
  }

  /** By how much pictures are decoded before they are shown, as the first packets say. */
  long reordering() {
    return length(reorderedTicks);
  }

  /**
   * Whether each packet of such a container has a time of decoding that does not depend on where
   * reading began, so that when a picture comes out of the decoder is when it is shown.
   */
  boolean decodesSteadily() {
    boolean counted = container.kind().equals("mxf") || container.kind().startsWith("mov,");
    return container.kind().equals("avi") || (decodingTimesOnly && counted);
  }

  /** Whether the container knows of time at all: raw streams do not, and FFmpeg makes times up. */
  boolean hasTimes() {
    return !container.isRead() || (format().iformat().flags() & AVFMT_NOTIMESTAMPS) == 0;
  }

  /**
   * Whether this is one file or channel whose bytes Java reads, and how many there are; else -1.
   */
  long bytes() {
    return container.bytes();
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
    return container.format();
  }

  List<Track> otherTracks() {
    return container.tracks(number -> number == streamIndex || isTile(number));
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
    return container.badReads();
  }

  boolean timesMayJump() {
    return (format().iformat().flags() & AVFMT_TS_DISCONT) != 0;
  }

  /** Whether the container holds an index, rather than that FFmpeg makes one while it reads. */
  boolean hasOwnIndex() {
    return (format().iformat().flags() & (AVFMT_GENERIC_INDEX | AVFMT_NOTIMESTAMPS)) == 0;
  }

  /** A pts as nanoseconds since the start, or {@link Ffmpeg#NO_TIME}. */
  long nanos(long pts) {
    return timeBase.nanos(pts, originTicks);
  }

  /** A length in ticks as nanoseconds. */
  long length(long ticks) {
    return timeBase.length(ticks);
  }

  private long ticks(long nanos) {
    return originTicks + timeBase.ticks(nanos);
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
    long whole = format().duration();
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
    long whole = format().duration();
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
      sought = false;
    }
    headers.carry(packet);
    return true;
  }

  private void addSecondField(AVPacket packet, int structure, FieldPairs pairs) {
    if (firstField == 0 && !sought && isKey(packet)) {
      firstField = structure;
    }
    AVPacket next = Ffmpeg.allocated(av_packet_alloc());
    boolean keep = false;
    try {
      if (!readPacket(next)) {
        return;
      }
      int nextStructure = pairs.structure(next);
      boolean onePicture = FieldPairs.areOnePicture(structure, nextStructure);
      if (onePicture && isLate(packet, structure, next)) {
        av_packet_unref(packet);
        av_packet_move_ref(packet, next);
        sought = false;
        addSecondField(packet, nextStructure, pairs);
      } else if (onePicture) {
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

  /**
   * Whether the first packet after a seek is the second field of a picture whose first was passed
   * over. Of two fields of one picture only the first is a key frame, where that is true of any.
   */
  private boolean isLate(AVPacket packet, int structure, AVPacket next) {
    return sought && firstField != 0 && structure != firstField && (!isKey(packet) || isKey(next));
  }

  private static boolean isKey(AVPacket packet) {
    return (packet.flags() & AV_PKT_FLAG_KEY) != 0;
  }

  /** What was read ahead is of another place. */
  private void moved() {
    waiting.forEach(packet -> av_packet_free(packet));
    waiting.clear();
    if (secondOfOther != null) {
      av_packet_free(secondOfOther);
      secondOfOther = null;
    }
    headers.moved();
    sought = false;
  }

  private boolean readPacket(AVPacket packet) {
    while (container.read(packet)) {
      int index = packet.stream_index();
      if (index == streamIndex || isTile(index)) {
        if (decodingTimesOnly) {
          packet.pts(Ffmpeg.NO_TIME);
        }
        return true;
      }
      if (index == soundIndex) {
        soundTap.accept(packet);
      }
      av_packet_unref(packet);
    }
    return false;
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
    sought = true;
    return av_seek_frame(format(), streamIndex, ticks(nanos), AVSEEK_FLAG_BACKWARD) >= 0;
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
    boolean byBytes = (format().iformat().flags() & AVFMT_NO_BYTE_SEEK) == 0;
    // A transport stream has no index: searching it by time can miss the first key frame.
    if (timesMayJump() && byBytes && begins(av_seek_frame(format(), -1, 0, AVSEEK_FLAG_BYTE))) {
      return true;
    }
    // By its own entry in the index: by time, a key frame that an edit list hides is not found.
    if (hasOwnIndex() && avformat_index_get_entries_count(stream) > 0) {
      long entry = avformat_index_get_entry(stream, 0).timestamp();
      if (begins(av_seek_frame(format(), streamIndex, entry, AVSEEK_FLAG_BACKWARD))
          || begins(av_seek_frame(format(), streamIndex, entry - 1, AVSEEK_FLAG_BACKWARD))) {
        return true;
      }
    }
    long start = stream.start_time() == Ffmpeg.NO_TIME ? 0 : stream.start_time();
    long earliest = Math.min(start, originTicks);
    return begins(av_seek_frame(format(), streamIndex, earliest, AVSEEK_FLAG_BACKWARD))
        || begins(av_seek_frame(format(), -1, 0, AVSEEK_FLAG_BACKWARD))
        || (byBytes && begins(av_seek_frame(format(), -1, 0, AVSEEK_FLAG_BYTE)))
        || reopen();
  }

  /** Whether a seek succeeded and the first packets are those that were first before. */
  private boolean begins(int seekCode) {
    moved();
    if (seekCode < 0) {
      return false;
    }
    if (!container.isRead()) {
      return true;
    }
    for (First expected : beginning) {
      AVPacket packet = Ffmpeg.allocated(av_packet_alloc());
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
    int codec = stream.codecpar().codec_id();
    moved();
    if (!container.reopen()) {
      return false;
    }
    AVFormatContext again = container.format();
    if (streamIndex >= again.nb_streams()
        || again.streams(streamIndex).codecpar().codec_id() != codec) {
      throw new VideoException(name + " is another video than it was when it was opened");
    }
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

  /** Whether a palette was replaced by another one on the way. */
  boolean headersChanged() {
    return headers.changed();
  }

  /** Whether there are no more packets than so many, from where the next is read. */
  boolean hasAtMost(long packets) {
    AVPacket packet = Ffmpeg.allocated(av_packet_alloc());
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

  @Override
  public void close() {
    moved();
    if (fields != null) {
      fields.close();
    }
    container.close();
  }
}
