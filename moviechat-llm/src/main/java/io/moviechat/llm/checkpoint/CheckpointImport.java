package io.moviechat.llm.checkpoint;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import io.moviechat.ModelException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Turns the weights that MovieChat was published with into a model bundle. Everything is checked
 * before anything is written; the bundle appears under its name only when it is whole, and a failed
 * import leaves nothing behind.
 *
 * <p>Sizes are read from the tensors. Numbers that no tensor tells (attention heads, how many
 * blocks of the vision transformer are used) are those of the release unless set.
 *
 * <p>Peak heap: under 1 GB whatever the size of the model. Not thread-safe; use once.
 */
public final class CheckpointImport {
  /**
   * How an imported bundle stores and computes. What lies between memory and language model is
   * float32 in every case, as in the original.
   */
  public enum Precision {
    /** 32-bit floats everywhere: the exact network. */
    FP32,
    /** 16-bit products in all networks, as the original runs on a GPU; norms in 32 bits. */
    FP16,
    /**
     * The language model's matrices in 4 bits, in blocks; its other values in 32 bits, embeddings
     * and the vision side in 16.
     */
    INT4
  }

  /**
   * What an import made.
   *
   * @param bundle the folder, a model bundle
   * @param bytes size of its files
   * @param parameters weights of all networks together
   * @param unused tensors of the given files that no network uses, as {@code FILE: NAME}, sorted
   */
  public record Report(Path bundle, long bytes, long parameters, List<String> unused) {
    /** Copies the list. */
    public Report {
      unused = List.copyOf(unused);
    }
  }

  /** EVA-CLIP ViT-g has 16 heads of 88. */
  private static final int VIT_HEAD_WIDTH = 88;

  private static final int BERT_HEAD_WIDTH = 64;
  private static final long MARGIN_BYTES = 64L << 20;

  private final Path llama;
  private final @Nullable Path delta;
  private final Path eva;
  private final Path qformer;
  private final @Nullable Path projection;
  private final Path checkpoint;
  private final Precision precision;
  private final Path out;
  private final OptionalInt visionHeads;
  private final OptionalInt visionBlocks;
  private final OptionalInt queryHeads;
  private final OptionalInt imageSize;
  private final int int4Block;
  private final int mergedTokens;
  private final Consumer<String> progress;

  private CheckpointImport(Builder builder) {
    llama = required(builder.llama, "llama");
    delta = builder.delta;
    eva = required(builder.eva, "eva");
    qformer = required(builder.qformer, "qformer");
    projection = builder.projection;
    checkpoint = required(builder.checkpoint, "checkpoint");
    precision = builder.precision;
    out = required(builder.out, "out").toAbsolutePath().normalize();
    visionHeads = builder.visionHeads;
    visionBlocks = builder.visionBlocks;
    queryHeads = builder.queryHeads;
    imageSize = builder.imageSize;
    int4Block = builder.int4Block;
    mergedTokens = builder.mergedTokens;
    progress = builder.progress;
  }

  private static Path required(@Nullable Path path, String name) {
    if (path == null) {
      throw new IllegalStateException("no " + name + " set: call " + name + "(Path) before run()");
    }
    return path;
  }

  /** Collects what is to be imported. */
  public static Builder builder() {
    return new Builder();
  }

  private Report run() {
    if (Files.exists(out, LinkOption.NOFOLLOW_LINKS)) {
      throw new ModelException(out + " exists already; remove it or name another folder");
    }
    List<Checkpoint> opened = new ArrayList<>();
    try {
      Sources sources = open(opened);
      Plan plan = plan(sources);
      return write(plan, sources);
    } finally {
      opened.forEach(Checkpoint::close);
    }
  }

  /**
   * The opened files.
   *
   * @param tuned the video side: the fine-tuned checkpoint over the projection file
   */
  private record Sources(
      Checkpoint eva, Checkpoint qformer, Checkpoint tuned, Checkpoint llama, Path llamaFolder) {}

  private Sources open(List<Checkpoint> opened) {
    Checkpoint finetuned = open(checkpoint, opened);
    Checkpoint queries = open(qformer, opened);
    Checkpoint vision = open(eva, opened);
    Checkpoint language = open(llama, opened);
    Path folder = llama;
    if (delta != null) {
      sameKind(llama, delta);
      language = DeltaTensors.apply(language, open(delta, opened));
      folder = delta;
    }
    Checkpoint tuned = finetuned;
    if (projection != null) {
      Checkpoint given = open(projection, opened);
      tuned = finetuned.over(given.only(key -> key.startsWith("llama_proj.")));
    }
    // What the fine-tuned checkpoint holds of the Q-Former was trained last.
    Checkpoint bridge =
        finetuned.only(CheckpointImport::isBridge).over(queries.only(CheckpointImport::isBridge));
    return new Sources(vision, bridge, tuned, language, folder);
  }

  private static Checkpoint open(Path path, List<Checkpoint> opened) {
    Checkpoint result = Checkpoint.open(path);
    opened.add(result);
    return result;
  }

  private static boolean isBridge(String key) {
    return key.startsWith("Qformer.") || key.startsWith("ln_vision.") || key.equals("query_tokens");
  }

  /** A delta's config repeats its base's; LLaMA 1 and 2 differ in rms_norm_eps alone. */
  private static void sameKind(Path base, Path delta) {
    JsonNode mine = HuggingFaceFolder.json(base.resolve("config.json"), 1 << 20);
    JsonNode other = HuggingFaceFolder.json(delta.resolve("config.json"), 1 << 20);
    List<String> differences = new ArrayList<>();
    for (String key :
        List.of(
            "model_type",
            "hidden_size",
            "intermediate_size",
            "num_hidden_layers",
            "num_attention_heads",
            "num_key_value_heads",
            "rms_norm_eps")) {
      JsonNode a = mine.path(key);
      JsonNode b = other.path(key);
      boolean equal = (a.isNumber() && b.isNumber()) ? a.asDouble() == b.asDouble() : a.equals(b);
      if (!equal && !a.isMissingNode() && !b.isMissingNode()) {
        differences.add("%s is %s in the base and %s in the delta".formatted(key, a, b));
      }
    }
    if (!differences.isEmpty()) {
      throw new ModelException(
          "%s is no delta for %s: %s. Give the base that the delta was made from"
              .formatted(delta, base, String.join("; ", differences)));
    }
  }

  /** All graphs, checked and ready to be written. */
  private record Plan(
      Map<String, OnnxGraph> graphs,
      Networks.Vision vision,
      Networks.Projector projector,
      Networks.Llama llama,
      int grid,
      SentencePieceModel tokenizer) {}

  private Plan plan(Sources sources) {
    Networks.Heads heads = heads(sources);
    Networks.Vision vision = Networks.vision(sources.eva(), sources.qformer(), heads);
    Networks.Llama language = LlamaConfig.read(sources.llamaFolder(), sources.llama());
    Networks.llama(sources.llama(), language);
    Networks.Projector projector =
        Networks.projector(sources.tuned(), heads, vision.queryWidth(), language.width());
    SentencePieceModel tokenizer =
        SentencePieceModel.read(sources.llamaFolder().resolve("tokenizer.model"));
    if (tokenizer.pieces().size() > language.vocabulary()) {
      throw new ModelException(
          "%s: tokenizer.model has %d pieces, but the model has %d rows of embeddings; take both from one release"
              .formatted(sources.llamaFolder(), tokenizer.pieces().size(), language.vocabulary()));
    }
    int grid = vision.grid();
    if (imageSize.isPresent()) {
      grid = imageSize.getAsInt() / vision.patch();
      if (grid < 1 || grid * vision.patch() != imageSize.getAsInt() || grid > 256) {
        throw new ModelException(
            "pictures of %d pixels cannot be cut into patches of %d"
                .formatted(imageSize.getAsInt(), vision.patch()));
      }
    }
    DataType half = precision == Precision.FP32 ? DataType.FLOAT : DataType.FLOAT16;
    String suffix = precision == Precision.FP32 ? "" : "_fp16";
    Map<String, OnnxGraph> graphs = new LinkedHashMap<>();
    graphs.put(
        "vision_encoder" + suffix,
        VisionGraph.build(sources.eva(), sources.qformer(), vision, grid, half, mergedTokens));
    graphs.put(
        "memory_projector", ProjectorGraph.build(sources.tuned(), projector, vision.queries()));
    graphs.put("embed_tokens" + suffix, EmbeddingGraph.build(sources.llama(), half));
    boolean int4 = precision == Precision.INT4;
    graphs.put(
        "decoder_model_merged" + (int4 ? "_q4" : suffix),
        DecoderGraph.build(
            sources.llama(),
            language,
            int4 ? DataType.FLOAT : half,
            int4 ? int4Block : 0,
            language.heads() == language.keyValueHeads()
                ? DecoderGraph.Attention.MULTI_HEAD
                : DecoderGraph.Attention.GROUP_QUERY));
    return new Plan(graphs, vision, projector, language, grid, tokenizer);
  }

  private Networks.Heads heads(Sources sources) {
    int width = sources.eva().get("cls_token").shape().stream().reduce(1L, (a, b) -> b).intValue();
    int queryWidth =
        sources.qformer().get("query_tokens").shape().stream().reduce(1L, (a, b) -> b).intValue();
    int blocks = Networks.blocks(sources.eva());
    return new Networks.Heads(
        visionHeads.orElseGet(
            () -> known(width, VIT_HEAD_WIDTH, 1408, "visionHeads (--vit-heads)", eva)),
        queryHeads.orElseGet(
            () -> known(queryWidth, BERT_HEAD_WIDTH, 768, "queryHeads (--qformer-heads)", qformer)),
        // BLIP-2 takes the output of the last block but one.
        visionBlocks.orElse(Math.max(1, blocks - 1)));
  }

  private static int known(int width, int headWidth, int release, String option, Path file) {
    if (width != release) {
      throw new ModelException(
          "%s: the network is %d wide, the release's is %d; how many attention heads has it? Say so with %s"
              .formatted(file, width, release, option));
    }
    return width / headWidth;
  }

  private Report write(Plan plan, Sources sources) {
    Path parent = Objects.requireNonNull(out.getParent(), "out is the root of a file system");
    long predicted = plan.graphs().values().stream().mapToLong(OnnxFile::predictedBytes).sum();
    Path work = null;
    try {
      Files.createDirectories(parent);
      long free = Files.getFileStore(parent).getUsableSpace();
      if (free < predicted + MARGIN_BYTES) {
        throw new ModelException(
            "the bundle needs %d MB, but %s has %d MB left"
                .formatted(mega(predicted), parent, mega(free)));
      }
      work = Files.createTempDirectory(parent, "." + out.getFileName() + ".importing-");
      Path onnx = Files.createDirectory(work.resolve("onnx"));
      for (Map.Entry<String, OnnxGraph> graph : plan.graphs().entrySet()) {
        progress.accept(
            "writing %s.onnx, %d MB"
                .formatted(graph.getKey(), mega(OnnxFile.predictedBytes(graph.getValue()))));
        OnnxFile.write(graph.getValue(), onnx.resolve(graph.getKey() + ".onnx"));
      }
      Map<String, byte[]> texts =
          BundleTexts.of(
              plan.vision(),
              plan.projector(),
              plan.llama(),
              plan.grid(),
              mergedTokens,
              plan.tokenizer());
      for (Map.Entry<String, byte[]> text : texts.entrySet()) {
        Files.write(work.resolve(text.getKey()), text.getValue());
      }
      long bytes = sync(work);
      move(work);
      return new Report(
          out,
          bytes,
          plan.graphs().values().stream().mapToLong(OnnxGraph::parameters).sum(),
          unused(plan, sources));
    } catch (IOException e) {
      delete(work, e);
      throw new ModelException("cannot write " + out + ": " + e, e);
    } catch (RuntimeException | Error e) {
      delete(work, e);
      throw e;
    }
  }

  /** Sees to it that every file is on the disk; returns their bytes. */
  private static long sync(Path folder) throws IOException {
    long bytes = 0;
    List<Path> files;
    try (var walk = Files.walk(folder)) {
      files = walk.filter(Files::isRegularFile).toList();
    }
    for (Path file : files) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.force(true);
        bytes += channel.size();
      }
    }
    return bytes;
  }

  private void move(Path work) throws IOException {
    if (Files.exists(out, LinkOption.NOFOLLOW_LINKS)) {
      throw new ModelException(out + " came into being while the import ran");
    }
    // A temporary folder is for its maker only; a bundle is for everybody who may see its place.
    PosixFileAttributeView view = Files.getFileAttributeView(work, PosixFileAttributeView.class);
    if (view != null) {
      view.setPermissions(PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    try {
      Files.move(work, out, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(work, out);
    }
  }

  private static void delete(@Nullable Path folder, Throwable cause) {
    if (folder == null) {
      return;
    }
    try {
      MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  private static long mega(long bytes) {
    return (bytes + (1 << 20) - 1) >> 20;
  }

  private static List<String> unused(Plan plan, Sources sources) {
    TreeSet<String> unused = new TreeSet<>();
    TreeSet<String> used = new TreeSet<>();
    for (OnnxGraph graph : plan.graphs().values()) {
      for (String weight : graph.weights().keySet()) {
        used.add(weight.replaceFirst("\\.(q4|scales|zero_points|extended)$", ""));
      }
    }
    used.add("video_frame_position_embedding.weight");
    for (int i = 0; i < plan.vision().blocks(); i++) {
      used.add("blocks." + i + ".attn.q_bias");
      used.add("blocks." + i + ".attn.v_bias");
    }
    for (Checkpoint source :
        List.of(sources.eva(), sources.qformer(), sources.tuned(), sources.llama())) {
      for (String name : source.names()) {
        if (!used.contains(name)) {
          unused.add(source.name() + ": " + name);
        }
      }
    }
    return List.copyOf(unused);
  }

  /** What is to be imported, and how. Setters only remember; {@link #run} checks and does it. */
  public static final class Builder {
    private @Nullable Path llama;
    private @Nullable Path delta;
    private @Nullable Path eva;
    private @Nullable Path qformer;
    private @Nullable Path projection;
    private @Nullable Path checkpoint;
    private @Nullable Path out;
    private Precision precision = Precision.FP16;
    private OptionalInt visionHeads = OptionalInt.empty();
    private OptionalInt visionBlocks = OptionalInt.empty();
    private OptionalInt queryHeads = OptionalInt.empty();
    private OptionalInt imageSize = OptionalInt.empty();
    private int int4Block = 32;
    private int mergedTokens;
    private Consumer<String> progress = text -> {};

    private Builder() {}

    /** Folder of the language model: Vicuna v0, or LLaMA if there is a delta. Required. */
    public Builder llama(Path folder) {
      llama = folder;
      return this;
    }

    /** Folder of a delta that makes Vicuna of LLaMA. Default: none. */
    public Builder delta(Path folder) {
      delta = folder;
      return this;
    }

    /** EVA-CLIP ViT-g, {@code eva_vit_g.pth}. Required. */
    public Builder eva(Path file) {
      eva = file;
      return this;
    }

    /** BLIP-2's Q-Former, {@code blip2_pretrained_flant5xxl.pth}. Required. */
    public Builder qformer(Path file) {
      qformer = file;
      return this;
    }

    /**
     * MiniGPT-4's projection, {@code pretrained_minigpt4.pth}. Used only if the fine-tuned
     * checkpoint has none; the released code never reads it. Default: none.
     */
    public Builder projection(Path file) {
      projection = file;
      return this;
    }

    /** Video-LLaMA's fine-tuned part, {@code finetune-vicuna7b-v2.pth}. Required. */
    public Builder checkpoint(Path file) {
      checkpoint = file;
      return this;
    }

    /** Default {@link Precision#FP16}. */
    public Builder precision(Precision value) {
      precision = Objects.requireNonNull(value, "precision");
      return this;
    }

    /** The folder to make; it must not exist. Required. */
    public Builder out(Path folder) {
      out = folder;
      return this;
    }

    /** Heads of the vision transformer. Default: the release's 16, if it is as wide. */
    public Builder visionHeads(int heads) {
      visionHeads = positive(heads, "visionHeads");
      return this;
    }

    /** Blocks of the vision transformer that are used. Default: all but the last one. */
    public Builder visionBlocks(int blocks) {
      visionBlocks = positive(blocks, "visionBlocks");
      return this;
    }

    /** Heads of both Q-Formers. Default: the release's 12, if they are as wide. */
    public Builder queryHeads(int heads) {
      queryHeads = positive(heads, "queryHeads");
      return this;
    }

    /**
     * Pixels per side of the pictures; position embeddings are resized for it. Default: what the
     * checkpoint was made for (224).
     */
    public Builder imageSize(int pixels) {
      imageSize = positive(pixels, "imageSize");
      return this;
    }

    /** Values that share a scale in {@link Precision#INT4}: 16 to 256. Default 32. */
    public Builder int4Block(int values) {
      if (Integer.bitCount(values) != 1 || values < 16 || values > 256) {
        throw new IllegalArgumentException(
            "int4Block must be a power of two from 16 to 256, was " + values);
      }
      int4Block = values;
      return this;
    }

    /**
     * Tokens that each block of the vision transformer merges into others, at least 1: token
     * merging (ToMe), which saves time at some loss. Of the release's 257 tokens, 39 blocks that
     * merge 4 leave 101. Default: none, the network as it was trained.
     */
    public Builder mergeTokens(int perBlock) {
      mergedTokens = positive(perBlock, "mergeTokens").getAsInt();
      return this;
    }

    /** Told in words what is being done. Default: nobody. */
    public Builder progress(Consumer<String> listener) {
      progress = Objects.requireNonNull(listener, "progress");
      return this;
    }

    /**
     * Imports.
     *
     * @throws IllegalStateException if a required path is not set
     * @throws ModelException if a file is missing, damaged, of another network or for another base,
     *     if the folder exists, or if it cannot be written; nothing is left behind
     */
    public Report run() {
      return new CheckpointImport(this).run();
    }

    /** The graphs alone, unwritten, of files that stay open. */
    Map<String, OnnxGraph> graphs() {
      CheckpointImport job = new CheckpointImport(this);
      return job.plan(job.open(new ArrayList<>())).graphs();
    }

    private static OptionalInt positive(int value, String name) {
      if (value < 1) {
        throw new IllegalArgumentException(name + " must be at least 1, was " + value);
      }
      return OptionalInt.of(value);
    }
  }
}
