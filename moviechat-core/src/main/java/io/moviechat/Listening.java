package io.moviechat;

import io.moviechat.internal.Waiting;
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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The words of one film, collected on a thread of their own beside the pictures: its subtitles, or
 * what is heard in it. A failure is told in the cues and ends nothing else.
 *
 * <p>Closing ends it: the thread is interrupted <i>and</i> the sound is closed, the one call that
 * ends a read which is stuck. An opening that is stuck is left to itself; what it opens in the end
 * is closed at once.
 */
final class Listening implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Listening.class);
  private static final long PATIENCE_MILLIS = 100;

  private final VideoSourceProvider provider;
  private final VideoLocation location;
  private final Words words;
  private final Cues earlier;
  private final CountDownLatch done = new CountDownLatch(1);
  private final Object lock = new Object();
  private @Nullable Thread thread;
  private @Nullable AudioSource sound;
  private volatile Cues cues;
  private volatile boolean stopped;
  private volatile boolean ended;

  /**
   * @param earlier what was heard before; listening goes on behind it
   */
  Listening(VideoSourceProvider provider, VideoLocation location, Words words, Cues earlier) {
    this.provider = provider;
    this.location = location;
    this.words = words;
    this.earlier = earlier;
    this.cues = earlier;
    if (!words.wanted()) {
      done.countDown();
    }
  }

  /** Begins, once: when the video is known to be there. */
  void begin() {
    synchronized (lock) {
      if (thread == null && !ended && words.wanted()) {
        thread = new Thread(this::run, "moviechat-listen");
        thread.setDaemon(true);
        thread.start();
      }
    }
  }

  /** What was heard until now. */
  Cues cues() {
    return cues;
  }

  private boolean isDone() {
    return done.getCount() == 0;
  }

  /** Waits until nothing more will come. */
  boolean awaitDone(long millis) throws InterruptedException {
    return done.await(millis, TimeUnit.MILLISECONDS);
  }

  /** Ends the sound here: what was read of it still counts. Does not wait. */
  void stop() {
    stopped = true;
  }

  /** Ends a read that does not end by itself after {@link #stop}. */
  void endSound() {
    @Nullable AudioSource open;
    synchronized (lock) {
      open = sound;
    }
    if (open != null) {
      try {
        open.close();
      } catch (RuntimeException e) { // the thread closes it too, and says so if it fails
        log.debug("closing the sound early", e);
      }
    }
  }

  private void run() {
    try {
      collect();
    } catch (Throwable e) { // told in the cues: pictures go on
      if (!ended) {
        String what = e.getMessage() == null ? e.toString() : e.getMessage();
        log.warn("{}: listening ended at {}: {}", location, cues.heard(), what);
        log.debug("why listening ended", e);
        cues = cues.withProblem(Optional.of(what.lines().findFirst().orElse(e.toString())));
      }
    } finally {
      done.countDown();
    }
  }

  private void collect() {
    if (words.options().subtitles()) {
      Cues subtitles = subtitles();
      if (!subtitles.isEmpty()) {
        cues = subtitles;
        return;
      }
    }
    if (words.recognizer().isPresent()) {
      listen(words.recognizer().get());
    }
  }

  private Cues subtitles() {
    try {
      return provider.subtitles(location, words.options().language());
    } catch (VideoException e) {
      if (words.recognizer().isEmpty() || ended) {
        throw e;
      }
      log.warn(
          "{}: its subtitles cannot be read, so it is listened to: {}", location, e.toString());
      return Cues.NONE;
    }
  }

  private void listen(SpeechRecognizer recognizer) {
    Optional<AudioSource> opened =
        provider.openAudio(location, earlier.heard(), words.options().language());
    if (opened.isEmpty()) {
      throw new VideoException(
          "the video source " + provider.name() + " knows no sound of " + location);
    }
    try (AudioSource open = opened.get()) {
      synchronized (lock) {
        if (ended) {
          return;
        }
        sound = open;
      }
      cues = cues.withProblem(Optional.empty()); // of the pass before
      try (CueStream stream = recognizer.transcribe(new Endable(open), options())) {
        Optional<List<Cue>> heard = stream.next();
        while (heard.isPresent() && !ended) {
          cues = cues.plus(heard.get()).withHeard(stream.heard());
          heard = stream.next();
        }
        if (!ended) {
          cues = cues.withHeard(stream.heard());
        }
      }
    }
  }

  /** The language that was heard before, unless one is asked for. */
  private SpeechOptions options() {
    SpeechOptions options = words.options();
    List<Cue> before = earlier.list();
    if (options.language().isPresent() || before.isEmpty()) {
      return options;
    }
    return before.get(before.size() - 1).language().map(options::withLanguage).orElse(options);
  }

  /** Ends listening and waits for it, unless it is stuck in opening. Closing twice is fine. */
  @Override
  public void close() {
    @Nullable Thread listener;
    boolean opening;
    synchronized (lock) {
      ended = true;
      listener = thread;
      opening = sound == null;
    }
    if (listener == null || isDone()) {
      return;
    }
    listener.interrupt();
    if (opening) {
      try {
        listener.join(PATIENCE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return;
    }
    endSound();
    Waiting.join(listener);
  }

  /** Sound that is at its end when the pass was stopped. */
  private final class Endable implements AudioSource {
    private final AudioSource whole;

    Endable(AudioSource whole) {
      this.whole = whole;
    }

    @Override
    public int read(FloatBuffer into) {
      if (stopped) {
        return -1;
      }
      try {
        return whole.read(into);
      } catch (VideoException | IllegalStateException e) {
        if (stopped) {
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
