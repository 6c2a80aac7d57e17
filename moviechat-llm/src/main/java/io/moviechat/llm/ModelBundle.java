package io.moviechat.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Maps;
import io.moviechat.FrameSampling;
import io.moviechat.GenerationOptions;
import io.moviechat.ModelException;
import io.moviechat.TokenShape;
import io.moviechat.internal.ResourceStack;
import io.moviechat.llm.internal.Graph;
import io.moviechat.llm.internal.OnnxHeader;
import io.moviechat.llm.internal.PythonCache;
import io.moviechat.llm.internal.Tokenizer;
import io.moviechat.recall.SlotScorer;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.VisionLanguageModel;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A vision-language model in a folder, laid out as the {@code onnx-community} exports on Hugging
 * Face are: {@code config.json}, {@code preprocessor_config.json}, {@code tokenizer.json} and three
 * graphs in {@code onnx/}.
 *
 * <p>A description: immutable, thread-safe, and nothing is open until {@link #openEncoder()} or
 * {@link #openGenerator()}. Both check all files against each other first and tell everything that
 * is wrong in one {@link ModelException}.
 */
public final class ModelBundle implements VisionLanguageModel {
  private static final Logger log = LoggerFactory.getLogger(ModelBundle.class);

  private final Path folder;
  private final Settings settings;

  private ModelBundle(Path folder, Settings settings) {
    this.folder = folder;
    this.settings = settings;
  }

  /** What can be chosen. Changed only before a bundle has it. */
  private static final class Settings {
    private ImmutableMap<GraphKind, Precision> precisions = ImmutableMap.of();
    private Device device = Device.CPU;
    private int threads;
    private ImmutableList<LogitsProcessor> processors = ImmutableList.of();
    private boolean pooled;
    private boolean batched;
    private Framing framing = Framing.AS_THE_FILES_SAY;
  }

  /**
   * How frames are shown to the encoder.
   *
   * @param width of what the encoder sees, 0 for the family's own choice
   * @param height likewise
   * @param letterboxed whether frames are padded to a square in place of being cut to one
   */
  record Framing(int width, int height, boolean letterboxed) {
    static final Framing AS_THE_FILES_SAY = new Framing(0, 0, false);
  }

  private ModelBundle with(Consumer<Settings> change) {
    Settings changed = new Settings();
    changed.precisions = settings.precisions;
    changed.device = settings.device;
    changed.threads = settings.threads;
    changed.processors = settings.processors;
    changed.pooled = settings.pooled;
    changed.batched = settings.batched;
    changed.framing = settings.framing;
    change.accept(changed);
    return new ModelBundle(folder, changed);
  }

  /**
   * The bundle in a folder, on the processor, in the precision that {@link Precision#AUTO} takes.
   *
   * @param folder of a bundle, or a model's folder in the cache of Python's huggingface_hub ({@code
   *     models--owner--name}), of which the snapshot of its {@code main} is taken
   */
  public static ModelBundle at(Path folder) {
    return new ModelBundle(
        PythonCache.snapshot(Objects.requireNonNull(folder, "folder")).orElse(folder),
        new Settings());
  }

  /**
   * Which files of a repository a bundle in one precision needs, for tools that fetch or copy them.
   *
   * @param there names of all files, with {@code /} between folders
   * @param precision which variant of each graph; AUTO takes what it prefers on a processor
   * @throws ModelException listing what is missing
   */
  public static List<String> files(Set<String> there, Precision precision) {
    Problems problems = new Problems("a bundle in " + precision);
    List<String> files = BundleFiles.choose(there, precision, problems);
    problems.throwIfAny();
    return List.copyOf(files);
  }

  /** The same bundle with one precision for all graphs. */
  public ModelBundle withPrecision(Precision precision) {
    return withPrecision(precision, precision, precision);
  }

  /** The same bundle with a precision for each graph. */
  public ModelBundle withPrecision(Precision vision, Precision embeddings, Precision decoder) {
    return with(
        changed ->
            changed.precisions =
                Maps.immutableEnumMap(
                    ImmutableMap.of(
                        GraphKind.VISION, vision,
                        GraphKind.EMBED, embeddings,
                        GraphKind.DECODER, decoder)));
  }

  /** The same bundle on a device. */
  public ModelBundle withDevice(Device device) {
    Objects.requireNonNull(device, "device");
    return with(changed -> changed.device = device);
  }

  /**
   * The same bundle with that many threads for each graph.
   *
   * @param count 0, the default, is one for each core that this process may use
   * @throws IllegalArgumentException if negative
   */
  public ModelBundle withThreads(int count) {
    if (count < 0) {
      throw new IllegalArgumentException("threads must not be negative, were " + count);
    }
    return with(changed -> changed.threads = count);
  }

  /** The same bundle with processors of the next token's scores, run in this order. */
  public ModelBundle withLogitsProcessors(LogitsProcessor... processors) {
    ImmutableList<LogitsProcessor> list = ImmutableList.copyOf(processors);
    return with(changed -> changed.processors = list);
  }

  /**
   * The same bundle with questions that are asked at the same time answered together: one run of
   * the decoder reads the next token of each, which is up to 2.5 times as fast for four of them
   * where weights are what takes time. Sums of larger products end in other last digits, so now and
   * then a word depends on who else asks; without this an answer never does. Answers with beams or
   * prompt look-up, and families that cannot (positions of three axes, states of convolutions,
   * attention that knows no padding in front), go on one at a time, which the log says of the
   * latter.
   */
  public ModelBundle withBatchedAnswers() {
    return with(changed -> changed.batched = true);
  }

  /**
   * The same bundle with each frame's tokens pooled 2 x 2, as LLaVA-OneVision's original code does
   * with frames of a video: 729 tokens become 196, so that nearly four times as many slots fit.
   * Only for encoders whose tokens form a grid that is known.
   */
  public ModelBundle withPooledFrames() {
    return with(changed -> changed.pooled = true);
  }

  /**
   * The same bundle with another size of frames, for families whose encoders take any (Qwen-VL,
   * LFM2-VL, Gemma 4); opening one of another family is refused. Frames are stretched to it: choose
   * one of about the videos' shape. More pixels are more tokens for each frame. A memory has to be
   * asked with the size that it was made with.
   *
   * @param width in pixels, a multiple of what the model's patches need, which a refusal tells
   * @param height likewise
   * @throws IllegalArgumentException if not positive
   */
  public ModelBundle withFrameSize(int width, int height) {
    if (width < 1 || height < 1) {
      throw new IllegalArgumentException(
          "a frame's size must be positive, was " + width + " x " + height);
    }
    return with(
        changed -> changed.framing = new Framing(width, height, changed.framing.letterboxed()));
  }

  /**
   * The same bundle with frames padded to a square by the mean colour, as the authors' own code of
   * FastVLM and LLaVA-1.5 does, where the published files cut the sides off: nothing of a wide
   * frame is lost, but everything in it is smaller. Opening one of another family is refused.
   */
  public ModelBundle withLetterboxedFrames() {
    return with(
        changed ->
            changed.framing = new Framing(changed.framing.width(), changed.framing.height(), true));
  }

  @Override
  public String name() {
    return name(folder);
  }

  /** What a bundle's folder is called, in a cache of models too. */
  static String name(Path folder) {
    Path whole = folder.toAbsolutePath().normalize();
    Path named = PythonCache.model(whole).orElse(whole).getFileName();
    return named == null ? folder.toString() : named.toString().replaceFirst("^models--", "");
  }

  @Override
  public FrameEncoder openEncoder() {
    Device where = settings.device.resolved(name());
    BundleSpec spec = read(where);
    String id = spec.encoderId();
    Graph graph = Graph.open(spec.header(GraphKind.VISION), where.cuda(), settings.threads);
    return new OnnxFrameEncoder(
        graph, id, spec.family(), spec.batch(where.isCpu() ? 4 : 16), settings.pooled);
  }

  @Override
  public AnswerGenerator openGenerator() {
    Device where = settings.device.resolved(name());
    return openGenerator(read(where), where);
  }

  /**
   * The bundle's own scorer of slots: {@code onnx/recall_words.onnx} and {@code
   * onnx/recall_rows.onnx}, if it has them.
   */
  @Override
  public Optional<SlotScorer> openScorer() {
    if (!LateInteraction.isIn(folder)) {
      return Optional.empty();
    }
    Device where = settings.device.resolved(name());
    Tokenizer tokenizer = read(where).tokenizer().open();
    return Optional.of(LateInteraction.open(folder, tokenizer, where.cuda()));
  }

  OnnxAnswerGenerator openGenerator(BundleSpec spec, Device where) {
    return openGenerator(spec, where, 0);
  }

  /**
   * @param chunk most positions of a prompt that are read at once, 0 for what suits the device
   */
  OnnxAnswerGenerator openGenerator(BundleSpec spec, Device where, int chunk) {
    try (ResourceStack opened = new ResourceStack()) {
      // The largest tokenizers take about as long as the graphs, and only one thread.
      Background<Tokenizer> tokenizer =
          opened.push(new Background<>("tokenizer", spec.tokenizer()::open));
      // Looking rows up is no work for several threads, and a pool of its own would go on spinning
      // beside the decoder's.
      Graph embed = opened.push(Graph.open(spec.header(GraphKind.EMBED), where.cuda(), 1));
      Graph graph =
          opened.push(Graph.open(spec.header(GraphKind.DECODER), where.cuda(), settings.threads));
      Decoder decoder =
          opened.push(
              new Decoder(embed, graph, spec.decoder(), chunk, canBatch(graph, spec.decoder())));
      MemoryProjector projector = null;
      if (spec.has(GraphKind.PROJECTOR)) {
        Graph projection =
            opened.push(
                Graph.open(spec.header(GraphKind.PROJECTOR), where.cuda(), settings.threads));
        projector = new MemoryProjector(projection, spec.projectorSlots());
      }
      OnnxAnswerGenerator generator =
          new OnnxAnswerGenerator(
              name(), spec, decoder, projector, tokenizer.get(), settings.processors, opened);
      try {
        if (canCompareTemplates()) {
          TemplateCheck.warn(
              name(), spec.config(), spec.family(), generator.prompt(TemplateCheck.CHAT, 1).text());
        }
      } catch (Throwable e) {
        generator.close();
        throw e;
      }
      return generator;
    }
  }

  private boolean canBatch(Graph graph, DecoderSpec spec) {
    if (!settings.batched) {
      return false;
    }
    Optional<String> refusal = AnswerBatch.refusal(graph, spec);
    refusal.ifPresent(why -> log.info("{} answers one question at a time: {}", name(), why));
    return refusal.isEmpty();
  }

  /**
   * Whether the template engine is on the class path. Asked here because {@link TemplateCheck} can
   * be loaded only where it is.
   */
  private static boolean canCompareTemplates() {
    try {
      Class.forName("com.hubspot.jinjava.Jinjava", false, ModelBundle.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException | LinkageError e) {
      return false;
    }
  }

  /** Reads and checks the files. */
  BundleSpec read(Device where) {
    return BundleSpec.read(folder, settings.precisions, where, settings.framing);
  }

  /**
   * Reads and checks all files, loads nothing, and tells what the bundle is.
   *
   * @throws ModelException listing all that is wrong
   */
  public Report report() {
    BundleSpec spec =
        read(settings.device.kind() == Device.Kind.CUDA ? settings.device : Device.CPU);
    List<Report.GraphFile> graphs = new ArrayList<>();
    for (GraphKind kind : GraphKind.values()) {
      if (!spec.has(kind)) {
        continue;
      }
      OnnxHeader header = spec.header(kind);
      try {
        graphs.add(
            new Report.GraphFile(
                "onnx/" + header.file().getFileName(),
                Files.size(header.file()) + header.externalBytes()));
      } catch (IOException e) {
        throw new ModelException(header.file() + " cannot be read: " + e.getMessage(), e);
      }
    }
    return new Report(
        name(),
        spec.family().name(),
        graphs,
        spec.context(),
        spec.rowsPerFrame().isPresent()
            ? Optional.of(new TokenShape(spec.rowsPerFrame().getAsInt(), spec.decoder().width()))
            : Optional.empty(),
        spec.decoder().layers(),
        spec.decoder().bytesPerPosition());
  }

  /**
   * What the bundle's optional {@code moviechat.json} says:
   *
   * <pre>{@code
   * {"memory": {"strategy": "moviechat", "shortTermFrames": 16, "consolidateTo": 4, "longTermSlots": 64},
   *  "sampling": {"intervalMillis": 250}, "systemPrompt": null, "note": "one line for users"}
   * }</pre>
   *
   * @throws ModelException if the file is there and wrong
   */
  @Override
  public ModelDefaults defaults() {
    Problems problems = new Problems("model bundle " + folder);
    JsonNode json = Json.optional(folder, "moviechat.json", problems);
    JsonNode memory = json.path("memory");
    Optional<FrameSampling> sampling = Optional.empty();
    OptionalInt interval = Json.integer(json.path("sampling").path("intervalMillis"));
    if (interval.isPresent()) {
      problems.require(
          interval.getAsInt() > 0,
          "moviechat.json: sampling.intervalMillis must be above 0, was %d",
          interval.getAsInt());
      if (interval.getAsInt() > 0) {
        sampling = Optional.of(FrameSampling.every(Duration.ofMillis(interval.getAsInt())));
      }
    }
    JsonNode fragments = json.path("sampling").path("fragments");
    if (!fragments.isMissingNode()) {
      OptionalInt count = Json.integer(fragments);
      OptionalInt frames = Json.integer(json.path("sampling").path("framesPerFragment"));
      if (count.orElse(0) < 1 || frames.orElse(0) < 1) {
        problems.add("moviechat.json: sampling.fragments and .framesPerFragment must be above 0");
      } else {
        sampling = Optional.of(new FrameSampling.Fragments(count.getAsInt(), frames.getAsInt()));
      }
    }
    ModelDefaults.Builder defaults = ModelDefaults.builder();
    sampling.ifPresent(defaults::sampling);
    Json.text(memory.path("strategy")).ifPresent(defaults::memoryStrategy);
    positive(memory, "shortTermFrames", problems).ifPresent(defaults::shortTermFrames);
    positive(memory, "consolidateTo", problems).ifPresent(defaults::consolidateTo);
    positive(memory, "longTermSlots", problems).ifPresent(defaults::longTermSlots);
    Json.text(json.path("systemPrompt")).ifPresent(defaults::systemPrompt);
    Json.text(json.path("note")).ifPresent(defaults::notice);
    problems.throwIfAny();
    return defaults.build();
  }

  private static OptionalInt positive(JsonNode node, String key, Problems problems) {
    OptionalInt value = Json.integer(node.path(key));
    if (value.isPresent() && value.getAsInt() < 1) {
      problems.add("moviechat.json: memory.%s must be at least 1, was %d", key, value.getAsInt());
      return OptionalInt.empty();
    }
    return value;
  }

  /**
   * Greedy, with the repetition penalty and the most new tokens of {@code generation_config.json}
   * if it has them. Its sampling values are left to the user: an answer is the same every time
   * unless a temperature is asked for.
   */
  @Override
  public Optional<GenerationOptions> generationDefaults() {
    Problems problems = new Problems("model bundle " + folder);
    if (!Files.isRegularFile(folder.resolve("generation_config.json"))) {
      return Optional.empty();
    }
    JsonNode json = Json.optional(folder, "generation_config.json", problems);
    GenerationOptions.Builder options = GenerationOptions.builder();
    OptionalDouble penalty = Json.number(json.path("repetition_penalty"));
    if (penalty.isPresent() && penalty.getAsDouble() > 0 && penalty.getAsDouble() <= 100) {
      options.repetitionPenalty(penalty.getAsDouble());
    }
    OptionalInt most = Json.integer(json.path("max_new_tokens"));
    if (most.isPresent() && most.getAsInt() >= 1) {
      options.maxTokens(most.getAsInt());
    }
    GenerationOptions defaults = options.build();
    return defaults.equals(GenerationOptions.DEFAULT) ? Optional.empty() : Optional.of(defaults);
  }

  @Override
  public String toString() {
    return "ModelBundle["
        + folder
        + ", "
        + settings.device
        + ", "
        + (settings.precisions.isEmpty()
            ? "AUTO"
            : Arrays.toString(settings.precisions.values().toArray()))
        + "]";
  }

  /**
   * Changes the scores of the next token before one is chosen: bans words, forces a grammar, and so
   * on. Called on the answering thread, once per token, before the options of {@link
   * io.moviechat.GenerationOptions} are applied. Thread-safe if several questions are asked at
   * once.
   */
  @FunctionalInterface
  public interface LogitsProcessor {
    /**
     * Changes scores in place.
     *
     * @param generated ids of the answer so far, read-only
     * @param logits one score per id of the vocabulary; negative infinity bans a token
     */
    void process(IntBuffer generated, FloatBuffer logits);
  }

  /**
   * What a bundle is, for people.
   *
   * @param name the folder's name
   * @param family {@code SmolVLM} for instance
   * @param graphs its graphs as they would be opened
   * @param context the longest prompt with its answer, in tokens
   * @param frameTokens visual tokens of a frame, empty if only running the encoder tells
   * @param layers layers of the language model
   * @param cacheBytesPerToken bytes of the caches for each token of the prompt
   */
  public record Report(
      String name,
      String family,
      List<GraphFile> graphs,
      int context,
      Optional<TokenShape> frameTokens,
      int layers,
      long cacheBytesPerToken) {
    /**
     * A graph of a bundle.
     *
     * @param file relative to the bundle
     * @param bytes with its external data
     */
    public record GraphFile(String file, long bytes) {}

    /** Copies the list. */
    public Report {
      graphs = List.copyOf(graphs);
    }
  }
}
