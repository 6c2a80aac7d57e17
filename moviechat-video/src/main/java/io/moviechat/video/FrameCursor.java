package io.moviechat.video;

import io.moviechat.VideoException;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avutil.AVFrame;

/**
 * A place in a video: the picture on screen, and the one after it, which says how long the first
 * stays. Moves forward by decoding, and elsewhere by going to a key frame and decoding from there.
 *
 * <p>Who goes back a little will go back again: from the first such step on, as many pictures as
 * {@link HeldPictures#keepMany} allows are held behind the current one, and none of them is
 * skipped.
 */
final class FrameCursor implements AutoCloseable {
  private static final long SECOND = 1_000_000_000L;

  /** A file of up to this size is read once, a fraction of a second, to know its times. */
  private static final long MAX_SURVEYED_BYTES = 64L << 20;

  /** The same for one without an index, which may be two recordings in a row. */
  private static final long MAX_UNINDEXED_BYTES = 1L << 30;

  /**
   * To leave the held pictures for a key frame pays if at least a whole group of pictures is not
   * decoded.
   */
  private static final int WORTH_LEAVING = 2;

  private final Demuxer demuxer;
  private final Access access;
  private VideoOptions options;
  private Decoder decoder;
  private final long frameNanos;

  private final HeldPictures held = new HeldPictures();

  /** From this time on no picture is missing in {@link #held}. */
  private long completeFrom = Long.MIN_VALUE;

  private boolean untouched = true;
  private boolean fromBeginning = true;
  private long lastTime = Ffmpeg.NO_TIME;
  private long shift;
  private int keysSeen;
  private boolean leaveNothingOut;
  private final long maxTime;
  private final boolean maySkip;

  /** How far ahead a time must be before a key frame is looked for without an index. */
  private long blindSeekDistance = 10 * SECOND;

  /**
   * @param access what is known of the video; learnt here too
   */
  FrameCursor(Demuxer demuxer, VideoOptions options, Access access) {
    this(demuxer, options, access, true);
  }

  /** A cursor that never looks ahead of what it needs: in a live video that would be a delay. */
  static FrameCursor live(Demuxer demuxer, VideoOptions options) {
    return new FrameCursor(demuxer, options, new Access(demuxer.name()), false);
  }

  private FrameCursor(Demuxer demuxer, VideoOptions options, Access access, boolean maySkip) {
    this.demuxer = demuxer;
    this.access = access;
    this.options = options;
    this.decoder = new Decoder(demuxer, options);
    this.maySkip = maySkip;
    double rate = Ffmpeg.toDouble(demuxer.stream().avg_frame_rate());
    this.frameNanos = rate > 0.001 && rate < 100_000 ? (long) (SECOND / rate) : SECOND / 25;
    this.maxTime = options.maxDuration().toNanos();
  }

  /** The picture on screen. Borrowed until the cursor moves. */
  AVFrame picture() {
    return held.current().picture;
  }

  /** The time of {@link #picture()}. */
  long time() {
    return held.current().time;
  }

  /** When {@link #picture()} is replaced; {@link Long#MAX_VALUE} if it is the last. */
  long replacedAt() {
    return held.hasAhead() ? held.ahead().time : Long.MAX_VALUE;
  }

  /** When {@link #picture()} leaves the screen, also if nothing follows it. */
  long endOfCurrent() {
    if (held.hasAhead()) {
      return replacedAt();
    }
    long own = demuxer.length(picture().duration());
    return time() + (own > 0 ? own : frameNanos);
  }

  /** Whether pictures are still reached from the key frames before them, and exactly. */
  boolean goesByKeyFrames() {
    return access.way() == Access.Way.DIRECT;
  }

  /** Whether nothing comes before the current picture. */
  private boolean currentIsFirst() {
    return held.currentIsOldest() && holdsFirst();
  }

  private boolean holdsFirst() {
    return fromBeginning && held.noneDropped();
  }

  /** A pass over key frames alone, from the one before the window. */
  FrameSelection keyframes(Window window, long interval) {
    boolean packetsTell = access.way() == Access.Way.DIRECT;
    if (packetsTell) {
      decodeWith(1); // one by one: more threads would only wait
    }
    if (packetsTell && window.from() > 0 && seek(window.from())) {
      forget(false);
    } else {
      reset();
    }
    untouched &= !packetsTell; // the packets are read past this cursor
    return new KeyframeSelection(this, demuxer, window, interval, !packetsTell);
  }

  /** Decodes a key frame on its own; false if that gives no picture. */
  boolean decodeAlone(AVPacket packet, AVFrame picture) {
    return decoder.decodeAlone(packet, picture);
  }

  /** Whether decoding can begin with a picture that was decoded alone. */
  boolean isKey(AVFrame picture) {
    return decoder.isKey(picture);
  }

  /** Whether the next picture is the first of the video. */
  boolean isBeforeFirst() {
    return fromBeginning && !held.hasCurrent();
  }

  /**
   * Learns how pictures may be reached, before the first one is wanted that is not the next. The
   * place is lost.
   *
   * @param wholly whether all packets are read however long that takes
   */
  void learn(boolean wholly) {
    boolean surveyed = access.survey() != null;
    if (access.isKnown() && (surveyed || !wholly)) {
      return;
    }
    long bytes = demuxer.bytes();
    long limit = demuxer.timesMayJump() ? MAX_UNINDEXED_BYTES : MAX_SURVEYED_BYTES;
    boolean hopeless = !demuxer.startIsTimed() && untimed() == Access.Way.SEQUENTIAL;
    if (!surveyed && (wholly || (!hopeless && bytes >= 0 && bytes <= limit))) {
      untouched = false;
      Survey survey = Survey.of(demuxer);
      reset();
      access.learn(wayOf(survey), survey);
    } else {
      // Pictures are left out only where times cannot jump unnoticed.
      boolean direct = demuxer.startIsTimed() && (demuxer.seekable() || !demuxer.timesMayJump());
      Access.Way way = direct ? Access.Way.DIRECT : untimed();
      access.learn(demuxer.hasTimes() ? way : Access.Way.SEQUENTIAL, null);
    }
  }

  /** The way where packets do not say when their pictures are shown. */
  private Access.Way untimed() {
    return demuxer.decodesSteadily() ? Access.Way.WARM : Access.Way.SEQUENTIAL;
  }

  private Access.Way wayOf(Survey survey) {
    if (!survey.orderly() || !demuxer.hasTimes()) {
      return Access.Way.SEQUENTIAL;
    }
    if (survey.timed()) {
      return Access.Way.DIRECT;
    }
    return survey.steady() ? untimed() : Access.Way.SEQUENTIAL;
  }

  /**
   * Whether there are no more pictures than so many. Reads that many packets; the place is lost.
   */
  boolean hasAtMost(long pictures) {
    Survey survey = access.survey();
    if (survey != null && survey.timed()) {
      return survey.times().length <= pictures;
    }
    untouched = false;
    boolean atMost = demuxer.hasAtMost(pictures);
    reset();
    return atMost;
  }

  /** The times of all pictures, as a pass from the beginning gives them; decodes all. */
  long[] decodedTimes() {
    rewind();
    LongStream.Builder times = LongStream.builder();
    while (advance()) {
      times.add(time());
    }
    rewind();
    return times.build().toArray();
  }

  /**
   * The times of all pictures, from the packets where these tell, else by decoding. The place is
   * lost.
   */
  long[] times() {
    learn(true);
    Survey survey = access.survey();
    return survey != null && access.way() == Access.Way.DIRECT ? survey.times() : decodedTimes();
  }

  /** Whether the current picture is one that decoding can begin with. */
  boolean isKey() {
    return held.current().key;
  }

  long damaged() {
    return decoder.damaged();
  }

  /**
   * Has another number of threads decode from here on, where that costs nothing already decoded: a
   * video that cannot be read twice, and hardware, stay as they are. The place is lost.
   */
  void decodeWith(int threads) {
    boolean free = untouched || demuxer.seekable();
    if (threads == options.threads() || !free || options.hardware() != VideoOptions.Hardware.NONE) {
      return;
    }
    options = options.withThreads(threads);
    if (untouched) {
      renewDecoder();
    } else {
      reset();
    }
  }

  /**
   * Has the container's index read, if it does not reach to a time yet. FFmpeg leaves Matroska's
   * aside until the first seek; a seek to the beginning costs nothing else.
   */
  void loadIndex(long nanos) {
    if (!demuxer.indexReaches(nanos) && demuxer.seekable()) {
      seek(0);
      reset();
    }
  }

  /** Starts again before the first picture, which is kept if it still is the current one. */
  void rewind() {
    if (currentIsFirst() && completeFrom == Long.MIN_VALUE) {
      held.stepBackToBegin();
      return;
    }
    reset();
  }

  /** Starts again before the first picture with nothing read. */
  private void reset() {
    if (untouched) {
      return;
    }
    if (!demuxer.rewind()) {
      throw new VideoException(
          demuxer.name() + " cannot be read from its beginning again: it is no seekable input");
    }
    forget(true);
    if (options.hardware() == VideoOptions.Hardware.NONE && !decoder.isFresh()) {
      renewDecoder(); // one that is flushed remembers more than one that is new
    }
    untouched = true;
  }

  private void renewDecoder() {
    Decoder other = new Decoder(demuxer, options);
    other.startDamagedAt(decoder.damagedPictures());
    decoder.close();
    decoder = other;
  }

  /**
   * Moves to the next picture.
   *
   * @return false at the end; then the cursor stays
   */
  boolean advance() {
    decoder.wantAll();
    if (!held.hasCurrent() && !held.hasAhead()) {
      readAhead();
    }
    if (!held.hasAhead()) {
      return false;
    }
    step();
    return true;
  }

  /**
   * Moves to the picture that is on screen at a time: the last one that is not after it, or the
   * first of the video.
   *
   * @return false if the video has no picture at all
   */
  boolean moveTo(long nanos) {
    boolean trusted = access.way() != Access.Way.SEQUENTIAL;
    long damagedBefore = decoder.damagedPictures();
    boolean found = moveAsLearnt(nanos);
    if (lostPictures(damagedBefore)) {
      // What was left out because something later would replace it may be what is shown.
      decoder.startDamagedAt(damagedBefore);
      leaveNothingOut = true;
      seekTo(nanos);
      decodeTo(nanos);
      leaveNothingOut = false;
      found = held.hasCurrent();
    }
    if (trusted && access.way() == Access.Way.SEQUENTIAL && demuxer.seekable()) {
      // On the way there times turned out to be wrong: only from the beginning they are repaired
      // as in a pass.
      reset();
      decodeTo(nanos);
      return held.hasCurrent();
    }
    return found;
  }

  /** Whether a picture did not come that pictures were left out for. */
  private boolean lostPictures(long damagedBefore) {
    boolean skipped = maySkip && access.way() == Access.Way.DIRECT && demuxer.seekable();
    return skipped
        && (decoder.damagedPictures() != damagedBefore
            || (!held.hasAhead() && decoder.lastReadTime() > lastTime));
  }

  private boolean moveAsLearnt(long nanos) {
    if (held.hasCurrent() && nanos < time() && !currentIsFirst()) {
      if (!goBack(nanos)) {
        if (!demuxer.seekable()) {
          throw new VideoException(
              demuxer.name() + " cannot go back in time: it is no seekable input");
        }
        held.keepMany();
        if (time() - nanos > keptNanos()) {
          held.keepNone();
        }
        seekTo(nanos);
      }
    } else if (!held.hasCurrent() || replacedAt() <= nanos) {
      boolean far = !held.hasCurrent() || nanos - time() > keptNanos();
      if (keyframesLieAhead(nanos, far ? 1 : WORTH_LEAVING)) {
        if (far) {
          held.keepNone();
        }
        seekTo(nanos);
      }
    }
    decodeTo(nanos);
    return held.hasCurrent();
  }

  /** Goes back to a picture that is still held; false if it is not. */
  private boolean goBack(long nanos) {
    boolean reaches = held.oldest().time <= nanos || holdsFirst();
    if (!reaches || nanos < completeFrom) {
      return false;
    }
    held.stepBackTo(nanos);
    return true;
  }

  private long keptNanos() {
    return held.kept() * frameNanos;
  }

  /** Whether so many key frames lie between what was read and a time, or that time is far away. */
  private boolean keyframesLieAhead(long nanos, int count) {
    if (!demuxer.seekable() || access.way() == Access.Way.SEQUENTIAL) {
      return false;
    }
    long reached = held.isEmpty() ? 0 : Math.max(lastTime, decoder.lastReadTime());
    long keyframe = demuxer.keyframeBefore(nanos);
    for (int i = 1; i < count && keyframe != Ffmpeg.NO_TIME && keyframe > reached; i++) {
      keyframe = demuxer.keyframeBefore(keyframe - 1);
    }
    if (keyframe != Ffmpeg.NO_TIME && keyframe > reached) {
      return true;
    }
    return !demuxer.indexReaches(nanos) && nanos - reached > blindSeekDistance;
  }

  /** Goes to a key frame. A seek that fails has lost the place as well. */
  private boolean seek(long nanos) {
    untouched &= !demuxer.seekable();
    return demuxer.seek(nanos);
  }

  private void seekTo(long nanos) {
    long reached = held.hasCurrent() ? time() : 0;
    long from = nanos;
    long step = SECOND;
    while (true) {
      boolean beginning = from <= 0 || access.way() == Access.Way.SEQUENTIAL || !seek(from);
      if (beginning) {
        untouched = false;
        rewind();
      } else {
        forget(false);
      }
      want(nanos);
      readAhead();
      if (beginning || (held.hasAhead() && held.oldest().time <= nanos && held.oldest().key)) {
        break;
      }
      // The key frame that was found is after the wanted time, or none, whatever the container
      // says, or nothing can be decoded from it.
      from = nanos - step;
      step *= 2;
    }
    if (nanos > reached && held.hasAhead() && held.oldest().time <= reached) {
      blindSeekDistance *= 2; // that seek went back and cost time
    }
  }

  private void decodeTo(long nanos) {
    want(nanos);
    if (!held.hasCurrent()) {
      if (!held.hasAhead()) {
        readAhead();
      }
      if (!held.hasAhead()) {
        return;
      }
      step();
    }
    while (held.hasAhead() && replacedAt() <= nanos) {
      step();
    }
  }

  private void want(long nanos) {
    if (maySkip && !leaveNothingOut && access.way() == Access.Way.DIRECT) {
      long first = nanos - keptNanos();
      decoder.want(first - shift);
      completeFrom = Math.max(completeFrom, first);
    } else {
      decoder.wantAll();
    }
  }

  private void step() {
    held.step();
    if (!held.hasAhead()) {
      readAhead();
    }
  }

  private void readAhead() {
    untouched = false;
    HeldPictures.Held next = held.take();
    boolean taken = false;
    try {
      do {
        if (!decoder.next(next.picture)) {
          return;
        }
        next.key = decoder.isKey(next.picture);
        next.time = timeOf(next.picture);
        lastTime = next.time;
        // A time before zero is that of a picture that the container hides, or of one too many.
      } while (next.time < 0 || (!fromBeginning && mayBeIncomplete(next)));
      held.add(next);
      taken = true;
    } finally {
      if (!taken) {
        held.recycle(next);
      }
    }
    if (next.time > maxTime) {
      throw new VideoException(
          String.format(
              "%s has a frame at %.1f s, past the limit of %.1f s; raise VideoOptions.maxDuration"
                  + " if that is right",
              demuxer.name(), next.time / 1e9, maxTime / 1e9));
    }
  }

  /** Whether a picture after a seek may refer to what was not decoded. */
  private boolean mayBeIncomplete(HeldPictures.Held next) {
    if (access.way() == Access.Way.WARM) {
      // The first group of pictures only brings the decoder into its stride.
      keysSeen += next.key ? 1 : 0;
      return keysSeen < 2;
    }
    long first = decoder.firstKeyTime();
    return first != Ffmpeg.NO_TIME && next.time < first;
  }

  /** Presentation time, repaired so that it always goes forward. */
  private long timeOf(AVFrame picture) {
    long time = demuxer.nanos(Decoder.ticksOf(picture));
    if (time == Ffmpeg.NO_TIME) {
      if (lastTime == Ffmpeg.NO_TIME && !fromBeginning) {
        access.learn(Access.Way.SEQUENTIAL, null); // nothing tells where this is
      }
      return lastTime == Ffmpeg.NO_TIME ? 0 : lastTime + frameNanos;
    }
    if (lastTime == Ffmpeg.NO_TIME && !fromBeginning && isUnknown(time)) {
      access.learn(Access.Way.SEQUENTIAL, null); // after a seek packets say other times
    }
    time += shift;
    if (lastTime != Ffmpeg.NO_TIME && time <= lastTime) {
      access.learn(Access.Way.SEQUENTIAL, null);
      if (lastTime - time > SECOND && demuxer.timesMayJump()) {
        shift += lastTime + frameNanos - time;
        return lastTime + frameNanos;
      }
      return lastTime + 1;
    }
    return time;
  }

  /** Whether a picture has a time that no packet had when all were read from the beginning. */
  private boolean isUnknown(long time) {
    Survey survey = access.survey();
    return survey != null && survey.timed() && Arrays.binarySearch(survey.times(), time) < 0;
  }

  private void forget(boolean beginning) {
    fromBeginning = beginning;
    decoder.flush(!beginning);
    held.forgetAll();
    completeFrom = Long.MIN_VALUE;
    lastTime = Ffmpeg.NO_TIME;
    shift = 0;
    keysSeen = 0;
  }

  @Override
  public void close() {
    decoder.close();
    held.close();
  }
}
