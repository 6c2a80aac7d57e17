package io.moviechat.llm;

import com.google.common.collect.ImmutableMap;
import com.google.common.primitives.ImmutableIntArray;
import io.moviechat.internal.NativeOwner;
import io.moviechat.internal.ResourceStack;
import io.moviechat.llm.internal.Graph;
import io.moviechat.llm.internal.Tokenizer;
import io.moviechat.speech.AudioSource;
import io.moviechat.speech.CueStream;
import io.moviechat.speech.SpeechOptions;
import io.moviechat.speech.SpeechRecognizer;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** An open speech bundle. Each stream hears in a lane of its own. */
final class Whisper implements SpeechRecognizer {
  private final String name;
  private final SpeechSpec spec;
  private final Graph encoder;
  private final Graph decoder;
  private final @Nullable Graph detector;
  private final Tokenizer tokenizer;
  private final SpeechScores scores;
  private final List<Double> temperatures;
  private final ResourceStack resources;
  private final Set<WhisperStream> streams = new HashSet<>();
  private boolean closed;

  private Whisper(
      String name,
      SpeechSpec spec,
      Graph encoder,
      Graph decoder,
      @Nullable Graph detector,
      Tokenizer tokenizer,
      List<Double> temperatures,
      ResourceStack opened) {
    this.name = name;
    this.spec = spec;
    this.encoder = encoder;
    this.decoder = decoder;
    this.detector = detector;
    this.tokenizer = tokenizer;
    this.temperatures = temperatures;
    ImmutableIntArray blank =
        ImmutableIntArray.builder()
            .addAll(ImmutableIntArray.copyOf(tokenizer.encode(" ", false)))
            .add(spec.tokens().end())
            .build();
    this.scores = new SpeechScores(spec.tokens(), spec.tokens().firstSuppressed().orElse(blank));
    opened.push(NativeOwner.open(this, "speech recognizer " + name));
    this.resources = opened.release();
  }

  /**
   * Opens a checked bundle.
   *
   * @param device the processor or a graphics card
   * @param threads of each graph, 0 for as many as there are cores
   * @param detecting whether voices are looked for first
   */
  static Whisper open(
      String name,
      SpeechSpec spec,
      Device device,
      int threads,
      boolean detecting,
      List<Double> temperatures) {
    try (ResourceStack opened = new ResourceStack()) {
      Tokenizer tokenizer = opened.push(spec.tokenizer().open());
      Graph encoder = opened.push(Graph.open(spec.encoder(), device.cuda(), threads));
      Graph decoder = opened.push(Graph.open(spec.decoder(), device.cuda(), threads));
      Graph detector = detecting ? opened.push(Silero.openGraph()) : null;
      return new Whisper(name, spec, encoder, decoder, detector, tokenizer, temperatures, opened);
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public CueStream transcribe(AudioSource sound, SpeechOptions options) {
    Objects.requireNonNull(sound, "sound");
    options.language().ifPresent(this::requireLanguage);
    if (detector == null) {
      return open(sound, options, new VoiceActivity.Loudness(), null);
    }
    Silero silero = new Silero(detector);
    return open(sound, options, silero, silero);
  }

  /**
   * @param judge of where somebody speaks
   * @param owned closed with the stream, also if this fails
   */
  synchronized WhisperStream open(
      AudioSource sound,
      SpeechOptions options,
      VoiceActivity.Judge judge,
      @Nullable AutoCloseable owned) {
    try (ResourceStack opened = new ResourceStack()) {
      if (owned != null) {
        opened.push(owned);
      }
      if (closed) {
        throw new IllegalStateException("speech recognizer " + name + " is closed");
      }
      SpeechLane lane =
          opened.push(new SpeechLane(encoder, decoder, spec, longestPrompt(options.textBefore())));
      VoiceActivity voices = new VoiceActivity(judge);
      WhisperStream stream =
          new WhisperStream(this, lane, new HeardSound(sound, voices), voices, options, opened);
      streams.add(stream);
      return stream;
    }
  }

  private void requireLanguage(String language) {
    ImmutableMap<String, Integer> known = spec.tokens().languages();
    if (!known.containsKey(language)) {
      throw new IllegalArgumentException(
          name + " knows no language '" + language + "'; it knows " + known.keySet());
    }
  }

  /** Most tokens of a prompt, three of which lead the model. */
  int longestPrompt(boolean textBefore) {
    return textBefore ? 1 + longestBefore() + 3 : 4;
  }

  /** Most tokens of what was said before. */
  int longestBefore() {
    return spec.positions() / 2 - 1;
  }

  SpeechSpec spec() {
    return spec;
  }

  SpeechScores scores() {
    return scores;
  }

  List<Double> temperatures() {
    return temperatures;
  }

  /** The words among tokens. */
  String text(ImmutableIntArray ids) {
    int[] words = ids.stream().filter(spec.tokens()::isWord).toArray();
    return words.length == 0 ? "" : tokenizer.decode(words, 0, words.length, true);
  }

  /** A stream has freed what is native. */
  synchronized void ended(WhisperStream stream) {
    if (streams.remove(stream) && closed && streams.isEmpty()) {
      resources.close();
    }
  }

  /** A stream that is at work frees everything when its window ends. */
  @Override
  public void close() {
    List<WhisperStream> open;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      open = List.copyOf(streams);
      if (open.isEmpty()) {
        resources.close();
      }
    }
    open.forEach(WhisperStream::close);
  }
}
