package io.moviechat.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Maps;
import io.moviechat.FrameSampling;
import io.moviechat.GenerationOptions;
import io.moviechat.ModelException;
import io.moviechat.TokenShape;
import io.moviechat.llm.internal.Cuda;
import io.moviechat.llm.internal.Graph;
import io.moviechat.llm.internal.OnnxHeader;
import io.moviechat.llm.internal.Tokenizer;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.VisionLanguageModel;
import java.io.IOException;
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
  private final ImmutableMap<GraphKind, Precision> precisions;
  private final Device device;
  private final int threads;
  private final ImmutableList<LogitsProcessor> processors;
  private final boolean pooled;

  private ModelBundle(
      Path folder,
      ImmutableMap<GraphKind, Precision> precisions,
      Device device,
      int threads,
      ImmutableList<LogitsProcessor> processors,
      boolean pooled) {
    this.folder = folder;
    this.precisions = precisions;
    this.device = device;
    this.threads = threads;
    this.processors = processors;
    this.pooled = pooled;
  }

  /**
   * The bundle in a folder, on the processor, in the precision that {@link Precision#AUTO} takes.
   */
  public static ModelBundle at(Path folder) {
    return new ModelBundle(
        Objects.requireNonNull(folder, "folder"),
        ImmutableMap.of(),
        Device.CPU,
        0,
        ImmutableList.of(),
        false);
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
    return new ModelBundle(
        folder,
        Maps.immutableEnumMap(
            ImmutableMap.of(
                GraphKind.VISION, vision,
                GraphKind.EMBED, embeddings,
                GraphKind.DECODER, decoder)),
        device,
        threads,
        processors,
        pooled);
  }

  /** The same bundle on a device. */
  public ModelBundle withDevice(Device newDevice) {
    return new ModelBundle(
        folder,
        precisions,
        Objects.requireNonNull(newDevice, "device"),
        threads,
        processors,
        pooled);
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
    return new ModelBundle(folder, precisions, device, count, processors, pooled);
  }

  /** The same bundle with processors of the next token's scores, run in this order. */
  public ModelBundle withLogitsProcessors(LogitsProcessor... newProcessors) {
    return new ModelBundle(
        folder, precisions, device, threads, ImmutableList.copyOf(newProcessors), pooled);
  }

  /**
   * The same bundle with each frame's tokens pooled 2 x 2, as LLaVA-OneVision's original code does
   * with frames of a video: 729 tokens become 196, so that nearly four times as many slots fit.
   * Only for encoders whose tokens form a square.
   */
  public ModelBundle withPooledFrames() {
    return new ModelBundle(folder, precisions, device, threads, processors, true);
  }

  @Override
  public String name() {
    Path last = folder.toAbsolutePath().normalize().getFileName();
    return last == null ? folder.toString() : last.toString();
  }

  @Override
  public FrameEncoder openEncoder() {
    Device where = resolved();
    BundleSpec spec = read(where);
    Graph graph = Graph.open(spec.header(GraphKind.VISION), where.cuda(), threads);
    return new OnnxFrameEncoder(
        graph, spec.encoderId(), spec.family(), where.isCpu() ? 4 : 16, pooled);
  }

  @Override
  public AnswerGenerator openGenerator() {
    Device where = resolved();
    BundleSpec spec = read(where);
    return openGenerator(spec, where);
  }

  OnnxAnswerGenerator openGenerator(BundleSpec spec, Device where) {
    Tokenizer tokenizer = new Tokenizer(spec.config().tokenizer());
    Graph embed = null;
    Graph decoder = null;
    MemoryProjector projector = null;
    try {
      // Looking rows up is no work for several threads, and a pool of its own would go on spinning
      // beside the decoder's.
      embed = Graph.open(spec.header(GraphKind.EMBED), where.cuda(), 1);
      decoder = Graph.open(spec.header(GraphKind.DECODER), where.cuda(), threads);
      if (spec.has(GraphKind.PROJECTOR)) {
        projector =
            new MemoryProjector(
                Graph.open(spec.header(GraphKind.PROJECTOR), where.cuda(), threads),
                spec.projectorSlots());
      }
      return new OnnxAnswerGenerator(
          name(),
          spec,
          new Decoder(embed, decoder, spec.decoder()),
          projector,
          tokenizer,
          processors);
    } catch (RuntimeException e) {
      tokenizer.close();
      if (embed != null) {
        embed.close();
      }
      if (decoder != null) {
        decoder.close();
      }
      if (projector != null) {
        projector.close();
      }
      throw e;
    }
  }

  /** Reads and checks the files. */
  BundleSpec read(Device where) {
    return BundleSpec.read(folder, precisions, where);
  }

  /** The device that graphs are opened on: CPU or CUDA. */
  private Device resolved() {
    if (device.isCpu()) {
      return device;
    }
    Optional<String> problem = Cuda.problem(device.index());
    if (problem.isEmpty()) {
      return Device.cuda(device.index());
    }
    if (device.kind() == Device.Kind.CUDA) {
      throw new ModelException(device + " was asked for, but " + problem.get());
    }
    log.info("{} runs on the processor: {}", name(), problem.get());
    return Device.CPU;
  }

  /**
   * Reads and checks all files, loads nothing, and tells what the bundle is.
   *
   * @throws ModelException listing all that is wrong
   */
  public BundleReport report() {
    BundleSpec spec = read(device.kind() == Device.Kind.CUDA ? device : Device.CPU);
    List<BundleReport.GraphReport> graphs = new ArrayList<>();
    for (GraphKind kind : GraphKind.values()) {
      if (!spec.has(kind)) {
        continue;
      }
      OnnxHeader header = spec.header(kind);
      try {
        graphs.add(
            new BundleReport.GraphReport(
                "onnx/" + header.file().getFileName(),
                Files.size(header.file()) + header.externalBytes()));
      } catch (IOException e) {
        throw new ModelException(header.file() + " cannot be read: " + e.getMessage(), e);
      }
    }
    return new BundleReport(
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
    ModelDefaults defaults =
        new ModelDefaults(
            sampling,
            Json.text(memory.path("strategy")),
            positive(memory, "shortTermFrames", problems),
            positive(memory, "consolidateTo", problems),
            positive(memory, "longTermSlots", problems),
            Json.text(json.path("systemPrompt")),
            Json.text(json.path("note")));
    problems.throwIfAny();
    return defaults;
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
        + device
        + ", "
        + (precisions.isEmpty() ? "AUTO" : Arrays.toString(precisions.values().toArray()))
        + "]";
  }
}
