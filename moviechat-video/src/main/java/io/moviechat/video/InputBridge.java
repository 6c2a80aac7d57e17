package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avformat.AVSEEK_FORCE;
import static org.bytedeco.ffmpeg.global.avformat.AVSEEK_SIZE;
import static org.bytedeco.ffmpeg.global.avformat.avio_alloc_context;
import static org.bytedeco.ffmpeg.global.avformat.avio_context_free;
import static org.bytedeco.ffmpeg.global.avformat.avio_seek;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EOF;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EXIT;
import static org.bytedeco.ffmpeg.global.avutil.av_free;
import static org.bytedeco.ffmpeg.global.avutil.av_malloc;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.bytedeco.ffmpeg.avformat.AVIOContext;
import org.bytedeco.ffmpeg.avformat.Read_packet_Pointer_BytePointer_int;
import org.bytedeco.ffmpeg.avformat.Seek_Pointer_long_int;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;

/** Hands a {@link VideoInput} to FFmpeg as its I/O context. */
final class InputBridge implements AutoCloseable {
  private static final int BUFFER_BYTES = 64 * 1024;
  private static final int EIO = -5;
  private static final int WHENCE = ~AVSEEK_FORCE;
  private static final int SEEK_SET = 0;
  private static final int SEEK_CUR = 1;
  private static final int SEEK_END = 2;

  private static final ConcurrentHashMap<Long, InputBridge> ALL = new ConcurrentHashMap<>();
  private static final AtomicLong NUMBERS = new AtomicLong(1);

  /** One callback for all inputs, as in {@link Watchdog}. */
  private static final Read_packet_Pointer_BytePointer_int READ =
      new Read_packet_Pointer_BytePointer_int() {
        @Override
        public int call(Pointer number, BytePointer buffer, int size) {
          @Nullable InputBridge bridge = ALL.get(number.address());
          return bridge == null ? AVERROR_EXIT() : bridge.read(buffer, size);
        }
      };

  private static final Seek_Pointer_long_int SEEK =
      new Seek_Pointer_long_int() {
        @Override
        public long call(Pointer number, long offset, int whence) {
          @Nullable InputBridge bridge = ALL.get(number.address());
          return bridge == null ? AVERROR_EXIT() : bridge.seek(offset, whence);
        }
      };

  private final long number = NUMBERS.getAndIncrement();
  private final VideoInput input;
  private final Watchdog watchdog;
  private final AVIOContext context;
  private volatile @Nullable Throwable failure;

  InputBridge(VideoInput input, Watchdog watchdog) {
    this.input = input;
    this.watchdog = watchdog;
    try {
      this.context = allocate(number, input.seekable());
    } catch (Error e) {
      input.close();
      throw e;
    }
    ALL.put(number, this);
  }

  private static AVIOContext allocate(long number, boolean seekable) {
    Pointer buffer = Ffmpeg.allocated(av_malloc(BUFFER_BYTES));
    AVIOContext context =
        avio_alloc_context(
            new BytePointer(buffer),
            BUFFER_BYTES,
            0,
            new Watchdog.Handle(number),
            READ,
            null,
            seekable ? SEEK : null);
    if (context == null) {
      av_free(buffer);
    }
    return Ffmpeg.allocated(context);
  }

  AVIOContext context() {
    return context;
  }

  boolean seekable() {
    return input.seekable();
  }

  /** How many bytes there are, -1 if that is not known. */
  long bytes() {
    try {
      return input.size();
    } catch (IOException e) {
      return -1;
    }
  }

  /** Whether this is a transport stream too short for FFmpeg to tell. Keeps the place. */
  boolean isShortTransportStream() {
    try {
      long size = input.size();
      if (!input.seekable() || size < 0 || size > Formats.SURE_TRANSPORT_BYTES) {
        return false;
      }
      long start = input.position();
      ByteBuffer file = ByteBuffer.allocate((int) size);
      input.seek(0);
      while (file.hasRemaining() && input.read(file) > 0) {}
      input.seek(start);
      return Formats.isTransportStream(file.flip());
    } catch (IOException e) {
      return false; // reading will fail again, and then it is told
    }
  }

  /** Goes to the first byte, for a container that is opened anew; false if that cannot be. */
  boolean restart() {
    return avio_seek(context, 0, SEEK_SET) == 0;
  }

  /** What went wrong in Java's reading, if anything did. */
  @Nullable Throwable failure() {
    return failure;
  }

  private int read(BytePointer buffer, int size) {
    try {
      if (watchdog.shouldStop()) {
        return AVERROR_EXIT();
      }
      int count = input.read(buffer.capacity(size).asByteBuffer());
      return count <= 0 ? AVERROR_EOF() : count;
    } catch (Throwable e) {
      // Nothing may be thrown through FFmpeg's C frames; the caller reports it.
      failure = e;
      return EIO;
    }
  }

  private long seek(long offset, int whence) {
    try {
      if (whence == AVSEEK_SIZE) {
        long size = input.size();
        return size < 0 ? EIO : size;
      }
      long target =
          switch (whence & WHENCE) {
            case SEEK_SET -> offset;
            case SEEK_CUR -> input.position() + offset;
            case SEEK_END -> input.size() + offset;
            default -> -1;
          };
      if (target < 0) {
        return EIO;
      }
      input.seek(target);
      return target;
    } catch (Throwable e) {
      failure = e;
      return EIO;
    }
  }

  @Override
  public void close() {
    ALL.remove(number);
    av_free(context.buffer()); // FFmpeg may have replaced the buffer that it was given
    context.buffer(null);
    avio_context_free(context);
    input.close();
  }
}
