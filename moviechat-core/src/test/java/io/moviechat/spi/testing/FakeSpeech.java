package io.moviechat.spi.testing;

import io.moviechat.internal.NativeOwner;
import io.moviechat.speech.AudioSource;
import io.moviechat.speech.Cue;
import io.moviechat.speech.CueStream;
import io.moviechat.speech.SpeechOptions;
import io.moviechat.speech.SpeechRecognizer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;

/** Hears one cue in each second of sound, which says what that second's number stands for. */
public final class FakeSpeech implements SpeechRecognizer {
  private final IntFunction<String> says;
  private final IntConsumer onSecond;

  /** One that hears {@code word 0}, {@code word 1}, ... */
  public FakeSpeech() {
    this(second -> "word " + second, second -> {});
  }

  /**
   * One that does something for each second: wait, fail, count.
   *
   * @param says what is heard in a second; nothing if it is blank
   * @param onSecond called with the second on the listening thread, before it is read
   */
  public FakeSpeech(IntFunction<String> says, IntConsumer onSecond) {
    this.says = says;
    this.onSecond = onSecond;
  }

  @Override
  public String name() {
    return "fake-speech";
  }

  @Override
  public CueStream transcribe(AudioSource sound, SpeechOptions options) {
    return new Stream(sound, options.language().orElse("en"));
  }

  @Override
  public void close() {}

  private final class Stream implements CueStream {
    private final NativeOwner owner = NativeOwner.open(this, "fake cues");
    private final AudioSource sound;
    private final String language;
    private Duration heard = Duration.ZERO;

    Stream(AudioSource sound, String language) {
      this.sound = sound;
      this.language = language;
    }

    @Override
    public Optional<List<Cue>> next() {
      onSecond.accept((int) heard.toSeconds());
      if (Thread.currentThread().isInterrupted()) {
        throw new CancellationException("listening was interrupted");
      }
      FloatBuffer second = FloatBuffer.allocate(AudioSource.SAMPLE_RATE);
      if (sound.read(second) < 0) {
        return Optional.empty();
      }
      Duration start = sound.time();
      heard = start.plusMillis(second.position() * 1000L / AudioSource.SAMPLE_RATE);
      String text = says.apply((int) start.toSeconds());
      return Optional.of(
          text.isBlank()
              ? List.of()
              : List.of(
                  Cue.of(start, heard, text, Cue.Origin.SPEECH)
                      .withLanguage(language)
                      .withProbability(0.5)));
    }

    @Override
    public Duration heard() {
      return heard;
    }

    @Override
    public Optional<String> language() {
      return Optional.of(language);
    }

    @Override
    public void close() {
      owner.close();
    }
  }
}
