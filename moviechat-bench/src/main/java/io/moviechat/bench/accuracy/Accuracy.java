package io.moviechat.bench.accuracy;

import io.moviechat.Frame;
import io.moviechat.FrameSampling;
import io.moviechat.FrameTokens;
import io.moviechat.GenerationOptions;
import io.moviechat.MemoryBudget;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.VideoLocation;
import io.moviechat.bench.harness.Strategies;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.MovieView;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.tinyworld.Examiner;
import io.moviechat.tinyworld.QuestionType;
import io.moviechat.tinyworld.Script;
import io.moviechat.tinyworld.ScriptQuestion;
import io.moviechat.tinyworld.ScriptVideos;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Asks one model about movies of the synthetic world, remembered in several ways. Each movie is
 * encoded once, and every strategy is given the same tokens and the same budget, so that nothing
 * but memory makes a difference. Questions of one turn, about the whole movie.
 */
final class Accuracy implements AutoCloseable {
  private static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(1);

  /** Types of one turn about the whole movie. */
  private static final Set<QuestionType> TYPES = types();

  private final ModelDefaults defaults;
  private final GenerationOptions options;
  private final FrameEncoder encoder;
  private final AnswerGenerator generator;
  private final ScriptVideos videos = new ScriptVideos();
  private final Map<Script, List<FrameTokens>> encoded = new HashMap<>();

  Accuracy(VisionLanguageModel model) {
    this.defaults = model.defaults();
    this.options =
        model.generationDefaults().orElse(GenerationOptions.DEFAULT).toBuilder()
            .maxTokens(48)
            .build();
    this.encoder = model.openEncoder();
    try {
      this.generator = model.openGenerator();
    } catch (RuntimeException e) {
      encoder.close();
      throw e;
    }
  }

  private static Set<QuestionType> types() {
    Set<QuestionType> types = EnumSet.copyOf(Examiner.GLOBAL);
    types.remove(QuestionType.FOLLOW_UP);
    return types;
  }

  ModelDefaults defaults() {
    return defaults;
  }

  AnswerGenerator generator() {
    return generator;
  }

  TokenShape shape() {
    return encoder.shape();
  }

  /** The strategy that the model wishes, first; then those that it is compared with. */
  List<String> strategies() {
    List<String> strategies = new ArrayList<>();
    defaults.memoryStrategy().ifPresent(strategies::add);
    for (String name : List.of("moviechat", "hybrid", "events", "uniform", "recent")) {
      if (Strategies.names().contains(name) && !strategies.contains(name)) {
        strategies.add(name);
      }
    }
    return strategies;
  }

  /**
   * The seed of a study's first movie: {@code -Dmoviechat.bench.seed=N}, so that what was chosen by
   * some movies can be measured on others.
   *
   * @param usual without the property
   */
  static long firstSeed(long usual) {
    return Long.getLong("moviechat.bench.seed", usual);
  }

  /** Questions about a movie, the same ones for the same seed. */
  static List<ScriptQuestion> questions(Script script, int count, long seed) {
    return Examiner.questions(script, TYPES, false, count, seed);
  }

  /** The tokens of a movie, kept until all settings have had them. */
  List<FrameTokens> tokens(Script script) {
    return encoded.computeIfAbsent(script, this::encode);
  }

  /** The tokens of a movie, which the caller closes. */
  List<FrameTokens> encode(Script script) {
    URI location = videos.add("movie", script);
    List<FrameTokens> tokens = new ArrayList<>();
    FrameSampling sampling = defaults.sampling().orElse(FrameSampling.every(DEFAULT_INTERVAL));
    try (VideoSource source = videos.open(VideoLocation.of(location));
        FrameStream frames = source.frames(sampling, encoder.preferredFormat())) {
      List<Frame> batch = new ArrayList<>();
      for (Optional<Frame> next = frames.next(); next.isPresent(); next = frames.next()) {
        batch.add(next.get());
        if (batch.size() == encoder.preferredBatch()) {
          encode(batch, tokens);
        }
      }
      encode(batch, tokens);
      return tokens;
    } catch (RuntimeException e) {
      tokens.forEach(FrameTokens::close);
      throw e;
    } finally {
      videos.remove(location);
    }
  }

  private void encode(List<Frame> batch, List<FrameTokens> tokens) {
    if (!batch.isEmpty()) {
      tokens.addAll(encoder.encode(batch));
      batch.forEach(Frame::close);
      batch.clear();
    }
  }

  /** Asks about a movie as a strategy remembers it within a budget. */
  void examine(
      Examiner examiner,
      List<FrameTokens> tokens,
      List<ScriptQuestion> questions,
      String strategy,
      int slots) {
    MemoryBudget budget = MemoryBudget.ofSlots(slots);
    MemorySnapshot snapshot;
    try (VideoMemory memory =
        Strategies.of(strategy, defaults).within(budget, encoder.shape()).open(encoder.shape())) {
      tokens.forEach(memory::add);
      snapshot = memory.snapshot();
    }
    MovieView view = MovieView.of(snapshot);
    try (AnswerSession session = generator.open(view)) {
      for (ScriptQuestion question : questions) {
        AnswerRequest request = AnswerRequest.of(question.text(), options);
        examiner.count(
            question,
            session
                .answer(
                    defaults.systemPrompt().map(request::withSystemPrompt).orElse(request),
                    TokenListener.NONE)
                .text());
      }
    }
  }

  @Override
  public void close() {
    encoded.values().forEach(tokens -> tokens.forEach(FrameTokens::close));
    generator.close();
    encoder.close();
  }
}
