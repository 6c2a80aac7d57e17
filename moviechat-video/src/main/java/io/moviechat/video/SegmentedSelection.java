package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_ref;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_unref;

import io.moviechat.VideoException;
import io.moviechat.internal.Waiting;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.bytedeco.ffmpeg.avcodec.AVCodecParameters;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A sparse pass by several decoders: each takes the next group of pictures that wanted moments lie
 * in and decodes it from its key frame on, and their pictures are given in order.
 *
 * <p>Groups of pictures do not depend on each other, so that decoders of one thread never wait for
 * each other; the threads of one decoder do, at every picture.
 */
final class SegmentedSelection implements FrameSelection {
  private static final Logger log = LoggerFactory.getLogger(SegmentedSelection.class);

  /** With fewer, opening the decoders costs more than they save. */
  private static final int MIN_SEGMENTS = 4;

  /** Segments that may be under way or wait, for each decoder. */
  private static final int SEGMENTS_PER_DECODER = 2;

  /** Pictures of one segment that may wait. */
  private static final int MAX_WAITING = 64;

  private static final long MAX_WAITING_BYTES = 256L << 20;

  /** Pictures that a decoder holds: 16 to refer to, and some that it works on. */
  private static final int PICTURES_OF_DECODER = 20;

  private static final long MAX_DECODER_BYTES = 512L << 20;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final String name;
  private final Plan plan;
  private final Part part;
  private final Function<Watchdog, Session> opener;
  private final Watchdog watchdog;
  private final List<Segment> segments = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private final ArrayDeque<Picture> unused = new ArrayDeque<>();
  private @Nullable Picture current;
  private int given;
  private int taken;
  private long damaged;
  private boolean stopped;

  /** Selects a part of a pass. */
  interface Part {
    /** The pictures for the moments from one number to before another. */
    FrameSelection select(FrameCursor cursor, int first, int end);
  }

  /**
   * How a pass is divided.
   *
   * @param starts the number of the first moment of each segment
   * @param moments how many moments there are
   * @param decoders how many decoders work at the same time
   * @param threadsEach threads of each decoder
   * @param waiting how many pictures of one segment may wait
   */
  record Plan(List<Integer> starts, int moments, int decoders, int threadsEach, int waiting) {
    /**
     * Divides a pass where that is faster than one decoder: where there are several groups of
     * pictures, and of each so few are wanted that they may wait until it is their turn.
     *
     * @param moments in order
     */
    static Optional<Plan> of(Demuxer demuxer, long[] moments, int threads) {
      if (threads < 2) {
        return Optional.empty();
      }
      List<Integer> starts = new ArrayList<>();
      long group = Long.MIN_VALUE;
      for (int i = 0; i < moments.length; i++) {
        long keyframe = demuxer.keyframeBefore(moments[i]);
        if (i == 0 || keyframe > group) {
          starts.add(i);
          group = keyframe;
        }
      }
      if (starts.size() < MIN_SEGMENTS) {
        return Optional.empty();
      }
      AVCodecParameters video = demuxer.parameters();
      long bytes = Ffmpeg.bytesOfPicture(video.format(), video.width(), video.height());
      int ofSegment = (moments.length - 1) / starts.size() + 1;
      long waitingBytes = SEGMENTS_PER_DECODER * bytes;
      long decoders = Math.min(threads, starts.size() / 2);
      decoders = Math.min(decoders, MAX_DECODER_BYTES / (PICTURES_OF_DECODER * bytes));
      decoders = Math.min(decoders, MAX_WAITING_BYTES / (ofSegment * waitingBytes));
      if (decoders < 2 || ofSegment > MAX_WAITING) {
        return Optional.empty();
      }
      long waiting = Math.min(MAX_WAITING, MAX_WAITING_BYTES / (decoders * waitingBytes));
      return Optional.of(
          new Plan(
              starts, moments.length, (int) decoders, threads / (int) decoders, (int) waiting));
    }

    int end(int segment) {
      return segment + 1 < starts.size() ? starts.get(segment + 1) : moments;
    }
  }

  /** What was decoded of a segment and waits. */
  private static final class Segment {
    private final ArrayDeque<Picture> waiting = new ArrayDeque<>();
    private boolean ended;
    private @Nullable Throwable failure;
  }

  private static final class Picture {
    private final AVFrame frame = Ffmpeg.allocated(av_frame_alloc());
    private long time;
  }

  /**
   * @param opener opens the video once more; called here once, and by each decoder's thread
   * @param parent what stops reading when the video is closed
   * @throws VideoException if the video cannot be opened again
   */
  SegmentedSelection(
      String name, Plan plan, Part part, Function<Watchdog, Session> opener, Watchdog parent) {
    this.name = name;
    this.plan = plan;
    this.part = part;
    this.opener = opener;
    this.watchdog = parent.child();
    for (int i = 0; i < plan.starts().size(); i++) {
      segments.add(new Segment());
    }
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
    private final Watchdog own = watchdog.child();
    private final Session session;

    Reader() {
      boolean opened = false;
      try {
        session = opener.apply(own);
        opened = true;
      } finally {
        if (!opened) {
          own.close();
        }
      }
    }

    /** Puts the pictures of a segment where they are waited for. */
    void read(int number) {
      int first = plan.starts().get(number);
      try (FrameSelection selection = part.select(session.cursor(), first, plan.end(number))) {
        boolean more = true;
        while (more && selection.next()) {
          more = put(number, selection);
        }
        end(number, selection.damaged(), null);
      }
    }

    @Override
    public void close() {
      session.close();
      own.close();
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
        changed.awaitUninterruptibly();
      }
      return stopped || taken == segments.size() ? -1 : taken++;
    } finally {
      lock.unlock();
    }
  }

  /** Adds a picture to its segment; false if none is wanted any more. */
  private boolean put(int number, FrameSelection selection) {
    Segment segment = segments.get(number);
    lock.lock();
    try {
      while (!stopped && segment.waiting.size() >= plan.waiting()) {
        changed.awaitUninterruptibly();
      }
      if (stopped) {
        return false;
      }
      Picture picture = unused.isEmpty() ? new Picture() : unused.pop();
      picture.time = selection.time();
      int code = av_frame_ref(picture.frame, selection.picture());
      if (code < 0) {
        recycle(picture);
        throw new VideoException(
            name + ": a picture could not be kept (FFmpeg: " + Ffmpeg.errorText(code) + ")");
      }
      segment.waiting.add(picture);
      changed.signalAll();
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void end(int number, long damagedInside, @Nullable Throwable failure) {
    lock.lock();
    try {
      segments.get(number).ended = true;
      segments.get(number).failure = failure;
      damaged += damagedInside;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean next() {
    lock.lock();
    try {
      long last = current == null ? -1 : current.time;
      while (given < segments.size()) {
        Segment segment = segments.get(given);
        @Nullable Picture picture = segment.waiting.poll();
        if (picture != null) {
          changed.signalAll();
          // A picture may stay on screen from one segment to the next.
          if (picture.time > last) {
            recycle(current);
            current = picture;
            return true;
          }
          recycle(picture);
        } else if (segment.failure != null) {
          throw rethrown(segment.failure);
        } else if (segment.ended) {
          given++;
          changed.signalAll();
        } else {
          changed.awaitUninterruptibly();
        }
      }
      return false;
    } finally {
      lock.unlock();
    }
  }

  private static RuntimeException rethrown(Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    return (RuntimeException) failure; // no checked exception is declared there
  }

  private void recycle(@Nullable Picture picture) {
    if (picture != null) {
      av_frame_unref(picture.frame);
      unused.push(picture);
    }
  }

  @Override
  public AVFrame picture() {
    return Objects.requireNonNull(current).frame;
  }

  @Override
  public long time() {
    return Objects.requireNonNull(current).time;
  }

  @Override
  public long damaged() {
    lock.lock();
    try {
      return damaged;
    } finally {
      lock.unlock();
    }
  }

  /** Ends the decoders and waits for them. Twice is fine. */
  @Override
  public void close() {
    lock.lock();
    try {
      stopped = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    watchdog.close();
    threads.forEach(Waiting::join);
    recycle(current);
    current = null;
    for (Segment segment : segments) {
      segment.waiting.forEach(this::recycle);
      segment.waiting.clear();
    }
    unused.forEach(picture -> av_frame_free(picture.frame));
    unused.clear();
  }
}
