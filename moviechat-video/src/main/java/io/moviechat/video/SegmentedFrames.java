package io.moviechat.video;

import io.moviechat.Frame;
import io.moviechat.VideoException;
import io.moviechat.internal.ResourceStack;
import io.moviechat.internal.Waiting;
import io.moviechat.spi.FrameStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.bytedeco.ffmpeg.avcodec.AVCodecParameters;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pass by several decoders: each takes the next segment, one or more groups of pictures, decodes
 * it from its key frame on and scales what is wanted of it, and their frames are given in order.
 *
 * <p>Groups of pictures do not depend on each other, so that decoders of one thread never wait for
 * each other; the threads of one decoder do, at every picture. What waits is scaled: small enough
 * that a whole group can wait while the one before it is decoded.
 *
 * <p>Where a segment fails, and where two of them do not join, one decoder goes on.
 */
final class SegmentedFrames implements FrameStream {
  private static final Logger log = LoggerFactory.getLogger(SegmentedFrames.class);

  /** Segments that may be under way or wait, for each decoder. */
  private static final int SEGMENTS_PER_DECODER = 2;

  /** What may wait; little in a small heap, which bounds direct buffers too. */
  private static final long MAX_WAITING_BYTES =
      Math.min(256L << 20, Runtime.getRuntime().maxMemory() / 8);

  /** Pictures that a decoder holds: 16 to refer to, and some that it works on. */
  private static final int PICTURES_OF_DECODER = 20;

  private static final long MAX_DECODER_BYTES = 512L << 20;

  private final ReentrantLock lock = new ReentrantLock();

  /** The segment that is given has one more frame, or ended. */
  private final Condition arrived = lock.newCondition();

  /** There is room for frames, or for another segment. */
  private final Condition room = lock.newCondition();

  private final String name;
  private final Plan plan;
  private final Part part;
  private final Function<Watchdog, Session> opener;
  private final Supplier<Scaler> scalers;
  private final FramePool pool;
  private final Watchdog watchdog;
  private final List<Segment> segments;
  private final List<Thread> threads = new ArrayList<>();

  /** What the segment before ended with, and the one that is given has to begin with. */
  private FramePool.@Nullable Buffer joint;

  private @Nullable FrameStream oneDecoder;
  private long last = -1;
  private int given;
  private int taken;
  private long damagedBefore;
  private boolean stopped;

  /** Selects a part of a pass. */
  interface Part {
    /** The pictures for the moments from one number to before another. */
    FrameSelection select(FrameCursor cursor, int first, int end);

    /** The frames of the pass from the moment of a number on, by one decoder. */
    FrameStream after(int first, long nanos);
  }

  /**
   * How a pass is divided.
   *
   * @param starts the number of the first moment of each segment
   * @param moments how many moments there are
   * @param joined whether each segment ends with the picture that the next one begins with
   * @param decoders how many decoders work at the same time
   * @param threadsEach threads of each decoder
   * @param waiting how many frames of one segment may wait
   */
  record Plan(
      List<Integer> starts,
      int moments,
      boolean joined,
      int decoders,
      int threadsEach,
      int waiting) {
    /** With fewer, opening the decoders costs more than they save. */
    private static final int MIN_SEGMENTS = 4;

    /**
     * Divides a pass over some pictures where that is faster than one decoder: where there are
     * several groups of pictures, and so few are wanted of each that they may wait until it is
     * their turn.
     *
     * @param moments in order
     * @param frameBytes of one scaled frame
     */
    static Optional<Plan> ofMoments(Demuxer demuxer, long[] moments, long frameBytes, int threads) {
      List<Integer> starts = new ArrayList<>();
      long group = Long.MIN_VALUE;
      for (int i = 0; i < moments.length; i++) {
        long keyframe = demuxer.keyframeBefore(moments[i]);
        if (i == 0 || keyframe > group) {
          starts.add(i);
          group = keyframe;
        }
      }
      int count = starts.size();
      if (count < MIN_SEGMENTS) {
        return Optional.empty();
      }
      long ofSegment = (moments.length - 1L) / count + 1;
      return of(demuxer, starts, moments.length, false, ofSegment, frameBytes, count / 2, threads);
    }

    /**
     * Divides a pass over all pictures.
     *
     * @param joints as {@link #joints} gives them
     * @param end of the pass, in nanoseconds
     * @param frames of the pass, about
     */
    static Optional<Plan> ofAll(
        Demuxer demuxer, long[] joints, long end, double frames, long frameBytes, int threads) {
      long longest = 0;
      for (int i = 0; i < joints.length; i++) {
        longest = Math.max(longest, (i + 1 < joints.length ? joints[i + 1] : end) - joints[i]);
      }
      List<Integer> each = IntStream.range(0, joints.length).boxed().toList();
      long ofSegment = (long) (frames / joints.length) + 1;
      // While one decoder is busy with the longest segment, the others should have work too.
      long most = (end - joints[0]) / Math.max(1, longest);
      return of(demuxer, each, joints.length, true, ofSegment, frameBytes, most, threads);
    }

    /**
     * Where a pass over all pictures may be divided: behind key frames, by as much as an index may
     * be early because it tells when they are decoded.
     *
     * @param end of the pass, in nanoseconds
     * @param shortest no segment is shorter, in nanoseconds
     * @return the start of the pass, and times behind it in order
     */
    static long[] joints(Demuxer demuxer, long from, long end, long shortest) {
      ArrayDeque<Long> found = new ArrayDeque<>();
      long keyframe = demuxer.keyframeBefore(end);
      while (keyframe != Ffmpeg.NO_TIME && keyframe >= from) {
        found.addFirst(keyframe + demuxer.reordering());
        keyframe = demuxer.keyframeBefore(keyframe - 1);
      }
      long[] joints = new long[found.size() + 1];
      joints[0] = from;
      int count = 1;
      for (long time : found) {
        if (time > joints[count - 1] && time - joints[count - 1] >= shortest && time < end) {
          joints[count++] = time;
        }
      }
      return Arrays.copyOf(joints, count);
    }

    private static Optional<Plan> of(
        Demuxer demuxer,
        List<Integer> starts,
        int moments,
        boolean joined,
        long framesOfSegment,
        long frameBytes,
        long most,
        int threads) {
      AVCodecParameters video = demuxer.parameters();
      long picture = Ffmpeg.bytesOfPicture(video.format(), video.width(), video.height());
      long decoders = Math.min(threads, most);
      decoders = Math.min(decoders, MAX_DECODER_BYTES / (PICTURES_OF_DECODER * picture));
      // All but one of n decoders are ahead; (n - 1) / n of a segment of each has to wait.
      long share = SEGMENTS_PER_DECODER * frameBytes;
      decoders = Math.min(decoders, 1 + MAX_WAITING_BYTES / (framesOfSegment * share));
      if (decoders < 2) {
        return Optional.empty();
      }
      long waiting = Math.max(2, Math.min(1 << 16, MAX_WAITING_BYTES / (decoders * share)));
      return Optional.of(
          new Plan(
              starts, moments, joined, (int) decoders, threads / (int) decoders, (int) waiting));
    }

    int segments() {
      return starts.size();
    }

    int end(int segment) {
      return segment + 1 < starts.size() ? starts.get(segment + 1) : moments;
    }
  }

  /** A key frame is not what it was said to be. */
  private static final class NotJoined extends RuntimeException {
    private static final long serialVersionUID = 1;

    NotJoined() {
      super("decoding from a key frame gives other pictures than decoding up to it");
    }
  }

  /** What was decoded of a segment and waits. */
  private static final class Segment {
    private final ArrayDeque<FramePool.Buffer> waiting = new ArrayDeque<>();
    private boolean ended;
    private long damaged;
    private @Nullable Throwable failure;
  }

  /**
   * @param opener opens the video once more; called here once, and by each decoder's thread
   * @param parent what stops reading when the video is closed
   * @throws VideoException if the video cannot be opened again
   */
  SegmentedFrames(
      String name,
      Plan plan,
      Part part,
      Function<Watchdog, Session> opener,
      Supplier<Scaler> scalers,
      FramePool pool,
      Watchdog parent) {
    this.name = name;
    this.plan = plan;
    this.part = part;
    this.opener = opener;
    this.scalers = scalers;
    this.pool = pool;
    this.watchdog = parent.child();
    this.segments = IntStream.range(0, plan.segments()).mapToObj(i -> new Segment()).toList();
    Reader first = openFirst();
    threads.add(new Thread(() -> decode(first), "moviechat-video-0"));
    for (int i = 1; i < plan.decoders(); i++) {
      threads.add(new Thread(this::openAndDecode, "moviechat-video-" + i));
    }
    for (Thread thread : threads) {
      thread.setDaemon(true);
      thread.start();
    }
  }

  private Reader openFirst() {
    boolean opened = false;
    try {
      Reader first = new Reader();
      opened = true;
      return first;
    } finally {
      if (!opened) {
        watchdog.close();
      }
    }
  }

  /** The video, opened once more, with a deadline of its own: what others read is no progress. */
  private final class Reader implements AutoCloseable {
    private final ResourceStack opened;
    private final Session session;
    private final Scaler scaler;

    Reader() {
      try (ResourceStack stack = new ResourceStack()) {
        Watchdog own = stack.open(watchdog::child);
        session = stack.open(() -> opener.apply(own));
        scaler = stack.open(scalers::get);
        opened = stack.release();
      }
    }

    /** Puts the frames of a segment where they are waited for. */
    void read(int number) {
      int first = plan.starts().get(number);
      try (FrameSelection selection = part.select(session.cursor(), first, plan.end(number))) {
        boolean more = true;
        while (more && selection.next()) {
          more = put(number, scaler.fill(selection.picture(), selection.time(), pool));
        }
        end(number, selection.damaged(), null);
      }
    }

    @Override
    public void close() {
      opened.close();
    }
  }

  private void openAndDecode() {
    FfmpegLog.subject(name);
    try {
      decode(new Reader());
    } catch (RuntimeException | OutOfMemoryError e) {
      log.info(
          "{} cannot be opened as often as wanted; fewer decoders go on ({})",
          name,
          e.getMessage());
    }
  }

  private void decode(Reader opened) {
    FfmpegLog.subject(name);
    int number = -1;
    try (Reader reader = opened) {
      for (number = take(); number >= 0; number = take()) {
        reader.read(number);
      }
    } catch (Throwable e) {
      if (number >= 0) {
        end(number, 0, e);
      }
    }
  }

  /** The number of the next segment, -1 if there is none left; waits while too many wait. */
  private int take() {
    lock.lock();
    try {
      while (!stopped
          && taken < segments.size()
          && taken >= given + SEGMENTS_PER_DECODER * plan.decoders()) {
        room.awaitUninterruptibly();
      }
      return stopped || taken == segments.size() ? -1 : taken++;
    } finally {
      lock.unlock();
    }
  }

  /** Adds a frame to its segment; false if none is wanted any more. */
  private boolean put(int number, FramePool.Buffer frame) {
    ArrayDeque<FramePool.Buffer> waiting = segments.get(number).waiting;
    lock.lock();
    try {
      if (waiting.size() >= plan.waiting()) {
        // Woken for every place, it would be woken for every frame.
        while (!stopped && waiting.size() > plan.waiting() / 2) {
          room.awaitUninterruptibly();
        }
      }
      if (stopped) {
        pool.drop(frame);
        return false;
      }
      waiting.add(frame);
      if (number == given) {
        arrived.signal();
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void end(int number, long damagedInside, @Nullable Throwable failure) {
    lock.lock();
    try {
      Segment segment = segments.get(number);
      segment.ended = true;
      segment.damaged = damagedInside;
      segment.failure = failure;
      arrived.signal();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Optional<Frame> next() {
    if (oneDecoder == null) {
      try {
        FramePool.@Nullable Buffer frame = nextInOrder();
        return frame == null ? Optional.empty() : Optional.of(pool.frame(frame));
      } catch (NotJoined e) {
        goOnWithOneDecoder(0, e);
      } catch (VideoException e) {
        // What is made of damage depends on the pictures before it: those of a whole segment.
        goOnWithOneDecoder(Math.max(0, given - 1), e);
      }
    }
    return Objects.requireNonNull(oneDecoder).next();
  }

  private void goOnWithOneDecoder(int segment, RuntimeException reason) {
    log.info("{}: one decoder goes on ({})", name, reason.getMessage());
    stop();
    damagedBefore = segments.subList(0, segment).stream().mapToLong(one -> one.damaged).sum();
    oneDecoder = part.after(plan.starts().get(segment), last);
  }

  /** Waits for the next frame; null at the end. */
  private FramePool.@Nullable Buffer nextInOrder() {
    lock.lock();
    try {
      while (given < segments.size()) {
        Segment segment = segments.get(given);
        FramePool.@Nullable Buffer frame = poll(segment);
        if (frame != null) {
          requireJoined(frame);
          // A picture may stay on screen from one segment to the next.
          if (frame.time() > last) {
            last = frame.time();
            return frame;
          }
          pool.drop(frame);
        } else if (segment.failure != null) {
          throw rethrown(segment.failure);
        } else if (segment.ended) {
          goOn(segment);
        } else {
          arrived.awaitUninterruptibly();
        }
      }
      return null;
    } finally {
      lock.unlock();
    }
  }

  /** The next frame of a segment that may be given; null if there is none yet. */
  private FramePool.@Nullable Buffer poll(Segment segment) {
    // The last one is also the next segment's first, and has to be compared.
    int kept = plan.joined() && given + 1 < segments.size() ? 1 : 0;
    if (segment.waiting.size() <= kept) {
      return null;
    }
    if (segment.waiting.size() - 1 == plan.waiting() / 2) {
      room.signalAll();
    }
    return segment.waiting.poll();
  }

  private void goOn(Segment segment) {
    FramePool.@Nullable Buffer rest = segment.waiting.poll();
    if (plan.joined()) {
      requireJoined(rest);
      joint = rest;
    }
    given++;
    room.signalAll();
  }

  /** Whether a segment begins with what the one before it ended with. */
  private void requireJoined(FramePool.@Nullable Buffer frame) {
    FramePool.@Nullable Buffer expected = joint;
    if (expected != null) {
      joint = null;
      boolean same = frame != null && frame.isSameAs(expected);
      pool.drop(expected);
      if (!same) {
        throw new NotJoined();
      }
    }
  }

  private static RuntimeException rethrown(Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    return (RuntimeException) failure; // no checked exception is declared there
  }

  @Override
  public long damagedFrames() {
    if (oneDecoder != null) {
      return damagedBefore + oneDecoder.damagedFrames();
    }
    lock.lock();
    try {
      return segments.stream().mapToLong(one -> one.damaged).sum();
    } finally {
      lock.unlock();
    }
  }

  /** Ends the decoders and waits for them. */
  private void stop() {
    lock.lock();
    try {
      stopped = true;
      room.signalAll();
    } finally {
      lock.unlock();
    }
    watchdog.close();
    threads.forEach(Waiting::join);
    joint = null;
    for (Segment segment : segments) {
      segment.waiting.forEach(pool::drop);
      segment.waiting.clear();
    }
  }

  @Override
  public void close() {
    stop();
    if (oneDecoder != null) {
      oneDecoder.close();
    }
  }
}
