package io.moviechat.video;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.VideoException;
import io.moviechat.VideoInfo;
import io.moviechat.internal.Nanos;
import io.moviechat.internal.NativeOwner;
import io.moviechat.internal.Samplings;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.LongStream;
import org.bytedeco.ffmpeg.avcodec.AVCodecParameters;
import org.bytedeco.ffmpeg.global.avcodec;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A video that FFmpeg decodes.
 *
 * <p>A pass and the random access of {@link #frameAt} each have a demuxer and a decoder of their
 * own where the input can be opened twice, so that neither disturbs the other. A pass over a file
 * of several groups of pictures has several of both.
 */
final class FfmpegVideoSource implements VideoSource {
  private static final Logger log = LoggerFactory.getLogger(FfmpegVideoSource.class);

  /** More moments of a pass are not listed in advance: 100,000 seconds are 27 hours. */
  private static final int MAX_PLANNED = 100_000;

  /** How far a container may be off the times of its packets, in nanoseconds. */
  private static final long MAX_LENGTH_ERROR = 1_000_000_000L;

  /**
   * Up to this many pixels (426 x 240) it takes longer to wake the threads of one decoder than they
   * save, when only some frames are wanted.
   */
  private static final int SMALL_PIXELS = 426 * 240;

  /**
   * Up to this many pixels (320 x 180) they save next to nothing when every frame is wanted, and
   * take a third more of the processors, which whoever encodes the frames needs.
   */
  private static final int TINY_PIXELS = 320 * 180;

  private final String name;
  private final VideoOptions options;
  private final Watchdog watchdog;
  private final DemuxerOpener opener;
  private final Runnable afterClose;
  private final NativeOwner owner;
  private final ReentrantLock lock = new ReentrantLock();
  private final FramePool singleFrames;
  private final VideoInfo info;
  private final Display display;
  private final Access access;
  private @Nullable Session main;
  private @Nullable Session spare;
  private volatile @Nullable Pass pass;
  private @Nullable Scaler singleScaler;
  private @Nullable FrameFormat singleFormat;
  private long decodedLength;
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * @param location as given by the user
   * @param afterClose run once when this source is closed, or when opening it fails
   */
  FfmpegVideoSource(
      String location, DemuxerOpener opener, Runnable afterClose, VideoOptions options) {
    Ffmpeg.load();
    this.name = location;
    this.options = options;
    this.access = new Access(location);
    this.opener = opener;
    this.afterClose = afterClose;
    this.watchdog = new Watchdog(Nanos.saturated(options.timeout()));
    this.singleFrames = new FramePool("frames of " + name, options.timeout());
    this.owner = NativeOwner.open(this, "video " + name);
    boolean opened = false;
    FfmpegLog.subject(name);
    try {
      Session first =
          openSession()
              .orElseThrow(() -> new VideoException(name + " cannot be opened: nothing to read"));
      main = first;
      display = first.demuxer().display();
      info = describe(first.demuxer(), options);
      opened = true;
    } finally {
      FfmpegLog.subject(null);
      if (!opened) {
        close();
      }
    }
  }

  private Optional<Session> openSession() {
    return openSession(watchdog, options);
  }

  private Optional<Session> openSession(Watchdog guard, VideoOptions settings) {
    Optional<Demuxer> opened = opener.open(guard);
    if (opened.isEmpty()) {
      return Optional.empty();
    }
    Demuxer demuxer = opened.get();
    boolean done = false;
    try {
      demuxer.lookAtStart();
      AVCodecParameters video = demuxer.parameters();
      boolean tiny = (long) video.width() * video.height() <= TINY_PIXELS;
      VideoOptions chosen = tiny ? settings.withThreads(1) : settings;
      Session session = new Session(demuxer, new FrameCursor(demuxer, chosen, access));
      done = true;
      return Optional.of(session);
    } finally {
      if (!done) {
        demuxer.close();
      }
    }
  }

  /** What a container says about its video, held to the limits. */
  static VideoInfo describe(Demuxer demuxer, VideoOptions options) {
    Display display = demuxer.display();
    String name = demuxer.name();
    AVCodecParameters parameters = demuxer.parameters();
    TileGrid grid = demuxer.grid();
    int width = grid == null ? parameters.width() : grid.width();
    int height = grid == null ? parameters.height() : grid.height();
    Display.Crop crop = display.crop();
    if (crop.fits(width, height)) {
      width -= crop.left() + crop.right();
      height -= crop.top() + crop.bottom();
    }
    Geometry size = display.size(width, height, parameters.sample_aspect_ratio());
    long duration = demuxer.duration();
    limitDuration(name, duration, options);
    long frames = demuxer.stream().nb_frames();
    double rate = Ffmpeg.toDouble(demuxer.stream().avg_frame_rate());
    return new VideoInfo(
        name,
        demuxer.format().iformat().name().getString(),
        avcodec.avcodec_get_name(parameters.codec_id()).getString(),
        size.width(),
        size.height(),
        display.orientation().clockwiseDegrees(),
        duration == Ffmpeg.NO_TIME ? Optional.empty() : Optional.of(Duration.ofNanos(duration)),
        frames > 0 ? OptionalLong.of(frames) : OptionalLong.empty(),
        rate > 0 ? OptionalDouble.of(rate) : OptionalDouble.empty(),
        demuxer.otherTracks());
  }

  /**
   * @param duration in nanoseconds, or {@link Ffmpeg#NO_TIME}
   * @throws VideoException if it is too long
   */
  static void limitDuration(String name, long duration, VideoOptions options) {
    if (duration != Ffmpeg.NO_TIME && duration > options.maxDuration().toNanos()) {
      throw new VideoException(
          String.format(
              "%s claims to last %s, more than the limit of %s; raise VideoOptions.maxDuration if"
                  + " that is right",
              name, Duration.ofNanos(duration), options.maxDuration()));
    }
  }

  @Override
  public VideoInfo info() {
    return info;
  }

  /** The frames of a pass, by the session that reads for passes or by others. */
  private interface Passing {
    FrameStream over(Session session, Scaling scaling);
  }

  /** How the pictures of a pass become frames. */
  private final class Scaling {
    private final FrameFormat format;
    private final FramePool pool = new FramePool("frames of " + name, options.timeout());

    Scaling(FrameFormat format) {
      this.format = format;
    }

    Scaler scaler() {
      return new Scaler(name, format, display, options.deinterlace());
    }

    long bytesOfFrame() {
      Geometry geometry = Geometry.of(format, info.width(), info.height());
      return 3L * geometry.width() * geometry.height();
    }

    FrameStream of(FrameSelection selection) {
      boolean opened = false;
      try {
        FrameStream frames = new ScaledFrames(selection, scaler(), pool);
        opened = true;
        return frames;
      } finally {
        if (!opened) {
          selection.close();
        }
      }
    }
  }

  @Override
  public FrameStream frames(Duration from, Duration to, FrameFormat format) {
    Samplings.requirePart(from, to);
    Window window = Window.of(from, to);
    return pass(
        window,
        window.from() > 0,
        (session, scaling) -> everyFrame(session, window, scaling),
        format);
  }

  @Override
  public FrameStream at(List<Duration> moments, FrameFormat format) {
    long[] nanos = moments.stream().mapToLong(Nanos::saturated).toArray();
    Window window = nanos.length == 0 ? Window.NOTHING : Window.WHOLE;
    return pass(window, true, (session, scaling) -> at(session, nanos, scaling), format);
  }

  @Override
  public FrameStream keyframes(Duration from, Duration to, Duration interval, FrameFormat format) {
    Samplings.requirePart(from, to);
    Window window = Window.of(from, to);
    return pass(
        window,
        true,
        (session, scaling) ->
            scaling.of(session.cursor().keyframes(window, Nanos.saturated(interval))),
        format);
  }

  /**
   * Intervals go on where the container's length is too short, and scenes are compared before they
   * are scaled; other samplings know no better way than the general one.
   */
  @Override
  public FrameStream frames(
      Duration from, Duration to, FrameSampling sampling, FrameFormat format) {
    Samplings.requirePart(from, to);
    Window window = Window.of(from, to);
    if (sampling instanceof FrameSampling.EveryInterval every) {
      long interval = Nanos.saturated(every.interval());
      return pass(
          window,
          true,
          (session, scaling) -> everyInterval(session, window, interval, scaling),
          format);
    }
    if (sampling instanceof FrameSampling.SceneChanges changes) {
      return pass(
          window,
          true,
          (session, scaling) -> scaling.of(sceneChanges(session, window, changes)),
          format);
    }
    endPass(); // its session is free to tell the times that a sampling may need
    return VideoSource.super.frames(from, to, sampling, format);
  }

  private void endPass() {
    enter();
    try {
      if (pass != null) {
        pass.end();
      }
    } finally {
      leave();
    }
  }

  private Pass pass(Window window, boolean jumps, Passing passing, FrameFormat format) {
    enter();
    try {
      if (pass != null) {
        pass.end();
      }
      Session session = session();
      session.cursor().rewind();
      if (jumps) {
        session.cursor().learn(false);
      }
      Scaling scaling = new Scaling(format);
      Pass next = new Pass(passing.over(session, scaling), scaling.pool, window);
      pass = next;
      return next;
    } finally {
      leave();
    }
  }

  private FrameSelection sceneChanges(
      Session session, Window window, FrameSampling.SceneChanges changes) {
    session.cursor().decodeWith(threads(TINY_PIXELS));
    return CursorSelections.sceneChanges(
        session.cursor(), window, changes.threshold(), Nanos.saturated(changes.longestGap()), name);
  }

  private FrameStream everyFrame(Session session, Window window, Scaling scaling) {
    Demuxer demuxer = session.demuxer();
    FrameCursor cursor = session.cursor();
    long end = Math.min(window.to(), demuxer.duration());
    if (mayDivide(demuxer) && end > window.from()) {
      cursor.loadIndex(end);
      long shortest = Nanos.saturated(options.shortestSegment());
      long[] joints = SegmentedFrames.Plan.joints(demuxer, window.from(), end, shortest);
      double frames = (end - window.from()) / 1e9 * info.frameRate().orElse(25);
      Optional<SegmentedFrames.Plan> plan =
          SegmentedFrames.Plan.ofAll(
              demuxer, joints, end, frames, scaling.bytesOfFrame(), options.threads());
      if (plan.isPresent()) {
        cursor.learn(false);
      }
      if (plan.isPresent() && cursor.goesByKeyFrames()) {
        Optional<FrameStream> segmented =
            segmented(plan.get(), new EveryFrame(joints, window, scaling), scaling);
        if (segmented.isPresent()) {
          return segmented.get();
        }
      }
    }
    cursor.decodeWith(threads(TINY_PIXELS));
    return scaling.of(CursorSelections.everyFrame(cursor, window));
  }

  /** Parts of a pass over every frame that overlap by one. */
  private final class EveryFrame implements SegmentedFrames.Part {
    private final long[] joints;
    private final Window window;
    private final Scaling scaling;

    EveryFrame(long[] joints, Window window, Scaling scaling) {
      this.joints = joints;
      this.window = window;
      this.scaling = scaling;
    }

    @Override
    public FrameSelection select(FrameCursor cursor, int first, int end) {
      Window part = new Window(joints[first], end == joints.length ? window.to() : joints[end] + 1);
      FrameSelection all =
          first == 0
              ? CursorSelections.everyFrame(cursor, part)
              : CursorSelections.everyFrameFromOnScreen(cursor, part);
      return CursorSelections.whole(cursor, all, name);
    }

    @Override
    public FrameStream after(int first, long nanos) {
      FrameCursor cursor = session().cursor();
      cursor.decodeWith(threads(TINY_PIXELS));
      Window rest = new Window(joints[first], window.to());
      return scaling.of(CursorSelections.after(CursorSelections.everyFrame(cursor, rest), nanos));
    }
  }

  /** How many threads decode best when the place changes often. */
  private int threadsOfJumps() {
    return threads(SMALL_PIXELS);
  }

  /**
   * @param few pixels that one thread decodes as well as several
   */
  private int threads(int few) {
    return (long) info.width() * info.height() <= few ? 1 : options.threads();
  }

  private FrameStream everyInterval(
      Session session, Window window, long interval, Scaling scaling) {
    long end = Math.min(window.to(), session.demuxer().duration());
    boolean known =
        access.way() != Access.Way.SEQUENTIAL
            && end > window.from()
            && (end - window.from()) / interval < MAX_PLANNED;
    if (!known) {
      session.cursor().decodeWith(threadsOfJumps());
      return scaling.of(CursorSelections.everyInterval(session.cursor(), window, interval));
    }
    long count = (end - window.from() - 1) / interval + 1;
    long[] moments =
        LongStream.range(0, count).map(number -> window.from() + number * interval).toArray();
    return ofMoments(
        session,
        moments,
        (cursor, first, last) -> {
          // The last part goes on to the end of the window: the duration may be wrong.
          long to = last == moments.length ? window.to() : moments[last];
          return CursorSelections.everyInterval(cursor, new Window(moments[first], to), interval);
        },
        scaling);
  }

  private FrameStream at(Session session, long[] moments, Scaling scaling) {
    return ofMoments(
        session,
        moments,
        (cursor, first, last) ->
            CursorSelections.at(cursor, Arrays.copyOfRange(moments, first, last)),
        scaling);
  }

  /** Picks the pictures for the moments from one number to before another. */
  private interface OfMoments {
    FrameSelection select(FrameCursor cursor, int first, int end);
  }

  /** A pass over single moments, by several decoders where that helps. */
  private FrameStream ofMoments(
      Session session, long[] moments, OfMoments selecting, Scaling scaling) {
    SegmentedFrames.Part part =
        new SegmentedFrames.Part() {
          @Override
          public FrameSelection select(FrameCursor cursor, int first, int end) {
            return selecting.select(cursor, first, end);
          }

          @Override
          public FrameStream after(int first, long nanos) {
            session.cursor().decodeWith(threadsOfJumps());
            FrameSelection rest = select(session.cursor(), first, moments.length);
            return scaling.of(CursorSelections.after(rest, nanos));
          }
        };
    Demuxer demuxer = session.demuxer();
    if (mayDivide(demuxer) && session.cursor().goesByKeyFrames() && moments.length > 1) {
      session.cursor().loadIndex(moments[moments.length - 1]);
      Optional<FrameStream> segmented =
          SegmentedFrames.Plan.ofMoments(
                  demuxer, moments, scaling.bytesOfFrame(), options.threads())
              .flatMap(plan -> segmented(plan, part, scaling));
      if (segmented.isPresent()) {
        return segmented.get();
      }
    }
    return part.after(0, -1);
  }

  /** Whether several decoders can share a pass. */
  private boolean mayDivide(Demuxer demuxer) {
    return options.threads() > 1
        && opener.concurrent()
        && demuxer.hasOwnIndex()
        && !demuxer.timesMayJump()
        && options.hardware() == VideoOptions.Hardware.NONE;
  }

  private Optional<FrameStream> segmented(
      SegmentedFrames.Plan plan, SegmentedFrames.Part part, Scaling scaling) {
    VideoOptions settings = options.withThreads(plan.threadsEach());
    try {
      return Optional.of(
          new SegmentedFrames(
              name,
              plan,
              part,
              guard -> openSession(guard, settings).orElseThrow(),
              scaling::scaler,
              scaling.pool,
              watchdog));
    } catch (VideoException e) {
      log.info("{} cannot be opened again; one decoder goes on ({})", name, e.getMessage());
      return Optional.empty();
    }
  }

  @Override
  public Optional<Times> times(long worth) {
    enter();
    try {
      if (worth == 0 && !opener.concurrent()) {
        return Optional.empty(); // reading it all may cost as much as watching it
      }
      Session session = pass == null ? session() : spareSession();
      if (worth == 0) {
        session.cursor().learn(true);
        Survey survey = access.survey();
        return survey == null || access.way() != Access.Way.DIRECT
            ? Optional.empty()
            : Optional.of(Times.of(survey.times(), survey.end()));
      }
      session.cursor().rewind();
      session.cursor().learn(false);
      return decodedTimes(session, worth);
    } finally {
      leave();
    }
  }

  /** The times of so few frames that all may be wanted, or where only reading tells the length. */
  private Optional<Times> decodedTimes(Session session, long worth) {
    FrameCursor cursor = session.cursor();
    long[] times;
    if (worth == Long.MAX_VALUE) {
      times = cursor.times();
    } else {
      boolean lengthKnown = session.demuxer().duration() != Ffmpeg.NO_TIME;
      double expected =
          Math.max(0, session.demuxer().duration()) / 1e9 * info.frameRate().orElse(25);
      // From the network, packets are only read to count them where few are to be expected.
      boolean worthCounting = session.demuxer().bytes() >= 0 || !lengthKnown || worth > expected;
      if (!lengthKnown || (worthCounting && cursor.hasAtMost(worth))) {
        times = cursor.decodedTimes();
      } else if (access.way() == Access.Way.SEQUENTIAL) {
        times = cursor.times();
      } else {
        return Optional.empty();
      }
    }
    int last = times.length - 1;
    if (last < 0) {
      return Optional.of(Times.of(times, 0));
    }
    long mean = last == 0 ? 1 : Math.max(1, (times[last] - times[0]) / last);
    decodedLength = times[last] + mean;
    return Optional.of(Times.of(times, decodedLength));
  }

  /** A container may only know the length of its longest track, or lie. */
  @Override
  public Optional<Duration> length() {
    enter();
    try {
      long said = session().demuxer().duration();
      Survey survey = access.survey();
      boolean untrusted = said == Ffmpeg.NO_TIME || access.way() == Access.Way.SEQUENTIAL;
      if (untrusted && decodedLength > 0) {
        return Optional.of(Duration.ofNanos(decodedLength));
      }
      long length = said;
      if (survey != null && survey.timed() && Math.abs(said - survey.end()) > MAX_LENGTH_ERROR) {
        length = survey.end();
      }
      return length == Ffmpeg.NO_TIME ? Optional.empty() : Optional.of(Duration.ofNanos(length));
    } finally {
      leave();
    }
  }

  @Override
  public Frame frameAt(Duration moment, FrameFormat format) {
    if (moment.isNegative()) {
      throw new IllegalArgumentException("a moment of a video is not negative, was " + moment);
    }
    enter();
    try {
      Session session = pass == null ? session() : spareSession();
      session.cursor().learn(false);
      session.cursor().decodeWith(threadsOfJumps());
      if (!session.cursor().moveTo(Nanos.saturated(moment))) {
        throw new VideoException(name + ": no frame could be decoded");
      }
      if (singleScaler == null || !format.equals(singleFormat)) {
        if (singleScaler != null) {
          singleScaler.close();
          singleScaler = null;
        }
        singleScaler = new Scaler(name, format, display, options.deinterlace());
        singleFormat = format;
      }
      return singleScaler.convert(
          session.cursor().picture(), session.cursor().time(), singleFrames);
    } finally {
      leave();
    }
  }

  private Session session() {
    Session session = main;
    if (session == null) {
      throw new IllegalStateException("the video " + name + " is closed");
    }
    return session;
  }

  private Session spareSession() {
    if (spare == null) {
      spare =
          openSession()
              .orElseThrow(
                  () ->
                      new VideoException(
                          name
                              + " can be read only once: end the pass over its frames before asking"
                              + " for a single one"));
    }
    return spare;
  }

  private void enter() {
    lock.lock();
    if (closed.get()) {
      lock.unlock();
      throw new IllegalStateException("the video " + name + " is closed");
    }
    FfmpegLog.subject(name);
    watchdog.progress();
  }

  private void leave() {
    FfmpegLog.subject(null);
    lock.unlock();
  }

  @Override
  public void close() {
    boolean first = !closed.getAndSet(true);
    watchdog.stop();
    if (first) {
      afterClose.run(); // what reads from the caller's stream or channel ends with it
    }
    singleFrames.close();
    @Nullable Pass running = pass;
    if (running != null) {
      running.pool.close();
    }
    lock.lock();
    try {
      if (pass != null) {
        pass.end();
      }
      if (singleScaler != null) {
        singleScaler.close();
        singleScaler = null;
      }
      if (main != null) {
        main.close();
        main = null;
      }
      if (spare != null) {
        spare.close();
        spare = null;
      }
    } finally {
      lock.unlock();
      watchdog.close();
      owner.close();
    }
  }

  /** One pass over the video. */
  private final class Pass implements FrameStream {
    private final FrameStream frames;
    private final FramePool pool;
    private final boolean mayBeEmpty;
    private volatile boolean ended;
    private boolean any;
    private boolean finished;
    private long damaged;

    Pass(FrameStream frames, FramePool pool, Window window) {
      this.frames = frames;
      this.pool = pool;
      this.mayBeEmpty = !window.equals(Window.WHOLE);
    }

    @Override
    public Optional<Frame> next() {
      enter();
      try {
        return advance();
      } finally {
        leave();
      }
    }

    private Optional<Frame> advance() {
      if (ended) {
        throw new IllegalStateException("the pass over the video " + name + " is closed");
      }
      Optional<Frame> frame = finished ? Optional.empty() : frames.next();
      damaged = finished ? damaged : frames.damagedFrames();
      finished = frame.isEmpty();
      if (finished && !any && !(mayBeEmpty && damaged == 0)) {
        any = true;
        throw new VideoException(
            name
                + ": no frame could be decoded ("
                + damaged
                + " damaged); the file is empty of pictures, or too damaged");
      }
      any = true;
      return frame;
    }

    @Override
    public long damagedFrames() {
      return damaged;
    }

    @Override
    public void close() {
      pool.close();
      lock.lock();
      try {
        end();
      } finally {
        lock.unlock();
      }
    }

    /** With the lock held. */
    private void end() {
      if (!ended) {
        ended = true;
        pool.close();
        frames.close();
        if (pass == this) {
          pass = null;
        }
      }
    }
  }
}
