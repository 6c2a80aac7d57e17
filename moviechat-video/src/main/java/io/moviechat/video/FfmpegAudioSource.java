package io.moviechat.video;

import io.moviechat.internal.Nanos;
import io.moviechat.internal.NativeOwner;
import io.moviechat.speech.AudioSource;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The sound of a video that FFmpeg decodes. */
final class FfmpegAudioSource implements AudioSource {
  private final String name;
  private final Watchdog watchdog;
  private final NativeOwner owner;
  private final ReentrantLock lock = new ReentrantLock();
  private final Optional<String> language;
  private @Nullable SoundDemuxer demuxer;
  private @Nullable SoundDecoder decoder;
  private Duration time = Duration.ZERO;
  private volatile boolean closed;

  /** Opens a container. */
  interface Opener {
    Container open(Watchdog watchdog);
  }

  /**
   * @param from in nanoseconds, not negative
   * @param wished ISO 639 code of a language
   */
  FfmpegAudioSource(
      String name, Opener opener, long from, Optional<String> wished, VideoOptions options) {
    Ffmpeg.load();
    this.name = name;
    this.watchdog = new Watchdog(Nanos.saturated(options.timeout()));
    this.owner = NativeOwner.open(this, "sound of " + name);
    boolean opened = false;
    FfmpegLog.subject(name);
    try {
      SoundDemuxer sound = SoundDemuxer.of(opener.open(watchdog), wished).orElse(null);
      demuxer = sound;
      language = sound == null ? Optional.empty() : SoundTracks.language(sound.stream());
      if (sound != null) {
        FfmpegVideoSource.limitDuration(name, sound.duration(), options);
        sound.goTo(from - SoundDecoder.PREROLL);
        decoder = new SoundDecoder(name, sound, sound.stream(), sound.start(), from, options);
      }
      opened = true;
    } finally {
      FfmpegLog.subject(null);
      if (!opened) {
        close();
      }
    }
  }

  @Override
  public int read(FloatBuffer into) {
    if (!into.hasRemaining()) {
      throw new IllegalArgumentException("a buffer of samples needs room, this one is full");
    }
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("the sound of " + name + " is closed");
      }
      SoundDecoder sound = decoder;
      if (sound == null) {
        return -1;
      }
      FfmpegLog.subject(name);
      watchdog.progress();
      int count = sound.read(into);
      if (count < 0) {
        return -1;
      }
      time = Duration.ofNanos(sound.time());
      while (into.hasRemaining() && sound.goesOn()) {
        count += sound.read(into);
      }
      return count;
    } finally {
      FfmpegLog.subject(null);
      lock.unlock();
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
    closed = true;
    watchdog.stop();
    lock.lock();
    try {
      if (decoder != null) {
        decoder.close();
        decoder = null;
      }
      if (demuxer != null) {
        demuxer.close();
        demuxer = null;
      }
    } finally {
      lock.unlock();
      watchdog.close();
      owner.close();
    }
  }
}
