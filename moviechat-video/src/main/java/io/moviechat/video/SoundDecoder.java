package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_move_ref;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_get_name;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_to_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_frame;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_packet;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EAGAIN;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EOF;
import static org.bytedeco.ffmpeg.global.avutil.AV_ROUND_NEAR_INF;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_unref;
import static org.bytedeco.ffmpeg.global.avutil.av_rescale_rnd;

import io.moviechat.VideoException;
import io.moviechat.internal.NativeOwner;
import io.moviechat.speech.AudioSource;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVCodecParameters;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns packets of sound into samples, each at its time.
 *
 * <p>Packets say when they begin, but coarsely, and sound goes on without a seam: samples follow
 * each other as long as they are within {@link #MAX_DRIFT} of what packets say. Otherwise decoding
 * goes on at the packet's place: what was already given is dropped, what is missing is silence up
 * to {@link #MAX_SILENCE}, and beyond that time moves on.
 */
final class SoundDecoder implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SoundDecoder.class);

  private static final long SECOND = 1_000_000_000L;

  /** Nanoseconds from one sample to the next, exactly. */
  static final long SAMPLE = SECOND / AudioSource.SAMPLE_RATE;

  /** More than containers round and live encoders jitter, and nothing that is heard. */
  private static final long MAX_DRIFT = 15_000_000L;

  /** The window of speech recognition: longer silence would be listened to for nothing. */
  static final long MAX_SILENCE = 30 * SECOND;

  /** A step back beyond this is a new count of time, not sound that comes twice. */
  private static final long MAX_OVERLAP = SECOND;

  /** Decoders and the resampler find their stride within a fraction of this. */
  static final long PREROLL = SECOND;

  /** Samples of a channel in one packet; more are not believed. */
  private static final long MAX_SAMPLES = 1 << 22;

  private static final int OUT_OF_MEMORY = -12;

  /** Where packets come from. */
  interface Packets {
    /**
     * Reads the next packet.
     *
     * @return false at the end
     */
    boolean read(AVPacket packet);

    /** A time in ticks of the packets as nanoseconds of the film, or {@link Ffmpeg#NO_TIME}. */
    long nanos(long ticks);

    /** A length in ticks as nanoseconds. */
    long length(long ticks);
  }

  private final String name;
  private final Packets packets;
  private final long maxTime;
  private long from;
  private final NativeOwner owner;
  private final AVCodecContext context;
  private final AVPacket packet = Ffmpeg.allocated(av_packet_alloc());
  private final AVPacket later = Ffmpeg.allocated(av_packet_alloc());
  private final AVFrame frame = Ffmpeg.allocated(av_frame_alloc());
  private boolean hasLater;

  /** What is added to the ticks of packets after their count began anew. */
  private long shift;

  private long packetsEnd = Ffmpeg.NO_TIME;

  /** The film's time of place zero; known with the first frame at the latest. */
  private long base;

  private @Nullable Resampler resampler;
  private boolean hasFrame;
  private boolean frameFollows;
  private long framePlace;
  private boolean draining;
  private boolean ended;
  private boolean any;
  private long damaged;

  /** The place behind what was given; before the first sample, the first place that may be. */
  private long next;

  private boolean begun;
  private boolean placed;

  /** What is given next: silence, then samples. */
  private long at;

  private int silence;
  private FloatBuffer samples = FloatBuffer.allocate(0);
  private long time;

  /**
   * @param first when the sound begins, as the container says, or {@link Ffmpeg#NO_TIME}
   * @param from samples before are not given
   */
  SoundDecoder(
      String name, Packets packets, AVStream stream, long first, long from, VideoOptions options) {
    this.name = name;
    this.packets = packets;
    this.maxTime = options.maxDuration().toNanos();
    this.from = from;
    this.base = first == Ffmpeg.NO_TIME && from > 0 ? 0 : first;
    AVCodecParameters parameters = stream.codecpar();
    AVCodec codec = avcodec_find_decoder(parameters.codec_id());
    this.context = Ffmpeg.allocated(avcodec_alloc_context3(codec));
    this.owner = NativeOwner.open(this, "sound decoder of " + name);
    boolean opened = false;
    try {
      avcodec_parameters_to_context(context, parameters);
      context.pkt_timebase(stream.time_base());
      context.thread_count(1);
      context.max_samples(MAX_SAMPLES);
      int code = avcodec_open2(context, codec, (PointerPointer<?>) null);
      if (code < 0) {
        throw new VideoException(
            String.format(
                "%s: the %s decoder refused the sound (FFmpeg: %s)",
                name, avcodec_get_name(parameters.codec_id()).getString(), Ffmpeg.errorText(code)));
      }
      opened = true;
    } finally {
      if (!opened) {
        close();
      }
    }
  }

  /** Before the first read: samples before a time are not given. */
  void startAt(long nanos) {
    from = placed ? from : nanos;
  }

  /**
   * Gives samples that follow each other.
   *
   * @return how many, at least one; -1 at the end
   */
  int read(FloatBuffer into) {
    if (!makeReady()) {
      return -1;
    }
    time = base + at * SAMPLE;
    int start = into.position();
    while (silence > 0 && into.hasRemaining()) {
      into.put(0);
      silence--;
    }
    int count = Math.min(into.remaining(), samples.remaining());
    into.put(samples.slice(samples.position(), count));
    samples.position(samples.position() + count);
    at += into.position() - start;
    return into.position() - start;
  }

  /** The film's time of the first sample that was read last. */
  long time() {
    return time;
  }

  /** Decodes on; whether what is read next follows what was read last. */
  boolean goesOn() {
    long expected = at;
    return makeReady() && at == expected;
  }

  private boolean makeReady() {
    while (silence == 0 && !samples.hasRemaining()) {
      if (!advance()) {
        return false;
      }
    }
    return true;
  }

  /** One step on, which may make samples ready; false at the end. */
  private boolean advance() {
    if (!hasFrame && !ended) {
      hasFrame = decode();
      ended = !hasFrame;
      if (hasFrame) {
        locate();
      }
    }
    Resampler running = resampler;
    if (running != null && (ended || !frameFollows)) {
      running.flush(this::accept);
      running.close();
      resampler = null;
      return true;
    }
    if (ended) {
      return false;
    }
    if (running == null) {
      running = new Resampler(name, frame, framePlace);
      resampler = running;
    }
    running.convert(frame, this::accept);
    av_frame_unref(frame);
    hasFrame = false;
    return true;
  }

  private boolean decode() {
    while (true) {
      int code = avcodec_receive_frame(context, frame);
      if (code == 0) {
        boolean whole =
            frame.decode_error_flags() == 0
                && (frame.flags() & AVFrame.AV_FRAME_FLAG_CORRUPT) == 0
                && frame.nb_samples() > 0;
        if (whole) {
          any = true;
          return true;
        }
        damaged++;
        av_frame_unref(frame);
        continue;
      }
      if (code != AVERROR_EOF() && code != AVERROR_EAGAIN()) {
        failed(code);
      }
      if (code == AVERROR_EOF() || draining) {
        end();
        return false;
      }
      feed();
    }
  }

  private void end() {
    if (!any && damaged > 0) {
      throw new VideoException(
          name + ": no sound could be decoded (" + damaged + " damaged packets)");
    }
    if (damaged > 0) {
      log.info("{}: {} damaged packets of sound were left out", name, damaged);
    }
  }

  private void feed() {
    if (!readPacket()) {
      draining = true;
      avcodec_send_packet(context, null);
      return;
    }
    long start = packet.pts() == Ffmpeg.NO_TIME ? Ffmpeg.NO_TIME : packets.nanos(packet.pts());
    boolean early =
        start != Ffmpeg.NO_TIME && start + packets.length(packet.duration()) < from - PREROLL;
    int code = early ? 0 : avcodec_send_packet(context, packet);
    av_packet_unref(packet);
    if (code < 0 && code != AVERROR_EOF()) {
      failed(code);
    }
  }

  private void failed(int code) {
    if (code == OUT_OF_MEMORY) {
      throw new VideoException(
          name + ": its sound could not be decoded (FFmpeg: " + Ffmpeg.errorText(code) + ")");
    }
    damaged++;
  }

  /** Reads a packet and repairs its time. */
  private boolean readPacket() {
    if (hasLater) {
      hasLater = false;
      av_packet_move_ref(packet, later);
    } else if (!packets.read(packet)) {
      return false;
    }
    long ticks = packet.pts() == Ffmpeg.NO_TIME ? packet.dts() : packet.pts();
    if (ticks == Ffmpeg.NO_TIME) {
      packetsEnd += packetsEnd == Ffmpeg.NO_TIME ? 0 : packet.duration();
      return true;
    }
    ticks += shift;
    if (jumps(ticks)) {
      hasLater = packets.read(later);
      boolean alone = hasLater && later.pts() != Ffmpeg.NO_TIME && !jumps(later.pts() + shift);
      boolean back = ticks < packetsEnd;
      if (!alone && back) {
        shift += packetsEnd - ticks;
      }
      ticks = alone || back ? packetsEnd : ticks;
    }
    packet.pts(ticks);
    packetsEnd = Math.max(packetsEnd, ticks + Math.max(0, packet.duration()));
    return true;
  }

  private boolean jumps(long ticks) {
    return packetsEnd != Ffmpeg.NO_TIME
        && (packets.length(packetsEnd - ticks) > MAX_OVERLAP
            || packets.length(ticks - packetsEnd) > MAX_SILENCE);
  }

  /** Finds the place of a decoded frame. */
  private void locate() {
    long ticks = frame.pts() == Ffmpeg.NO_TIME ? frame.best_effort_timestamp() : frame.pts();
    long frameTime = ticks == Ffmpeg.NO_TIME ? Ffmpeg.NO_TIME : packets.nanos(ticks);
    if (frameTime > maxTime) {
      throw new VideoException(
          String.format(
              "%s has sound at %.1f s, past the limit of %.1f s; raise VideoOptions.maxDuration if"
                  + " that is right",
              name, frameTime / 1e9, maxTime / 1e9));
    }
    if (!placed) {
      placed = true;
      base = base == Ffmpeg.NO_TIME ? Math.max(0, frameTime) : base;
      next = -Math.floorDiv(base - from, SAMPLE);
    }
    Resampler running = resampler;
    int rate = Math.max(1, frame.sample_rate());
    frameFollows = running != null && running.fits(frame);
    if (frameTime != Ffmpeg.NO_TIME) {
      framePlace = rescale(frameTime - base, rate, SECOND);
      frameFollows &=
          running != null
              && Math.abs(framePlace - running.nextIn()) <= rescale(MAX_DRIFT, rate, SECOND);
    } else if (running == null) {
      framePlace = rescale(next, rate, AudioSource.SAMPLE_RATE);
    } else {
      framePlace = rescale(running.nextIn(), rate, running.rate());
    }
  }

  private static long rescale(long value, long by, long per) {
    return av_rescale_rnd(value, by, per, AV_ROUND_NEAR_INF);
  }

  /** Makes samples ready that the resampler gave. */
  private void accept(long place, BytePointer floats, int count) {
    int drop = (int) Math.min(count, Math.max(0, next - place));
    if (drop == count) {
      return;
    }
    long start = place + drop;
    long missing = start - next;
    boolean filled = begun && missing * SAMPLE <= MAX_SILENCE;
    silence = filled ? (int) missing : 0;
    at = filled ? next : start;
    begun = true;
    next = place + count;
    if (samples.capacity() < count) {
      samples = FloatBuffer.allocate(count);
    }
    FloatBuffer given = floats.asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer();
    samples.clear().put(given.slice(drop, count - drop)).flip();
  }

  @Override
  public void close() {
    if (resampler != null) {
      resampler.close();
      resampler = null;
    }
    av_packet_free(packet);
    av_packet_free(later);
    av_frame_free(frame);
    avcodec_free_context(context);
    owner.close();
  }
}
