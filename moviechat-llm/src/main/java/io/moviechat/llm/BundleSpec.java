package io.moviechat.llm;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import io.moviechat.ModelException;
import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.OnnxHeader;
import io.moviechat.llm.internal.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A bundle whose files were all read and checked against each other, before anything is loaded.
 * Immutable.
 */
final class BundleSpec {
  /** Of a picture that fits a run as often as may be: 1024 patches are 64 MiB of scores a layer. */
  private static final long PATCHES_OF_A_SMALL_PICTURE = 1024;

  private final Path folder;
  private final BundleConfig config;
  private final Family family;
  private final ImmutableMap<GraphKind, OnnxHeader> headers;
  private final DecoderSpec decoder;
  private final int placeholderId;
  private final ImmutableSet<Integer> endIds;
  private final int context;
  private final OptionalInt rowsPerFrame;

  private BundleSpec(
      Path folder,
      BundleConfig config,
      Family family,
      Map<GraphKind, OnnxHeader> headers,
      DecoderSpec decoder,
      int context,
      int placeholderId,
      OptionalInt rowsPerFrame) {
    this.folder = folder;
    this.config = config;
    this.family = family;
    this.headers = ImmutableMap.copyOf(headers);
    this.decoder = decoder;
    this.placeholderId = placeholderId;
    this.endIds = config.endIds();
    this.context = context;
    this.rowsPerFrame = rowsPerFrame;
  }

  /**
   * Reads and checks a bundle.
   *
   * @param precisions wanted variant of each graph
   * @param device where it will run, which decides what {@link Precision#AUTO} takes
   * @throws ModelException listing all that is wrong
   */
  static BundleSpec read(
      Path folder,
      Map<GraphKind, Precision> precisions,
      Device device,
      ModelBundle.Framing framing) {
    if (!Files.isDirectory(folder)) {
      throw new ModelException(
          (Files.exists(folder) ? folder + " is a file" : folder + " does not exist")
              + "; a model bundle is a folder with config.json, tokenizer.json and onnx/*.onnx");
    }
    Problems problems = new Problems("model bundle " + folder);
    BundleConfig config = BundleConfig.read(folder, framing, problems);
    if (SpeechSpec.isSpeech(config.config())) {
      throw new ModelException(
          "model bundle " + folder + ": it is a speech model; open it with SpeechBundle.at");
    }
    Map<GraphKind, OnnxHeader> headers = new EnumMap<>(GraphKind.class);
    for (GraphKind kind : GraphKind.values()) {
      Precision wanted = precisions.getOrDefault(kind, Precision.AUTO);
      if (!kind.optional() || !names(folder.resolve("onnx"), kind.baseName()).isEmpty()) {
        // Exports of Gemma in float16 overflow, unless they clip.
        boolean wide = config.modelType().startsWith("gemma");
        header(
                folder,
                kind.baseName(),
                wide ? wanted.wideCandidates(device) : wanted.candidates(device),
                problems)
            .ifPresent(h -> headers.put(kind, h));
      }
    }
    String type = config.modelType();
    Optional<Family> family = Optional.empty();
    if (!config.config().isMissingNode()) {
      if (Families.of(type).isPresent()) {
        if (!config.preprocessor().isMissingNode()) {
          family = Families.of(type).map(maker -> maker.apply(config));
        }
      } else if (Families.refusal(type).isPresent()) {
        problems.add("model_type '%s' cannot be used: %s", type, Families.refusal(type).get());
      } else {
        problems.add(
            "config.json: model_type '%s' is unknown; known are %s", type, Families.types());
      }
    }
    @Nullable DecoderSpec decoder = null;
    if (headers.containsKey(GraphKind.DECODER)) {
      decoder = DecoderSpec.of(headers.get(GraphKind.DECODER), problems);
      compareWithConfig(config, decoder, problems);
    }
    family.ifPresent(known -> checkTemplate(config.chatTemplate(), known, problems));
    int rows = checkWidths(headers, decoder, family, problems);
    family.ifPresent(known -> checkFraming(framing, known, problems));
    int context = family.isPresent() ? config.context() : 0;
    OptionalInt placeholder = checkTokens(config, headers, decoder, family, problems);
    problems.throwIfAny();
    if (family.isEmpty() || decoder == null) {
      throw new IllegalStateException("a bundle without problems has a family and a decoder");
    }
    return new BundleSpec(
        folder,
        config,
        family.get(),
        headers,
        decoder,
        context,
        placeholder.orElseThrow(),
        rows > 0 ? OptionalInt.of(rows) : OptionalInt.empty());
  }

  /** The first of a graph's variants that is there, checked; none is a problem. */
  static Optional<OnnxHeader> header(
      Path folder, String baseName, List<Precision> candidates, Problems problems) {
    Path onnx = folder.resolve("onnx");
    for (Precision precision : candidates) {
      Path file = onnx.resolve(baseName + precision.suffix() + ".onnx");
      if (Files.isRegularFile(file)) {
        return header(folder, file, problems);
      }
    }
    problems.add(
        "onnx/%s%s.onnx is missing; %s",
        baseName,
        candidates.size() > 1 ? "*" : candidates.get(0).suffix(),
        variants(onnx, baseName));
    return Optional.empty();
  }

  private static String variants(Path onnx, String baseName) {
    if (!Files.isDirectory(onnx)) {
      return "there is no folder onnx";
    }
    List<String> names = names(onnx, baseName);
    return names.isEmpty() ? "no other variant is there" : "there is " + names;
  }

  private static List<String> names(Path onnx, String baseName) {
    if (!Files.isDirectory(onnx)) {
      return List.of();
    }
    try (var files = Files.list(onnx)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.startsWith(baseName) && name.endsWith(".onnx"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new ModelException("the folder " + onnx + " cannot be read: " + e, e);
    }
  }

  private static Path fileOf(Map<GraphKind, OnnxHeader> headers, GraphKind kind) {
    return Objects.requireNonNull(headers.get(kind)).file();
  }

  static Optional<OnnxHeader> header(Path folder, Path file, Problems problems) {
    String name = "onnx/" + file.getFileName();
    OnnxHeader header;
    try {
      header = OnnxHeader.read(file);
    } catch (IOException e) {
      problems.add("%s %s", name, e.getMessage());
      return Optional.empty();
    }
    boolean whole = true;
    long there = 0;
    for (String location : header.externalFiles()) {
      Optional<Path> data = inside(folder, file, location);
      if (data.isEmpty()) {
        problems.add(
            "%s keeps weights in '%s', which is not a plain path inside the bundle; such a file is"
                + " not opened",
            name, location);
        whole = false;
      } else if (!Files.isRegularFile(data.get())) {
        problems.add("%s keeps weights in '%s', which is missing", name, location);
        whole = false;
      } else {
        try {
          there += Files.size(data.get());
        } catch (IOException e) {
          problems.add("%s: size of '%s' cannot be read: %s", name, location, e);
          whole = false;
        }
      }
    }
    if (whole && there < header.externalBytes()) {
      problems.add(
          "%s needs %d bytes of external weights, but %s hold %d; were they cut off?",
          name, header.externalBytes(), header.externalFiles(), there);
    }
    return Optional.of(header);
  }

  /** The file that a location means, if it stays inside the bundle, links followed. */
  private static Optional<Path> inside(Path folder, Path graph, String location) {
    try {
      Path relative = Path.of(location);
      if (relative.isAbsolute() || location.indexOf('\\') >= 0 || location.indexOf(':') >= 0) {
        return Optional.empty();
      }
      Path data = graph.resolveSibling(relative).normalize();
      if (!data.startsWith(folder.normalize())) {
        return Optional.empty();
      }
      // Caches of model hubs link files to a store beside the folder: the graph's own real folder
      // counts as inside too.
      if (Files.exists(data)) {
        Path real = data.toRealPath();
        Path realGraph = graph.toRealPath();
        boolean linkedAlike =
            Files.isSymbolicLink(graph)
                && real.equals(realGraph.resolveSibling(String.valueOf(real.getFileName())));
        if (!real.startsWith(folder.toRealPath()) && !linkedAlike) {
          return Optional.empty();
        }
      }
      return Optional.of(data);
    } catch (IOException | java.nio.file.InvalidPathException e) {
      return Optional.empty();
    }
  }

  private static void compareWithConfig(
      BundleConfig config, DecoderSpec decoder, Problems problems) {
    // Layers that read another layer's caches have none of their own in some exports (Gemma 4's),
    // and caches like all others in some (Gemma 3n's).
    OptionalInt layers = config.text("num_hidden_layers");
    int shared = config.text("num_kv_shared_layers").orElse(0);
    if (layers.isPresent() && decoder.layers() != layers.getAsInt() - shared) {
      same(layers, decoder.layers(), "num_hidden_layers", problems);
    }
    List<CacheSpec> growing = decoder.caches().stream().filter(CacheSpec::grows).toList();
    if (growing.stream().map(cache -> cache.dims()).distinct().count() == 1) {
      CacheSpec one = growing.get(0);
      same(config.text("num_key_value_heads"), one.heads(), "num_key_value_heads", problems);
      same(config.text("head_dim"), one.headDim(), "head_dim", problems);
    }
    same(config.text("hidden_size"), decoder.width(), "hidden_size", problems);
  }

  private static void checkFraming(ModelBundle.Framing framing, Family family, Problems problems) {
    if (framing.width() > 0 && family.patches().isEmpty()) {
      problems.add(
          "%s's pictures have one size, %d x %d; a frame size cannot be chosen",
          family.name(), family.images().width(), family.images().height());
    }
    if (framing.letterboxed() && !(family instanceof Llava)) {
      problems.add("%s was not trained on letterboxed frames", family.name());
    }
  }

  private static void same(OptionalInt said, int found, String key, Problems problems) {
    if (said.isPresent() && said.getAsInt() != found) {
      problems.add(
          "config.json says %s %d, but the decoder graph has %d; take both from one export",
          key, said.getAsInt(), found);
    }
  }

  private static void checkTemplate(String template, Family family, Problems problems) {
    List<String> missing =
        family.templateMarks().stream().filter(mark -> !template.contains(mark)).toList();
    if (!template.isEmpty() && !missing.isEmpty()) {
      problems.add(
          "the chat template has no %s, which %s's prompts are made of: this model was trained on"
              + " prompts that are not known here; without the template it would get %s's",
          missing, family.name(), family.name());
    }
  }

  private static int checkWidths(
      Map<GraphKind, OnnxHeader> headers,
      @Nullable DecoderSpec decoder,
      Optional<Family> family,
      Problems problems) {
    OnnxHeader embed = headers.get(GraphKind.EMBED);
    if (embed != null) {
      TensorInfo ids = DecoderSpec.required(embed, "input_ids", problems);
      TensorInfo embeds = DecoderSpec.requiredOutput(embed, "inputs_embeds", problems);
      problems.require(
          ids.type() == ElementType.INT64 || ids.name().isEmpty(), "%s is no int64", ids);
      if (decoder != null && embeds.dim(2) > 0 && embeds.dim(2) != decoder.width()) {
        problems.add(
            "%s gives embeddings of width %d, but %s takes width %d; take both from one export",
            embed.file().getFileName(),
            embeds.dim(2),
            fileOf(headers, GraphKind.DECODER).getFileName(),
            decoder.width());
      }
      if (decoder != null && decoder.perLayer().isPresent()) {
        checkPerLayer(embed, decoder.perLayer().get(), problems);
      }
    }
    OnnxHeader vision = headers.get(GraphKind.VISION);
    if (vision == null) {
      return 0;
    }
    String file = vision.file().getFileName().toString();
    TensorInfo pixels = DecoderSpec.required(vision, "pixel_values", problems);
    Optional<PatchLayout> patches = family.flatMap(Family::patches);
    if (!pixels.name().isEmpty() && patches.isPresent()) {
      int rank = patches.get().dims(1).length;
      long values = pixels.dim(rank - 1);
      problems.require(
          pixels.rank() == rank
              && pixels.type().isReal()
              && (values < 0 || values == patches.get().patchWidth()),
          "%s: %s is not a list of patches of %d values, which the sizes in %s make",
          file,
          pixels,
          patches.get().patchWidth(),
          "config.json and the pictures' file");
      problems.require(
          pixels.rank() != 3 || pixels.dim(1) < 0 || pixels.dim(1) == patches.get().dims(1)[1],
          "%s: %s wants another number of patches than the %d of the pictures' file",
          file,
          pixels,
          patches.get().dims(1)[1]);
    } else if (!pixels.name().isEmpty()) {
      problems.require(
          (pixels.rank() == 4 || pixels.rank() == 5) && pixels.type().isReal(),
          "%s: %s is not [n, 3, height, width] or [batch, n, 3, height, width] of floats",
          file,
          pixels);
      if (family.isPresent()) {
        int rank = pixels.rank();
        ImagePreprocessor images = family.get().images();
        long height = pixels.dim(rank - 2);
        long width = pixels.dim(rank - 1);
        if ((height > 0 && height != images.height()) || (width > 0 && width != images.width())) {
          problems.add(
              "%s takes pictures of %d x %d, but preprocessor_config.json makes them %d x %d",
              file, width, height, images.width(), images.height());
        }
      }
    }
    Set<String> given =
        patches.isPresent() ? patches.get().inputs().keySet() : Set.of("pixel_attention_mask");
    for (TensorInfo info : vision.inputs()) {
      String name = info.name();
      problems.require(
          name.equals("pixel_values") || given.contains(name) || family.isEmpty(),
          "%s wants an input '%s' that nothing here can give",
          file,
          name);
      ElementType wanted = patches.isPresent() ? ElementType.INT64 : ElementType.BOOL;
      problems.require(
          !given.contains(name) || info.type() == wanted, "%s: %s is not %s", file, info, wanted);
    }
    for (TensorInfo info : vision.outputs()) {
      problems.require(
          !info.name().contains("deepstack"),
          "%s gives '%s': DeepStack, features for the first layers of the decoder, is not"
              + " supported; take an export that gives image_features only",
          file,
          info.name());
    }
    TensorInfo features = DecoderSpec.requiredOutput(vision, "image_features", problems);
    problems.require(features.type().isReal(), "%s: %s is no float", file, features);
    int rank = features.rank();
    if (rank < 2) {
      return 0;
    }
    long width = features.dim(rank - 1);
    OnnxHeader projector = headers.get(GraphKind.PROJECTOR);
    if (projector != null) {
      checkProjector(projector, features, decoder, problems);
    } else if (decoder != null && width > 0 && width != decoder.width()) {
      problems.add(
          "%s gives visual tokens of width %d, but %s takes embeddings of width %d; take both from"
              + " one export",
          file, width, fileOf(headers, GraphKind.DECODER).getFileName(), decoder.width());
    }
    if (patches.isPresent()) {
      return patches.get().grid().rows();
    }
    return rank == 3 ? (int) Math.min(Integer.MAX_VALUE, features.dim(1)) : 0;
  }

  private static void checkPerLayer(OnnxHeader embed, TensorInfo wanted, Problems problems) {
    TensorInfo given = DecoderSpec.requiredOutput(embed, wanted.name(), problems);
    boolean fits = given.rank() == wanted.rank() && given.type().isReal();
    for (int axis = 2; fits && axis < wanted.rank(); axis++) {
      fits = given.dim(axis) < 0 || given.dim(axis) == wanted.dim(axis);
    }
    problems.require(
        fits || given.name().isEmpty(),
        "%s gives %s, but the decoder takes %s; take both from one export",
        embed.file().getFileName(),
        given,
        wanted);
  }

  private static void checkProjector(
      OnnxHeader projector, TensorInfo features, @Nullable DecoderSpec decoder, Problems problems) {
    String file = projector.file().getFileName().toString();
    TensorInfo memory = DecoderSpec.required(projector, "memory", problems);
    TensorInfo rows = DecoderSpec.requiredOutput(projector, "video_embeds", problems);
    if (memory.rank() != 3 || rows.rank() != 2 || rows.dim(0) < 1) {
      problems.add(
          "%s: %s to %s is not [slots, tokens, width] to [rows, width]", file, memory, rows);
      return;
    }
    problems.require(
        memory.type() == ElementType.FLOAT && rows.type() == ElementType.FLOAT,
        "%s: %s to %s is not of float32",
        file,
        memory,
        rows);
    if (features.rank() == 3
        && (features.dim(1) != memory.dim(1) || features.dim(2) != memory.dim(2))) {
      problems.add(
          "%s takes %s, but the vision encoder gives %s; take both from one import",
          file, memory, features);
    }
    if (decoder != null && rows.dim(1) != decoder.width()) {
      problems.add(
          "%s gives rows of width %d, but the decoder takes width %d; take both from one import",
          file, rows.dim(1), decoder.width());
    }
  }

  private static OptionalInt checkTokens(
      BundleConfig config,
      Map<GraphKind, OnnxHeader> headers,
      @Nullable DecoderSpec decoder,
      Optional<Family> family,
      Problems problems) {
    if (config.config().isMissingNode() || config.tokenizer().isEmpty()) {
      return OptionalInt.empty();
    }
    ImmutableMap<String, Integer> added = config.tokenizer().get().addedIds();
    int largest = config.tokenizer().get().largestId();
    problems.require(largest >= 0, "tokenizer.json has no vocabulary");
    long rows = embeddingRows(headers.get(GraphKind.EMBED), decoder);
    if (rows > 0 && largest >= rows) {
      problems.add(
          "tokenizer.json gives ids up to %d, but %s has %d rows of embeddings; take both from one"
              + " model",
          largest, fileOf(headers, GraphKind.EMBED).getFileName(), rows);
    }
    OptionalInt placeholder = config.imageTokenId();
    if (family.isPresent()) {
      Integer id = added.get(family.get().placeholder());
      if (id == null) {
        problems.add(
            "tokenizer.json has no token '%s', the placeholder of visual tokens",
            family.get().placeholder());
      } else if (placeholder.isEmpty()) {
        placeholder = OptionalInt.of(id);
      } else if (id != placeholder.getAsInt()) {
        problems.add(
            "config.json says that the placeholder is %d, but tokenizer.json gives '%s' the id %d",
            placeholder.getAsInt(), family.get().placeholder(), id);
      }
    }
    ImmutableSet<Integer> ends = config.endIds();
    problems.require(
        !ends.isEmpty(),
        "no eos_token_id in generation_config.json or config.json: answers would never end");
    if (decoder != null && decoder.vocabulary().isPresent()) {
      int vocabulary = decoder.vocabulary().getAsInt();
      for (int end : ends) {
        problems.require(
            end >= 0 && end < vocabulary,
            "eos_token_id %d is outside of the %d logits of the decoder",
            end,
            vocabulary);
      }
    }
    return placeholder;
  }

  /** Rows of the table that ids are looked up in; 0 if it cannot be told from the graph. */
  private static long embeddingRows(@Nullable OnnxHeader embed, @Nullable DecoderSpec decoder) {
    if (embed == null || decoder == null) {
      return 0;
    }
    long rows = 0;
    for (OnnxHeader.Weight weight : embed.weights()) {
      if (weight.dims().length() >= 2 && embed.lookups().contains(weight.name())) {
        rows = Math.max(rows, weight.dims().get(0));
      }
    }
    return rows;
  }

  Path folder() {
    return folder;
  }

  BundleConfig config() {
    return config;
  }

  Family family() {
    return family;
  }

  OnnxHeader header(GraphKind kind) {
    return Objects.requireNonNull(headers.get(kind));
  }

  /** Whether a bundle has an optional graph. */
  boolean has(GraphKind kind) {
    return headers.containsKey(kind);
  }

  /** The most slots that a memory projector has positions for. */
  int projectorSlots() {
    return Json.integer(config.config().path("projector_config").path("max_slots")).orElse(256);
  }

  DecoderSpec decoder() {
    return decoder;
  }

  int placeholderId() {
    return placeholderId;
  }

  ImmutableSet<Integer> endIds() {
    return endIds;
  }

  /** The longest prompt with its answer, in tokens. */
  int context() {
    return context;
  }

  /**
   * Frames for one run of the encoder: attention over many patches takes memory that grows with
   * their square, so only small pictures are encoded several at once.
   */
  int batch(int most) {
    long patches;
    if (family.patches().isPresent()) {
      patches = (long) family.patches().get().floats() / family.patches().get().patchWidth();
    } else {
      int patch = Json.integer(config.config().path("vision_config").path("patch_size")).orElse(14);
      long across = Math.max(1, family.images().width() / Math.max(1, patch));
      long down = Math.max(1, family.images().height() / Math.max(1, patch));
      patches = across * down;
    }
    return (int) Math.max(1, Math.min(most, most * PATCHES_OF_A_SMALL_PICTURE / patches));
  }

  /** Visual rows of one frame, if the graph says it. */
  OptionalInt rowsPerFrame() {
    return rowsPerFrame;
  }

  TokenizerFile tokenizer() {
    return config.tokenizer().orElseThrow();
  }

  /** Special tokens, and whatever else the text of users must not turn into. */
  Pattern reservedTokens() {
    List<String> reserved = new ArrayList<>();
    for (TokenizerFile.Added token : tokenizer().added()) {
      String content = token.content();
      if (content.length() > 1 && (token.special() || content.equals(family.placeholder()))) {
        reserved.add(Pattern.quote(content));
      }
    }
    // One pass however long the text is; nothing at all matches what can never be found.
    return Pattern.compile(reserved.isEmpty() ? "(?!)" : String.join("|", reserved));
  }

  /**
   * Names the encoder by its weights: the file's name, its size and those of its external data, and
   * a hash of the first and last mebibyte of each.
   */
  String encoderId() {
    OnnxHeader vision = header(GraphKind.VISION);
    Hasher hasher = Hashing.sha256().newHasher();
    try {
      fingerprint(vision.file(), hasher);
      for (String location : vision.externalFiles()) {
        fingerprint(vision.file().resolveSibling(location), hasher);
      }
    } catch (IOException e) {
      throw new ModelException("the vision encoder cannot be read: " + e.getMessage(), e);
    }
    String size =
        family.patches().isPresent()
            ? "@" + family.images().width() + "x" + family.images().height()
            : "";
    return config.modelType()
        + "/"
        + vision.file().getFileName()
        + "#"
        + hasher.hash().toString().substring(0, 16)
        + size
        + (config.framing().letterboxed() ? "+letterboxed" : "");
  }

  static void fingerprint(Path file, Hasher hasher) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      hasher.putLong(size);
      ByteBuffer part = ByteBuffer.allocate((int) Math.min(size, 1 << 20));
      for (long from : new long[] {0, size - part.capacity()}) {
        part.clear();
        while (part.hasRemaining() && channel.read(part, from + part.position()) >= 0) {
          // Reads on until the part is full or the file ends.
        }
        part.flip();
        hasher.putBytes(part);
      }
    }
  }
}
