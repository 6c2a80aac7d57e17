package io.moviechat;

import static io.moviechat.internal.Checks.require;

import com.google.common.util.concurrent.ThreadFactoryBuilder;
import io.moviechat.internal.ResourceStack;
import io.moviechat.recall.SlotScorer;
import io.moviechat.recall.TextEmbedder;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.MemoryFileFormat;
import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoMemoryProvider;
import io.moviechat.spi.VideoSourceProvider;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.spi.VisionLanguageModelProvider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the builder of a chat was told, and how a chat is opened of it: the model, what of it is
 * replaced, and the memory that fits both.
 */
final class Opening {
  private static final Logger log = LoggerFactory.getLogger(MovieChat.class);

  private static final FrameSampling DEFAULT_SAMPLING = FrameSampling.every(Duration.ofSeconds(1));
  private static final int DEFAULT_BREAKPOINT_FRAMES = 8;

  /** Slots of a memory that is larger than the prompt. */
  private static final int STORED_SLOTS = 4096;

  /** Windows of eight seconds, of which the two-second averages stay. */
  private static final ModelDefaults FOR_SEARCH =
      ModelDefaults.builder()
          .memoryStrategy("moviechat-start-empty")
          .shortTermFrames(16)
          .consolidateTo(4)
          .sampling(FrameSampling.every(Duration.ofMillis(500)))
          .build();

  @Nullable VisionLanguageModel model;
  @Nullable FrameEncoder encoder;
  @Nullable AnswerGenerator generator;
  VideoMemory.@Nullable Factory memoryFactory;
  MemoryBudget memoryBudget = MemoryBudget.UNLIMITED;
  @Nullable List<SlotScorer> scorers;
  boolean searching;
  @Nullable VideoSourceProvider videoProvider;
  @Nullable FrameSampling sampling;
  @Nullable GenerationOptions generation;
  @Nullable String systemPrompt;
  OptionalInt breakpointFrames = OptionalInt.empty();
  Words words = Words.SUBTITLES;
  @Nullable TextEmbedder textEmbedder;

  /** A chat that only searches, in place of model, encoder and generator. */
  void searchOnly(SlotScorer scorer) {
    FrameEncoder pictures =
        scorer
            .encoder()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "the scorer '%s' has no encoder of its own, it scores a model's tokens"
                            .formatted(scorer.name())));
    encoder = pictures;
    generator = new NoAnswers(pictures.id());
    scorers = List.of(scorer);
    searching = true;
  }

  /** Opens the chat: all of it, or nothing. */
  MovieChat open() {
    require(
        breakpointFrames.orElse(0) >= 0,
        "breakpointFrames must not be negative, was %d",
        breakpointFrames.orElse(0));
    @Nullable VisionLanguageModel chosen = model;
    boolean seesPictures = generator != null && generator.tokenWidth().isEmpty();
    if (chosen == null && (generator == null || (encoder == null && !seesPictures))) {
      chosen = modelOnClassPath();
    }
    ModelDefaults without = searching ? FOR_SEARCH : ModelDefaults.NONE;
    ModelDefaults defaults = chosen == null ? without : chosen.defaults();
    int recentFrames =
        breakpointFrames.orElse(defaults.shortTermFrames().orElse(DEFAULT_BREAKPOINT_FRAMES));
    try (ResourceStack opened = new ResourceStack()) {
      FrameEncoder frameEncoder =
          encoder != null
              ? encoder
              : opened.push(chosen == null ? new ColorPatchEncoder() : chosen.openEncoder());
      AnswerGenerator answerGenerator =
          generator != null
              ? generator
              : opened.push(Objects.requireNonNull(chosen).openGenerator());
      requireSameWidth(frameEncoder, answerGenerator);
      List<SlotScorer> asked = scorers(chosen, opened);
      int promptSlots = promptSlots(frameEncoder.shape(), answerGenerator, recentFrames);
      Optional<FrameEncoder> embedder = searching ? Optional.empty() : embedder(asked);
      VideoMemory.Factory fitting =
          asked.isEmpty()
              ? memory(
                  defaults,
                  frameEncoder.shape(),
                  memoryBudget.and(MemoryBudget.ofSlots(promptSlots)))
              : memory(
                  defaults.toBuilder().longTermSlots(STORED_SLOTS).build(),
                  frameEncoder.shape(),
                  (memoryBudget.equals(MemoryBudget.UNLIMITED) ? storeBudget() : memoryBudget)
                      .besideEmbeddings(
                          frameEncoder.shape(),
                          embedder.map(each -> each.shape().floats()).orElse(0)));
      Optional<Recaller.Settings> recall =
          asked.isEmpty() ? Optional.empty() : Optional.of(recall(asked, promptSlots, defaults));
      Optional<GenerationOptions> wished =
          chosen == null ? Optional.empty() : chosen.generationDefaults();
      SharedEncoder shared = new SharedEncoder(frameEncoder);
      Optional<SharedEncoder> sharedEmbedder = embedder.map(SharedEncoder::new);
      OpenedModel openedModel =
          new OpenedModel(
              chosen == null ? answerGenerator.id() : chosen.name(),
              shared,
              sharedEmbedder,
              answerGenerator,
              fitting,
              recall,
              Services.first(VideoMemoryProvider.class)
                  .map(provider -> new Recaller.Settings(List.of(), promptSlots, provider)),
              Optional.ofNullable(textEmbedder),
              generation != null ? generation : wished.orElse(GenerationOptions.DEFAULT),
              systemPrompt != null ? Optional.of(systemPrompt) : defaults.systemPrompt(),
              recentFrames,
              new ModelLease(),
              threads());
      VideoSources videos =
          new VideoSources(
              videoProvider != null
                  ? List.of(videoProvider)
                  : Services.all(VideoSourceProvider.class));
      SavedMovies saved =
          new SavedMovies(Services.first(MemoryFileFormat.class), videos, shared, sharedEmbedder);
      FrameSampling frames =
          sampling != null ? sampling : defaults.sampling().orElse(DEFAULT_SAMPLING);
      return new MovieChat(
          openedModel,
          frames,
          new MovieMaker(openedModel, videos, saved, frames, words, opened.release()));
    }
  }

  private static ExecutorService threads() {
    return Executors.newCachedThreadPool(
        new ThreadFactoryBuilder().setNameFormat("moviechat-task-%d").setDaemon(true).build());
  }

  private static VisionLanguageModel modelOnClassPath() {
    List<VisionLanguageModelProvider> found = Services.all(VisionLanguageModelProvider.class);
    if (found.size() != 1) {
      List<String> names = found.stream().map(VisionLanguageModelProvider::name).toList();
      throw new IllegalStateException(
          found.isEmpty()
              ? "no model was set and none is on the class path: call model(...) before build(),"
                  + " or add a model's dependency (io.moviechat:moviechat-tiny-model)"
              : "no model was set and several are on the class path: " + names);
    }
    return found.get(0).model();
  }

  private static void requireSameWidth(FrameEncoder encoder, AnswerGenerator generator) {
    OptionalInt width = generator.tokenWidth();
    require(
        width.isEmpty() || width.getAsInt() == encoder.shape().width(),
        "the encoder %s gives tokens of width %d, the generator %s reads width %d:"
            + " take both from one model",
        encoder.id(),
        encoder.shape().width(),
        generator.id(),
        width.orElse(0));
  }

  private List<SlotScorer> scorers(@Nullable VisionLanguageModel chosen, ResourceStack opened) {
    List<SlotScorer> asked = new ArrayList<>();
    if (scorers != null) {
      asked.addAll(scorers);
    } else if (chosen != null && (encoder == null || generator == null)) {
      // Whichever encoder it is, its tokens are those that the model reads.
      chosen.openScorer().ifPresent(scorer -> asked.add(opened.push(scorer)));
    }
    return asked;
  }

  /** Whose embeddings slots have beside their tokens. */
  private static Optional<FrameEncoder> embedder(List<SlotScorer> asked) {
    List<FrameEncoder> encoders =
        asked.stream().flatMap(scorer -> scorer.encoder().stream()).toList();
    require(
        encoders.size() <= 1,
        "a memory holds the embeddings of one scorer, and %d have encoders of their own: %s",
        encoders.size(),
        encoders.stream().map(FrameEncoder::id).toList());
    for (FrameEncoder encoder : encoders) {
      require(
          encoder.shape().tokens() == 1,
          "an embedding is one vector, %s gives %s values",
          encoder.id(),
          encoder.shape());
    }
    return encoders.stream().findFirst();
  }

  private static VideoMemoryProvider memoryProvider() {
    return Services.first(VideoMemoryProvider.class)
        .orElseThrow(() -> Services.missing(VideoMemoryProvider.class, "moviechat-memory"));
  }

  private static MemoryBudget storeBudget() {
    return new MemoryBudget(STORED_SLOTS, Math.max(1, Runtime.getRuntime().maxMemory() / 8));
  }

  /** A prompt holds as many slots as the model wishes for, and no more than it can read. */
  private static Recaller.Settings recall(
      List<SlotScorer> asked, int promptSlots, ModelDefaults defaults) {
    VideoMemoryProvider provider = memoryProvider();
    int wished = provider.factory(defaults).maxSlots();
    return new Recaller.Settings(asked, Math.min(promptSlots, wished), provider);
  }

  /** Slots that the model can read, what breakpoint mode adds left free. */
  private static int promptSlots(TokenShape shape, AnswerGenerator generator, int recentFrames) {
    OptionalInt readable = generator.maxSlots(shape);
    if (readable.isEmpty()) {
      return Integer.MAX_VALUE;
    }
    int reserved = recentFrames + 1;
    require(
        readable.getAsInt() > reserved,
        "the context of %s holds %d memory slots of %d tokens; breakpoint mode alone takes %d"
            + " (breakpointFrames + 1), so nothing is left for memory",
        generator.id(),
        readable.getAsInt(),
        shape.tokens(),
        reserved);
    return readable.getAsInt() - reserved;
  }

  private VideoMemory.Factory memory(
      ModelDefaults defaults, TokenShape shape, MemoryBudget budget) {
    VideoMemory.Factory wanted =
        memoryFactory != null ? memoryFactory : memoryProvider().factory(defaults);
    VideoMemory.Factory fitting = wanted.within(budget, shape);
    log.info(
        "memory {} ({}): at most {} slots of {} tokens",
        fitting.strategy(),
        fitting.settings(),
        Math.min(fitting.maxSlots(), budget.slotsOf(shape)),
        shape);
    return fitting;
  }
}
