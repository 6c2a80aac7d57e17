package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.av_packet_clone;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_move_ref;

import io.moviechat.VideoException;
import io.moviechat.internal.NativeOwner;
import io.moviechat.speech.AudioSource;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sound of a live video, of the packets that are read on the way to its pictures and therefore
 * on their clock. Packets come in on the thread that reads the pictures and are decoded on the one
 * that wants sound.
 */
final class LiveSound implements AudioSource {
  private static final Logger log = LoggerFactory.getLogger(LiveSound.class);

  /** A minute and more; who is slower misses the oldest. */
  private static final int MOST_PACKETS = 4096;

  private final String name;
  private final VideoOptions options;
  private final NativeOwner owner;

  /** Held while samples are read. */
  private final ReentrantLock reading = new ReentrantLock();

  /** Guards what follows. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition changed = lock.newCondition();

  /** One for each time that the video was opened. */
  private final ArrayDeque<Part> parts = new ArrayDeque<>();

  private boolean ended;
  private boolean closed;
  private volatile Optional<String> language = Optional.empty();
  private volatile Duration time = Duration.ZERO;
  private long end;

  LiveSound(String name, VideoOptions options) {
    this.name = name;
    this.options = options;
    this.owner = NativeOwner.open(this, "sound of the live video " + name);
  }

  /** The sound of one connection. */
  final class Part implements SoundDecoder.Packets {
    private final ArrayDeque<AVPacket> packets = new ArrayDeque<>();
    private final TimeBase timeBase;
    private final long originTicks;
    private final SoundDecoder decoder;
    private boolean over;
    private boolean placed;
    private long shift;

    private Part(AVStream stream, long originTicks) {
      this.timeBase = TimeBase.of(stream);
      this.originTicks = originTicks;
      this.decoder = new SoundDecoder(name, this, stream, Ffmpeg.NO_TIME, 0, options);
    }

    LiveSound sound() {
      return LiveSound.this;
    }

    /** Says what is added to its times. Before, nothing of it is given. */
    void place(long newShift) {
      lock.lock();
      try {
        shift = newShift;
        placed = true;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    /** Takes a packet, which stays the caller's. */
    void offer(AVPacket packet) {
      lock.lock();
      try {
        if (ended || over) {
          return;
        }
        if (packets.size() >= MOST_PACKETS) {
          av_packet_free(packets.remove());
        }
        packets.add(av_packet_clone(packet));
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    /** Nothing more will come of it. */
    void end() {
      lock.lock();
      try {
        over = true;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public boolean read(AVPacket packet) {
      lock.lock();
      try {
        while (packets.isEmpty() && !over && !ended && !closed) {
          changed.awaitUninterruptibly();
        }
        requireOpen();
        AVPacket next = packets.poll();
        if (next == null) {
          return false;
        }
        av_packet_move_ref(packet, next);
        av_packet_free(next);
        return true;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public long nanos(long ticks) {
      long nanos = timeBase.nanos(ticks, originTicks);
      return nanos == Ffmpeg.NO_TIME ? nanos : nanos + shift;
    }

    @Override
    public long length(long ticks) {
      return timeBase.length(ticks);
    }

    /** With the reading lock held. */
    private void free() {
      decoder.close();
      packets.forEach(packet -> av_packet_free(packet));
      packets.clear();
    }
  }

  /**
   * Begins the sound of a connection.
   *
   * @param originTicks when the film begins, in ticks of the stream
   * @return empty if nobody listens any more, or the sound cannot be decoded
   */
  Optional<Part> begin(AVStream stream, long originTicks) {
    lock.lock();
    try {
      if (closed || ended) {
        return Optional.empty();
      }
      Part part = new Part(stream, originTicks);
      language = SoundTracks.language(stream);
      parts.add(part);
      changed.signalAll();
      return Optional.of(part);
    } catch (VideoException e) {
      log.warn("{}: its sound is not heard: {}", name, e.getMessage());
      return Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  /** Nothing more will come; what came is still given. */
  void end() {
    lock.lock();
    try {
      ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the sound of " + name + " is closed");
    }
  }

  /** The part that is to be read; null at the end. Waits. */
  private @Nullable Part current() {
    lock.lock();
    try {
      while (true) {
        requireOpen();
        Part first = parts.peek();
        if (first != null && first.placed) {
          return first;
        }
        if (first != null && (first.over || ended)) {
          parts.remove().free(); // it broke off before it was known what time it was
        } else if (first == null && ended) {
          return null;
        } else {
          changed.awaitUninterruptibly();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int read(FloatBuffer into) {
    if (!into.hasRemaining()) {
      throw new IllegalArgumentException("a buffer of samples needs room, this one is full");
    }
    reading.lock();
    try {
      FfmpegLog.subject(name);
      for (Part part = current(); part != null; part = current()) {
        part.decoder.startAt(end);
        int count = readPart(part, into);
        if (count > 0) {
          time = Duration.ofNanos(part.decoder.time());
          end = part.decoder.time() + count * SoundDecoder.SAMPLE;
          return count;
        }
        lock.lock();
        try {
          parts.remove();
        } finally {
          lock.unlock();
        }
        part.free();
      }
      return -1;
    } finally {
      FfmpegLog.subject(null);
      reading.unlock();
    }
  }

  private int readPart(Part part, FloatBuffer into) {
    try {
      return part.decoder.read(into);
    } catch (VideoException e) {
      log.warn("{}: its sound breaks off: {}", name, e.getMessage());
      return -1;
    }
  }

  @Override
  public Duration time() {
    return time;
  }

  @Override
  public Optional<String> language() {
    return language;
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    reading.lock();
    lock.lock();
    try {
      parts.forEach(Part::free);
      parts.clear();
    } finally {
      lock.unlock();
      reading.unlock();
      owner.close();
    }
  }
}
