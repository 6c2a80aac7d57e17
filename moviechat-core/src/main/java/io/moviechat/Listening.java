package io.moviechat;

import io.moviechat.speech.AudioSource;
import io.moviechat.speech.Cue;
import io.moviechat.speech.CueStream;
import io.moviechat.speech.Cues;
import io.moviechat.speech.SpeechOptions;
import io.moviechat.speech.SpeechRecognizer;
import io.moviechat.spi.VideoSourceProvider;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The words of one film that are said: its subtitles, or what is heard in it. */
final class Listening extends Collecting {
  private static final Logger log = LoggerFactory.getLogger(Listening.class);

  private final VideoSourceProvider provider;
  private final VideoLocation location;
  private final Words words;
  private final Cues earlier;

  /**
   * @param earlier what was heard before; listening goes on behind it
   */
  Listening(VideoSourceProvider provider, VideoLocation location, Words words, Cues earlier) {
    super("listening", location, earlier, words.heard());
    this.provider = provider;
    this.location = location;
    this.words = words;
    this.earlier = earlier;
  }

  @Override
  void collect() {
    if (words.speech().subtitles()) {
      Cues subtitles = subtitles();
      if (!subtitles.isEmpty()) {
        setCues(subtitles);
        return;
      }
    }
    if (words.listener().isPresent()) {
      listen(words.listener().get());
    }
  }

  private Cues subtitles() {
    try {
      return provider.subtitles(location, words.speech().language());
    } catch (VideoException e) {
      if (words.listener().isEmpty() || isEnded()) {
        throw e;
      }
      log.warn(
          "{}: its subtitles cannot be read, so it is listened to: {}", location, e.toString());
      return Cues.NONE;
    }
  }

  private void listen(SpeechRecognizer recognizer) {
    Optional<AudioSource> opened =
        provider.openAudio(location, earlier.heard(), words.speech().language());
    if (opened.isEmpty()) {
      throw new VideoException(
          "the video source " + provider.name() + " knows no sound of " + location);
    }
    try (AudioSource open = opened.get()) {
      if (!isWanted(open)) {
        return;
      }
      setCues(cues().withProblem(Optional.empty())); // of the pass before
      try (CueStream stream = recognizer.transcribe(new Endable(open), options())) {
        Optional<List<Cue>> heard = stream.next();
        while (heard.isPresent() && !isEnded()) {
          setCues(cues().plus(heard.get()).withHeard(stream.heard()));
          heard = stream.next();
        }
        if (!isEnded()) {
          setCues(cues().withHeard(stream.heard()));
        }
      }
    }
  }

  /** The language that was heard before, unless one is asked for. */
  private SpeechOptions options() {
    SpeechOptions options = words.speech();
    List<Cue> before = earlier.list();
    if (options.language().isPresent() || before.isEmpty()) {
      return options;
    }
    return before.get(before.size() - 1).language().map(options::withLanguage).orElse(options);
  }

  /** Sound that is at its end when the pass was stopped. */
  private final class Endable implements AudioSource {
    private final AudioSource whole;

    Endable(AudioSource whole) {
      this.whole = whole;
    }

    @Override
    public int read(FloatBuffer into) {
      if (isStopped()) {
        return -1;
      }
      try {
        return whole.read(into);
      } catch (VideoException | IllegalStateException e) {
        if (isStopped()) {
          return -1;
        }
        throw e;
      }
    }

    @Override
    public Duration time() {
      return whole.time();
    }

    @Override
    public Optional<String> language() {
      return whole.language();
    }

    @Override
    public void close() {
      whole.close();
    }
  }
}
