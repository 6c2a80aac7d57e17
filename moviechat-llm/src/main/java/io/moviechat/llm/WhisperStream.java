package io.moviechat.llm;

import com.google.common.primitives.ImmutableDoubleArray;
import com.google.common.primitives.ImmutableIntArray;
import io.moviechat.internal.ResourceStack;
import io.moviechat.speech.AudioSource;
import io.moviechat.speech.Cue;
import io.moviechat.speech.CueStream;
import io.moviechat.speech.SpeechOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;

/**
 * Listens to one sound, window by window.
 *
 * <p>Stretches in which nobody speaks are passed over, never cut out: a window is a stretch of the
 * film as it is, so that places in it are times. {@link #close()} does not wait: a call of {@link
 * #next()} that is at work frees what is native when it ends, within a step of the decoder or a run
 * of the encoder.
 */
final class WhisperStream implements CueStream {
  /** Nothing is fixed by a window in which no language is likelier than this. */
  private static final double SURE = 0.5;

  /** Windows in which a language may become sure. */
  private static final int LANGUAGE_WINDOWS = 3;

  /** How often the same words may be said on and on. */
  private static final int REPEATS = 2;

  private static final Duration NO_PAUSE = Duration.ofMillis(100);

  /** Samples of a step of time. */
  private static final int STEP = WhisperTokens.STEP_MILLIS * LogMel.HOP / 10;

  /** Samples after a cue, and of a voice, that are no mistake. */
  private static final int MISSED = AudioSource.SAMPLE_RATE / 2;

  /** A window that says less is not worth hearing the rest of it once more. */
  private static final int LEAST = AudioSource.SAMPLE_RATE;

  private final Whisper whisper;
  private final WhisperTokens tokens;
  private final SpeechLane lane;
  private final HeardSound sound;
  private final VoiceActivity voices;
  private final LogMel logMel;
  private final LongForm longForm;
  private final ResourceStack resources;
  private final int[] written;
  private final double[] probabilities;

  private final Optional<String> told;
  private Optional<String> language;
  private final Map<String, Double> languageLogs = new HashMap<>();
  private int languageWindows;
  private Duration heard = Duration.ZERO;
  private Duration lastEnd = Duration.ZERO;
  private String lastText = "";
  private int repeats;

  private boolean closed;
  private boolean working;

  /**
   * @param opened all that is native, taken over
   */
  WhisperStream(
      Whisper whisper,
      SpeechLane lane,
      HeardSound sound,
      VoiceActivity voices,
      SpeechOptions options,
      ResourceStack opened) {
    this.whisper = whisper;
    this.tokens = whisper.spec().tokens();
    this.lane = lane;
    this.sound = sound;
    this.voices = voices;
    this.logMel = new LogMel(whisper.spec().bands());
    this.longForm =
        new LongForm(
            tokens,
            whisper::text,
            whisper.temperatures(),
            options.textBefore() && tokens.before().isPresent(),
            whisper.longestBefore());
    this.language = options.language();
    this.told = sound.language().filter(tokens.languages()::containsKey);
    int longest = lane.longest(1);
    this.written = new int[longest];
    this.probabilities = new double[longest];
    this.resources = opened.release();
  }

  @Override
  public Optional<List<Cue>> next() {
    enter();
    try {
      return hear();
    } finally {
      leave();
    }
  }

  private Optional<List<Cue>> hear() {
    Optional<LongForm.Window> window = nextWindow();
    if (window.isEmpty()) {
      return sound.isOver() ? Optional.empty() : Optional.of(List.of());
    }
    List<Cue> cues = cues(window.get());
    advance(step(window.get()));
    return Optional.of(cues);
  }

  /**
   * Samples to the next window. One that ends with a single time says that nobody speaks behind it;
   * where somebody does, it is believed up to there only.
   */
  private int step(LongForm.Window window) {
    int whole = sound.frames() * LogMel.HOP;
    int step = window.advance() * LogMel.HOP;
    if (step < whole || window.segments().isEmpty() || !voices.knowsVoices()) {
      return step;
    }
    int end = window.segments().get(window.segments().size() - 1).end() * STEP;
    long voice = voices.next(sound.position() + end + MISSED);
    boolean missed = voice >= 0 && voice + MISSED < sound.position() + whole;
    return missed && end >= LEAST ? end : step;
  }

  /** The next window; empty if nobody speaks in what was passed over. */
  Optional<LongForm.Window> nextWindow() {
    sound.fill(this::check);
    if (sound.frames() == 0) {
      advance(sound.length());
      return Optional.empty();
    }
    long speech = voices.next(sound.position());
    if (speech < 0 || speech - sound.position() >= sound.length()) {
      long known = sound.endsHere() ? sound.length() : voices.known() - sound.position();
      advance((int) Math.max(LogMel.HOP, known / LogMel.HOP * LogMel.HOP));
      return Optional.empty();
    }
    int silence = (int) (speech - sound.position()) / LogMel.HOP * LogMel.HOP;
    if (silence > 0) {
      advance(silence);
      sound.fill(this::check);
    }
    check();
    int frames = sound.frames();
    lane.hear(logMel.of(sound.pcm(), 0, sound.length()));
    int languageId = languageId();
    return Optional.of(
        longForm.next(
            frames, (temperature, before) -> attempt(temperature, before, languageId, true)));
  }

  SpeechLane lane() {
    return lane;
  }

  /** Leaves part of the window behind. */
  void advance(int samples) {
    sound.advance(samples);
    heard = sound.time(0);
  }

  // ---- one window ----

  /**
   * The language's token: the one that was asked for, that is sure, that the container tells, or
   * that is likeliest here.
   */
  int languageId() {
    if (language.isPresent()) {
      return tokens.language(language.get());
    }
    Map<String, Double> here = languages();
    languageWindows++;
    here.forEach((code, p) -> languageLogs.merge(code, Math.log(p), Double::sum));
    Map.Entry<String, Double> best = best(here);
    if (best.getValue() < SURE) {
      best = told.isPresent() ? Map.entry(told.get(), 1.0) : best(languageLogs);
      if (languageWindows >= LANGUAGE_WINDOWS) {
        language = Optional.of(best.getKey());
      }
    } else {
      language = Optional.of(best.getKey());
    }
    return tokens.language(best.getKey());
  }

  private static Map.Entry<String, Double> best(Map<String, Double> languages) {
    // Ties go by name, so that a map's order decides nothing.
    return languages.entrySet().stream()
        .max(
            Map.Entry.<String, Double>comparingByValue()
                .thenComparing(Map.Entry.<String, Double>comparingByKey().reversed()))
        .orElseThrow();
  }

  /** How likely each language is in the window that was heard. */
  Map<String, Double> languages() {
    float[] scores = lane.read(new int[] {tokens.start()}, 0);
    float[] ofLanguages = new float[tokens.languages().size()];
    int i = 0;
    for (int id : tokens.languages().values()) {
      ofLanguages[i++] = scores[id];
    }
    Map<String, Double> languages = new HashMap<>();
    i = 0;
    for (String code : tokens.languages().keySet()) {
      languages.put(code, Math.exp(SpeechScores.logProbability(ofLanguages, i++)));
    }
    return languages;
  }

  private ImmutableIntArray lastPrompt = ImmutableIntArray.of();
  private float[] endOfPrompt = new float[0];
  private double noSpeech;

  /** Reads the window once. */
  LongForm.Attempt attempt(
      double temperature, ImmutableIntArray before, int languageId, boolean times) {
    ImmutableIntArray prompt = prompt(before, languageId, times);
    int start = before.isEmpty() ? 0 : before.length() + 1;
    if (temperature == 0) {
      float[] scores = lane.read(prompt.toArray(), start);
      noSpeech = Math.exp(SpeechScores.logProbability(scores, tokens.noSpeech()));
      endOfPrompt = lane.scores().clone();
      lastPrompt = prompt;
    }
    lane.rewind(endOfPrompt);
    SplittableRandom random = new SplittableRandom(seed(temperature));
    int longest = lane.longest(lastPrompt.length());
    float[] scores = lane.scores();
    double logs = 0;
    int count = 0;
    while (count < longest) {
      check();
      if (count > 0) {
        lane.write(written[count - 1]);
      }
      whisper.scores().forbid(scores, written, count, times);
      int id =
          temperature == 0
              ? SpeechScores.best(scores)
              : SpeechScores.draw(scores, temperature, random);
      double log =
          temperature == 0
              ? SpeechScores.logProbability(scores, id, scores[id])
              : SpeechScores.logProbability(scores, id);
      logs += log;
      if (id == tokens.end()) {
        break;
      }
      written[count] = id;
      probabilities[count++] = Math.exp(log);
    }
    ImmutableIntArray ids = ImmutableIntArray.copyOf(Arrays.copyOf(written, count));
    return new LongForm.Attempt(
        ids,
        ImmutableDoubleArray.copyOf(Arrays.copyOf(probabilities, count)),
        logs / (count + 1),
        noSpeech,
        whisper.text(ids).strip(),
        temperature);
  }

  private ImmutableIntArray prompt(ImmutableIntArray before, int languageId, boolean times) {
    ImmutableIntArray.Builder prompt = ImmutableIntArray.builder();
    if (!before.isEmpty()) {
      prompt.add(tokens.before().orElseThrow()).addAll(before);
    }
    prompt.add(tokens.start()).add(languageId).add(tokens.transcribe());
    if (!times) {
      prompt.add(tokens.noTimestamps());
    }
    return prompt.build();
  }

  /** The same window is drawn the same way, whenever and after whatever it is heard. */
  private long seed(double temperature) {
    return sound.time(0).toMillis() / 10 * 31 + Math.round(temperature * 10);
  }

  // ---- cues ----

  private List<Cue> cues(LongForm.Window window) {
    LongForm.Attempt attempt = window.attempt();
    boolean warmest =
        attempt.temperature() == whisper.temperatures().get(whisper.temperatures().size() - 1);
    List<Cue> cues = new ArrayList<>();
    int end = sound.frames() * LogMel.HOP;
    for (LongForm.Segment segment : window.segments()) {
      String text = segment.text().strip();
      long from = sound.position() + Math.min(end, segment.start() * STEP);
      long to = sound.position() + (segment.end() < 0 ? end : Math.min(end, segment.end() * STEP));
      // The model's times reach into silence, or words are made up for it.
      Optional<VoiceActivity.Stretch> voice = voices.within(from, to);
      if (text.isEmpty()
          || voice.isEmpty()
          || (warmest && LongForm.repetition(text) > LongForm.REPETITIVE)) {
        continue;
      }
      Duration start = later(sound.timeAt(voice.get().start()), lastEnd);
      Duration stop = sound.timeAt(voice.get().end());
      if (stop.compareTo(start) <= 0 || repeats(text, start)) {
        continue;
      }
      lastEnd = stop;
      double probability = 0;
      int words = segment.tokens().length();
      for (int i = 0; i < words; i++) {
        probability += attempt.probabilities().get(segment.from() + i);
      }
      Cue cue =
          Cue.of(start, stop, text, Cue.Origin.SPEECH)
              .withProbability(Math.max(0, Math.min(1, probability / words)));
      cues.add(language.map(cue::withLanguage).orElse(cue));
    }
    return List.copyOf(cues);
  }

  private static Duration later(Duration a, Duration b) {
    return a.compareTo(b) >= 0 ? a : b;
  }

  /** Whether the same words come once more without a pause, as from a model that is caught. */
  private boolean repeats(String text, Duration start) {
    boolean again = text.equals(lastText) && start.minus(lastEnd).compareTo(NO_PAUSE) <= 0;
    repeats = again ? repeats + 1 : 0;
    lastText = text;
    return repeats >= REPEATS;
  }

  // ---- state ----

  @Override
  public synchronized Duration heard() {
    return heard;
  }

  @Override
  public synchronized Optional<String> language() {
    return language;
  }

  private void check() {
    synchronized (this) {
      requireOpen();
    }
    if (Thread.currentThread().isInterrupted()) {
      throw new CancellationException("interrupted while listening at " + sound.time(0));
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the stream of cues is closed");
    }
  }

  private synchronized void enter() {
    requireOpen();
    if (working) {
      throw new IllegalStateException("another thread is listening to this stream");
    }
    working = true;
  }

  private void leave() {
    boolean free;
    synchronized (this) {
      working = false;
      free = closed;
    }
    if (free) {
      free();
    }
  }

  private void free() {
    resources.close();
    whisper.ended(this);
  }

  @Override
  public void close() {
    boolean free;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      free = !working;
    }
    if (free) {
      free();
    }
  }
}
