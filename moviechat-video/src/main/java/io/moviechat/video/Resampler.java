package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avutil.AV_CHANNEL_ORDER_UNSPEC;
import static org.bytedeco.ffmpeg.global.avutil.AV_ROUND_NEAR_INF;
import static org.bytedeco.ffmpeg.global.avutil.AV_ROUND_UP;
import static org.bytedeco.ffmpeg.global.avutil.AV_SAMPLE_FMT_FLT;
import static org.bytedeco.ffmpeg.global.avutil.av_channel_layout_compare;
import static org.bytedeco.ffmpeg.global.avutil.av_channel_layout_copy;
import static org.bytedeco.ffmpeg.global.avutil.av_channel_layout_default;
import static org.bytedeco.ffmpeg.global.avutil.av_channel_layout_uninit;
import static org.bytedeco.ffmpeg.global.avutil.av_opt_set_double;
import static org.bytedeco.ffmpeg.global.avutil.av_rescale_rnd;
import static org.bytedeco.ffmpeg.global.swresample.swr_alloc_set_opts2;
import static org.bytedeco.ffmpeg.global.swresample.swr_convert;
import static org.bytedeco.ffmpeg.global.swresample.swr_free;
import static org.bytedeco.ffmpeg.global.swresample.swr_get_out_samples;
import static org.bytedeco.ffmpeg.global.swresample.swr_init;
import static org.bytedeco.ffmpeg.global.swresample.swr_inject_silence;
import static org.bytedeco.ffmpeg.global.swresample.swr_set_matrix;

import io.moviechat.VideoException;
import io.moviechat.speech.AudioSource;
import java.math.BigInteger;
import java.util.Arrays;
import org.bytedeco.ffmpeg.avutil.AVChannelLayout;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.swresample.SwrContext;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;

/**
 * Mixes and resamples sound of one kind to what {@link AudioSource} gives, by libswresample.
 *
 * <p>Places count samples from one moment, the same at every rate. The places that come out do not
 * depend on which sample came in first: where a pass begins in the middle it gives the samples that
 * a pass from the start gives, not ones between them.
 */
final class Resampler implements AutoCloseable {
  private static final int OUT_RATE = AudioSource.SAMPLE_RATE;

  /** To be in step costs up to this many samples of silence before the first one. */
  private static final int MAX_PERIOD = 4096;

  private static final int LOWEST_RATE = 1_000;
  private static final int HIGHEST_RATE = 1_000_000;

  private final int rate;
  private final int format;
  private final AVChannelLayout layout = new AVChannelLayout();
  private final SwrContext context;
  private final long begin;
  private long nextIn;
  private long nextOut;
  private final PointerPointer<BytePointer> planes = new PointerPointer<>(1);
  private BytePointer out = new BytePointer();

  /** Takes samples. */
  interface Sink {
    /**
     * @param place of the first one
     */
    void accept(long place, BytePointer floats, int count);
  }

  /**
   * @param like of which kind the sound is
   * @param in the place of its first sample, at its own rate
   * @throws VideoException if there is no way to resample it
   */
  Resampler(String name, AVFrame like, long in) {
    this.rate = like.sample_rate();
    this.format = like.format();
    int channels = like.ch_layout().nb_channels();
    if (rate < LOWEST_RATE || rate > HIGHEST_RATE || channels < 1) {
      throw new VideoException(
          String.format(
              "%s has sound of %,d samples a second in %d channels; %,d to %,d can be read",
              name, rate, channels, LOWEST_RATE, HIGHEST_RATE));
    }
    av_channel_layout_copy(layout, like.ch_layout());
    this.context = open(layout, format, rate, channels);
    if (context.isNull()) {
      av_channel_layout_uninit(layout);
      throw new VideoException(
          name + " has sound of " + channels + " channels, which FFmpeg cannot mix to one");
    }
    int period = rate / BigInteger.valueOf(rate).gcd(BigInteger.valueOf(OUT_RATE)).intValue();
    int silence = period <= MAX_PERIOD ? (int) Math.floorMod(in, (long) period) : 0;
    this.begin = silence == 0 ? Long.MIN_VALUE : av_rescale_rnd(in, OUT_RATE, rate, AV_ROUND_UP);
    this.nextIn = in;
    this.nextOut = av_rescale_rnd(in - silence, OUT_RATE, rate, AV_ROUND_NEAR_INF);
    if (silence > 0) {
      swr_inject_silence(context, silence);
    }
  }

  private static SwrContext open(AVChannelLayout layout, int format, int rate, int channels) {
    try (AVChannelLayout mono = new AVChannelLayout();
        AVChannelLayout known = new AVChannelLayout()) {
      av_channel_layout_default(mono, 1);
      if (layout.order() == AV_CHANNEL_ORDER_UNSPEC) {
        av_channel_layout_default(known, channels);
      } else {
        av_channel_layout_copy(known, layout);
      }
      SwrContext context = open(known, mono, format, rate, false);
      if (context.isNull()) {
        context = open(known, mono, format, rate, true);
      }
      av_channel_layout_uninit(known);
      return context;
    }
  }

  private static SwrContext open(
      AVChannelLayout from, AVChannelLayout mono, int format, int rate, boolean mean) {
    SwrContext context = new SwrContext(null);
    int code =
        swr_alloc_set_opts2(
            context, mono, AV_SAMPLE_FMT_FLT, OUT_RATE, from, format, rate, 0, (Pointer) null);
    if (code >= 0) {
      // Otherwise the mix to floats is louder than any of the channels.
      av_opt_set_double(context, "rematrix_maxval", 1, 0);
      if (mean) {
        double[] equal = new double[from.nb_channels()];
        Arrays.fill(equal, 1.0 / equal.length);
        swr_set_matrix(context, equal, equal.length);
      }
      code = swr_init(context);
    }
    if (code < 0) {
      swr_free(context);
      return new SwrContext(null);
    }
    return context;
  }

  int rate() {
    return rate;
  }

  /** The place behind the last sample that came in, at its own rate. */
  long nextIn() {
    return nextIn;
  }

  /** Whether sound is of the same kind. */
  boolean fits(AVFrame frame) {
    return frame.sample_rate() == rate
        && frame.format() == format
        && av_channel_layout_compare(frame.ch_layout(), layout) == 0;
  }

  /** Resamples what follows. */
  void convert(AVFrame frame, Sink sink) {
    int count = frame.nb_samples();
    nextIn += count;
    convert(frame.extended_data(), count, sink);
  }

  /** Gives what is left; then this is at its end. */
  void flush(Sink sink) {
    convert(null, 0, sink);
  }

  private void convert(@Nullable PointerPointer<?> in, int count, Sink sink) {
    int room = Math.max(1, swr_get_out_samples(context, count));
    if (out.capacity() < 4L * room) {
      out.close();
      out = new BytePointer(4L * room);
    }
    int made = swr_convert(context, planes.put(0, out), room, in, count);
    if (made <= 0) {
      return;
    }
    // What comes of the silence before the first sample is no sound.
    int before = (int) Math.max(0, Math.min(made, begin == Long.MIN_VALUE ? 0 : begin - nextOut));
    if (before < made) {
      sink.accept(nextOut + before, out.getPointer(4L * before), made - before);
    }
    nextOut += made;
  }

  @Override
  public void close() {
    swr_free(context);
    av_channel_layout_uninit(layout);
    layout.close();
    planes.close();
    out.close();
  }
}
