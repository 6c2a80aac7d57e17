package io.moviechat.llm;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableDoubleArray;
import com.google.common.primitives.ImmutableIntArray;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.Deflater;

/**
 * How a sound longer than a window is written down: which attempt at a window is taken, what its
 * tokens say of times, and where the next window begins. Knows no model. After the loop of
 * openai/whisper's {@code transcribe()}. Not thread-safe.
 */
final class LongForm {
  /** Temperatures of the attempts, in this order. */
  static final ImmutableList<Double> TEMPERATURES = ImmutableList.of(0.0, 0.2, 0.4, 0.6, 0.8, 1.0);

  /** Text that can be packed more tightly than this repeats itself. */
  static final double REPETITIVE = 2.4;

  private static final double UNLIKELY = -1;
  private static final double NO_SPEECH = 0.6;

  /** Attempts warmer than this are not told to the next windows. */
  private static final double WARM = 0.5;

  /** Frames of a step of time. */
  private static final int FRAMES_PER_STEP = WhisperTokens.STEP_MILLIS / 10;

  /**
   * What an attempt wrote.
   *
   * @param tokens without the end
   * @param probabilities of the tokens
   * @param likelihood mean of the natural logarithms of the probabilities, the end's included
   * @param noSpeech probability that nobody speaks
   * @param text of its words
   * @param temperature that it was drawn at
   */
  record Attempt(
      ImmutableIntArray tokens,
      ImmutableDoubleArray probabilities,
      double likelihood,
      double noSpeech,
      String text,
      double temperature) {
    boolean repeats() {
      return repetition(text) > REPETITIVE;
    }
  }

  /** What tokens say; times say nothing. */
  interface Texts {
    String of(ImmutableIntArray tokens);
  }

  /** Listens to the window once more. */
  interface Attempts {
    Attempt at(double temperature, ImmutableIntArray prompt);
  }

  /**
   * A part of a window.
   *
   * @param start in steps from the window's start
   * @param end in steps from the window's start; -1 for the end of what was heard
   * @param tokens its times and words, none if nothing is said
   * @param from place of its first token in the attempt
   * @param text of its words
   */
  record Segment(int start, int end, ImmutableIntArray tokens, int from, String text) {
    private Segment emptied() {
      return new Segment(start, end, ImmutableIntArray.of(), from, "");
    }
  }

  /**
   * What a window says.
   *
   * @param attempt that was taken
   * @param segments in order of time; none if nobody speaks
   * @param advance frames to the next window, at least one
   */
  record Window(Attempt attempt, List<Segment> segments, int advance) {}

  private final WhisperTokens tokens;
  private final Texts texts;
  private final List<Double> temperatures;
  private final boolean textBefore;
  private final int longestBefore;
  private ImmutableIntArray before = ImmutableIntArray.of();

  LongForm(
      WhisperTokens tokens,
      Texts texts,
      List<Double> temperatures,
      boolean textBefore,
      int longestBefore) {
    this.tokens = tokens;
    this.texts = texts;
    this.temperatures = temperatures;
    this.textBefore = textBefore;
    this.longestBefore = longestBefore;
  }

  /**
   * Takes the next window.
   *
   * @param frames that it has, at most {@link LogMel#FRAMES}
   */
  Window next(int frames, Attempts attempts) {
    Attempt attempt = attempts.at(temperatures.get(0), before);
    for (int i = 1; i < temperatures.size() && failed(attempt); i++) {
      attempt = attempts.at(temperatures.get(i), before);
    }
    if (attempt.noSpeech() > NO_SPEECH && attempt.likelihood() <= UNLIKELY) {
      return new Window(attempt, List.of(), frames);
    }
    List<Segment> segments = new ArrayList<>();
    int advance = cut(attempt.tokens(), frames, segments);
    segments.replaceAll(
        segment ->
            segment.start() == segment.end() || segment.text().isBlank()
                ? segment.emptied()
                : segment);
    remember(segments, attempt);
    return new Window(attempt, List.copyOf(segments), advance);
  }

  private static boolean failed(Attempt attempt) {
    boolean unlikely = attempt.likelihood() < UNLIKELY;
    if (unlikely && attempt.noSpeech() > NO_SPEECH) {
      return false;
    }
    return unlikely || attempt.repeats();
  }

  private int cut(ImmutableIntArray written, int frames, List<Segment> segments) {
    int length = written.length();
    boolean endsWithTime = length >= 1 && tokens.isTime(written.get(length - 1));
    boolean single = endsWithTime && length >= 2 && !tokens.isTime(written.get(length - 2));
    int from = 0;
    int lastTime = -1;
    for (int i = 1; i <= length; i++) {
      boolean pair =
          i < length && tokens.isTime(written.get(i - 1)) && tokens.isTime(written.get(i));
      if (pair || (i == length && single && from > 0)) {
        ImmutableIntArray part = written.subArray(from, i);
        lastTime = written.get(i - 1) - tokens.firstTime();
        int start = written.get(from) - tokens.firstTime();
        segments.add(new Segment(start, lastTime, part, from, texts.of(part)));
        from = i;
      }
    }
    if (segments.isEmpty()) {
      int end = -1;
      for (int i = 0; i < length; i++) {
        if (tokens.isTime(written.get(i))) {
          end = written.get(i) - tokens.firstTime();
        }
      }
      segments.add(new Segment(0, end == 0 ? -1 : end, written, 0, texts.of(written)));
      return frames;
    }
    int advance = single ? frames : lastTime * FRAMES_PER_STEP;
    // Two times of 0.00 at the beginning would hear the same window for ever.
    return advance > 0 ? advance : frames;
  }

  private void remember(List<Segment> segments, Attempt attempt) {
    if (!textBefore || attempt.temperature() > WARM) {
      before = ImmutableIntArray.of();
      return;
    }
    ImmutableIntArray.Builder longer = ImmutableIntArray.builder().addAll(before);
    segments.forEach(segment -> longer.addAll(segment.tokens()));
    ImmutableIntArray all = longer.build();
    before = all.subArray(Math.max(0, all.length() - longestBefore), all.length()).trimmed();
  }

  /** How many times shorter a text's bytes become by zlib; 0 if it is empty. */
  static double repetition(String text) {
    byte[] bytes = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    if (bytes.length == 0) {
      return 0;
    }
    Deflater deflater = new Deflater();
    try {
      deflater.setInput(bytes);
      deflater.finish();
      byte[] packed = new byte[bytes.length + 64];
      int size = 0;
      while (!deflater.finished()) {
        size += deflater.deflate(packed);
      }
      return bytes.length / (double) size;
    } finally {
      deflater.end();
    }
  }
}
