package io.moviechat.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The JSON files of a bundle. Values that are missing or odd become problems, and a harmless
 * stand-in is given so that the rest can be checked too.
 */
final class BundleConfig {
  private static final Logger log = LoggerFactory.getLogger(BundleConfig.class);
  private static final int LARGEST_EDGE = 4096;
  private static final int FALLBACK_CONTEXT = 2048;

  /** Defaults of max_position_embeddings in Python's configuration classes, by text model. */
  private static final ImmutableMap<String, Integer> CONTEXTS =
      ImmutableMap.<String, Integer>builder()
          .put("llama", 2048)
          .put("mistral", 131072)
          .put("qwen2", 32768)
          .put("qwen2_vl", 32768)
          .put("qwen2_vl_text", 32768)
          .put("qwen2_5_vl", 32768)
          .put("qwen2_5_vl_text", 32768)
          .put("qwen3", 32768)
          .put("qwen3_vl_text", 128000)
          .put("gemma3_text", 131072)
          .put("gemma3n_text", 32768)
          .put("gemma4_text", 131072)
          .put("qwen3_5_text", 32768)
          .put("lfm2", 128000)
          .buildOrThrow();

  /** The text model of types whose text_config may leave it out. */
  private static final ImmutableMap<String, String> TEXT_MODELS =
      ImmutableMap.<String, String>builder()
          .put("llava", "llama")
          .put("llava_onevision", "qwen2")
          .put("llava_qwen2", "qwen2")
          .put("fastvlm", "qwen2")
          .put("idefics3", "llama")
          .put("smolvlm", "llama")
          .put("qwen2_vl", "qwen2_vl")
          .put("qwen2_5_vl", "qwen2_5_vl")
          .put("qwen3_vl", "qwen3_vl_text")
          .put("qwen3_5", "qwen3_5_text")
          .put("gemma3", "gemma3_text")
          .put("gemma3n", "gemma3n_text")
          .put("gemma4", "gemma4_text")
          .put("lfm2_vl", "lfm2")
          .buildOrThrow();

  private final JsonNode config;
  private final JsonNode generation;
  private final JsonNode preprocessor;
  private final Optional<TokenizerFile> tokenizer;
  private final JsonNode moviechat;
  private final String chatTemplate;
  private final JsonNode processor;
  private final JsonNode tokenizerConfig;
  private final String picturesFile;
  private final ModelBundle.Framing framing;
  private final Problems problems;

  private BundleConfig(Path folder, ModelBundle.Framing framing, Problems problems) {
    this.framing = framing;
    this.problems = problems;
    config = Json.required(folder, "config.json", problems);
    generation = Json.optional(folder, "generation_config.json", problems);
    processor = Json.optional(folder, "processor_config.json", problems);
    JsonNode own = Json.optional(folder, "preprocessor_config.json", problems);
    JsonNode nested = processor.path("image_processor");
    preprocessor = merged(own, nested);
    // Exports of Gemma 4 have the older file too, with nothing but a class's name.
    boolean empty = own.isMissingNode() || (own.size() == 1 && own.has("processor_class"));
    picturesFile = empty ? "processor_config.json: image_processor" : "preprocessor_config.json";
    problems.require(
        !preprocessor.isMissingNode(),
        "preprocessor_config.json is missing, and processor_config.json has no image_processor: one"
            + " of them has to say how pictures are prepared");
    tokenizerConfig = Json.optional(folder, "tokenizer_config.json", problems);
    tokenizer = TokenizerFile.read(folder, problems);
    moviechat = Json.optional(folder, "moviechat.json", problems);
    chatTemplate = chatTemplate(folder, tokenizerConfig, problems);
  }

  static BundleConfig read(Path folder, ModelBundle.Framing framing, Problems problems) {
    return new BundleConfig(folder, framing, problems);
  }

  /** The older file, with what only the newer one says. */
  private static JsonNode merged(JsonNode own, JsonNode nested) {
    if (!nested.isObject()) {
      return own;
    }
    ObjectNode merged = nested.deepCopy();
    if (own.isObject()) {
      merged.setAll((ObjectNode) own);
    }
    return merged;
  }

  private static String chatTemplate(Path folder, JsonNode tokenizerConfig, Problems problems) {
    Path jinja = folder.resolve("chat_template.jinja");
    if (Files.isRegularFile(jinja)) {
      try {
        return Files.size(jinja) > 1 << 20 ? "" : Files.readString(jinja);
      } catch (java.io.IOException e) {
        problems.add("chat_template.jinja cannot be read: %s", e);
      }
    }
    JsonNode own = Json.optional(folder, "chat_template.json", problems).path("chat_template");
    if (own.isTextual()) {
      return own.textValue();
    }
    JsonNode last = tokenizerConfig.path("chat_template");
    if (last.isArray()) {
      // Several, by name.
      for (JsonNode one : last) {
        if (one.path("name").asText().equals("default")) {
          return one.path("template").asText("");
        }
      }
    }
    return last.asText("");
  }

  JsonNode config() {
    return config;
  }

  JsonNode generation() {
    return generation;
  }

  JsonNode preprocessor() {
    return preprocessor;
  }

  /** Empty if it cannot be read, which is a problem then. */
  Optional<TokenizerFile> tokenizer() {
    return tokenizer;
  }

  /** processor_config.json, missing in many bundles. */
  JsonNode processor() {
    return processor;
  }

  /** The file that pictures are described in, for messages. */
  String picturesFile() {
    return picturesFile;
  }

  /** How frames were asked to be shown. */
  ModelBundle.Framing framing() {
    return framing;
  }

  /** A special token's text, {@code bos_token} for instance; the usual one if it is not said. */
  String special(String key, String usual) {
    JsonNode token = tokenizerConfig.path(key);
    return token.isObject() ? token.path("content").asText(usual) : token.asText(usual);
  }

  /** Our own optional file. */
  JsonNode moviechat() {
    return moviechat;
  }

  /** The Jinja text, empty if there is none. */
  String chatTemplate() {
    return chatTemplate;
  }

  String modelType() {
    return config.path("model_type").asText("");
  }

  /** The text model's type, {@code qwen2} for instance, empty if it is not said. */
  String textModel() {
    return config.path("text_config").path("model_type").asText("");
  }

  /**
   * The longest prompt with its answer. Python leaves out of {@code text_config} what equals the
   * class's default, so that is taken where the key is missing.
   */
  int context() {
    String key = "max_position_embeddings";
    JsonNode said = config.path("text_config").path(key);
    if (said.isMissingNode()) {
      said = config.path(key);
    }
    if (!said.isMissingNode()) {
      OptionalInt number = Json.integer(said);
      if (number.isPresent() && number.getAsInt() >= 16) {
        return number.getAsInt();
      }
      problems.add(
          "config.json: %s (the longest prompt) must be a number of at least 16, was %s",
          key, said);
      return FALLBACK_CONTEXT;
    }
    Integer usual =
        CONTEXTS.get(
            textModel().isEmpty() ? TEXT_MODELS.getOrDefault(modelType(), "") : textModel());
    if (usual != null) {
      return usual;
    }
    OptionalInt longest = Json.integer(tokenizerConfig.path("model_max_length"));
    if (longest.isPresent() && longest.getAsInt() >= 16 && longest.getAsInt() < 1_000_000) {
      return longest.getAsInt();
    }
    log.warn(
        "config.json says no {}, and the default of '{}' is not known: prompts of at most {} tokens"
            + " are read",
        key,
        textModel(),
        FALLBACK_CONTEXT);
    return FALLBACK_CONTEXT;
  }

  /** A number of the text model: in text_config, or at the top of flat files. */
  OptionalInt text(String key) {
    OptionalInt nested = Json.integer(config.path("text_config").path(key));
    return nested.isPresent() ? nested : Json.integer(config.path(key));
  }

  /** Text of the placeholder token: what the tokenizer calls the configured id. */
  String placeholder(String usual) {
    OptionalInt id = imageTokenId();
    if (id.isEmpty() || tokenizer.isEmpty()) {
      return usual;
    }
    return tokenizer.get().added().stream()
        .filter(token -> token.id() == id.getAsInt())
        .map(TokenizerFile.Added::content)
        .findFirst()
        .orElse(usual);
  }

  OptionalInt imageTokenId() {
    OptionalInt index = Json.integer(config.path("image_token_index"));
    return index.isPresent() ? index : Json.integer(config.path("image_token_id"));
  }

  /** Ids that end an answer: of generation_config.json, else of the text model, else of the top. */
  ImmutableSet<Integer> endIds() {
    for (JsonNode node :
        ImmutableList.of(
            generation.path("eos_token_id"),
            config.path("text_config").path("eos_token_id"),
            config.path("eos_token_id"))) {
      ImmutableSet.Builder<Integer> ids = ImmutableSet.builder();
      if (node.isArray()) {
        node.forEach(id -> Json.integer(id).ifPresent(ids::add));
      } else {
        Json.integer(node).ifPresent(ids::add);
      }
      ImmutableSet<Integer> found = ids.build();
      if (!found.isEmpty()) {
        return found;
      }
    }
    return ImmutableSet.of();
  }

  // ---- pictures ----

  /** A picture's edge given as {@code {"longest_edge": n}} or as a number. */
  int edge(JsonNode node, String name) {
    OptionalInt edge = Json.integer(node.isObject() ? node.path("longest_edge") : node);
    if (edge.isEmpty() || edge.getAsInt() < 1 || edge.getAsInt() > LARGEST_EDGE) {
      problems.add(
          "%s: %s.longest_edge must be 1 to %d, was %s",
          picturesFile, name, LARGEST_EDGE, node.isMissingNode() ? "missing" : node);
      return 1;
    }
    return edge.getAsInt();
  }

  Resampler resampler(Resampler usual) {
    JsonNode node = preprocessor.path("resample");
    if (node.isMissingNode()) {
      return usual;
    }
    return switch (node.asInt(-1)) {
      case 1 -> Resampler.LANCZOS;
      case 2 -> Resampler.BILINEAR;
      case 3 -> Resampler.BICUBIC;
      case 4 -> Resampler.BOX;
      case 5 -> Resampler.HAMMING;
      default -> {
        problems.add(
            "%s: resample %s is not supported; 1 (lanczos) to 5 (hamming) are", picturesFile, node);
        yield usual;
      }
    };
  }

  /**
   * Pictures as their file alone describes them: resize, then centre crop. What the file leaves out
   * is Python's default, or the size that the vision encoder was made for.
   */
  ImagePreprocessor plainImages() {
    return plainImages(Resampler.BICUBIC);
  }

  ImagePreprocessor plainImages(Resampler usual) {
    Resampler resampler = resampler(usual);
    ImmutableList.Builder<ImagePreprocessor.Step> steps = ImmutableList.builder();
    JsonNode size = preprocessor.path("size");
    JsonNode crop = preprocessor.path("crop_size");
    OptionalInt encoders = Json.integer(config.path("vision_config").path("image_size"));
    OptionalInt shortest = Json.integer(size.isObject() ? size.path("shortest_edge") : size);
    boolean cropped =
        (!crop.isMissingNode() || shortest.isPresent())
            && preprocessor.path("do_center_crop").asBoolean(!processorType().startsWith("Siglip"));
    int width = 0;
    int height = 0;
    FrameFormat preferred = FrameFormat.ORIGINAL;
    if (framing.letterboxed()) {
      steps.add(new ImagePreprocessor.Step.Square(background()));
    }
    if (preprocessor.path("do_resize").asBoolean(true)) {
      if (cropped) {
        OptionalInt usualEdge = size.isMissingNode() ? encoders : OptionalInt.empty();
        int edge = checkEdge(shortest.isPresent() ? shortest : usualEdge, "size.shortest_edge");
        steps.add(new ImagePreprocessor.Step.ShortestEdge(edge, resampler));
      } else {
        boolean known = size.isMissingNode() && encoders.isPresent();
        width = checkEdge(known ? encoders : Json.integer(size.path("width")), "size.width");
        height = checkEdge(known ? encoders : Json.integer(size.path("height")), "size.height");
        steps.add(new ImagePreprocessor.Step.Exact(width, height, resampler));
        preferred = FrameFormat.stretch(width, height, resampling(resampler));
      }
    }
    if (cropped) {
      OptionalInt both = crop.isMissingNode() ? encoders : Json.integer(crop);
      width = checkEdge(both.isPresent() ? both : Json.integer(crop.path("width")), "crop_size");
      height = checkEdge(both.isPresent() ? both : Json.integer(crop.path("height")), "crop_size");
      steps.add(new ImagePreprocessor.Step.CentreCrop(width, height));
      preferred = FrameFormat.coverAndCrop(width, height, resampling(resampler));
    }
    if (width == 0) {
      problems.add("%s says neither size nor crop_size of pictures", picturesFile);
      width = 1;
      height = 1;
    }
    if (framing.letterboxed()) {
      preferred = FrameFormat.inside(width, height, resampling(resampler));
    }
    return images(steps.build(), width, height, preferred);
  }

  /** The mean colour, which LLaVA's code pads pictures with. */
  private int background() {
    double[] mean = {0, 0, 0};
    channels("image_mean", mean);
    return (int) (mean[0] * 255) << 16 | (int) (mean[1] * 255) << 8 | (int) (mean[2] * 255);
  }

  /** The class that prepares pictures in Python, which has the defaults. */
  private String processorType() {
    return preprocessor.path("image_processor_type").asText("");
  }

  /** A number of the pictures' file, else of the encoder's part of config.json, else the usual. */
  int pictureNumber(String key, String visionKey, int usual) {
    OptionalInt own = Json.integer(preprocessor.path(key));
    OptionalInt vision = Json.integer(config.path("vision_config").path(visionKey));
    OptionalInt top = Json.integer(config.path(key));
    int number =
        own.isPresent()
            ? own.getAsInt()
            : vision.isPresent() ? vision.getAsInt() : top.orElse(usual);
    if (number < 1 || number > LARGEST_EDGE) {
      problems.add("%s: %s must be from 1 to %d, was %d", picturesFile, key, LARGEST_EDGE, number);
      return usual;
    }
    return number;
  }

  /**
   * Pictures of an encoder that takes any size, stretched to one: what was asked for, else a usual
   * one, made smaller until it fits.
   *
   * @param factor sides are multiples of it
   * @param mostBlocks squares of that side that a picture may have
   * @param usual how pictures are scaled where the files do not say
   */
  ImagePreprocessor blockImages(
      int factor, int usualWidth, int usualHeight, int mostBlocks, Resampler usual) {
    RowGrid grid = blocks(factor, usualWidth, usualHeight, mostBlocks);
    int width = grid.width() * factor;
    int height = grid.height() * factor;
    Resampler resampler = resampler(usual);
    return images(
        ImmutableList.of(new ImagePreprocessor.Step.Exact(width, height, resampler)),
        width,
        height,
        FrameFormat.stretch(width, height, resampling(resampler)));
  }

  private RowGrid blocks(int factor, int width, int height, int mostBlocks) {
    if (framing.width() > 0) {
      problems.require(
          framing.width() % factor == 0 && framing.height() % factor == 0,
          "the frame size %d x %d does not fit: this model's sides are multiples of %d",
          framing.width(),
          framing.height(),
          factor);
      RowGrid asked =
          new RowGrid(
              Math.max(1, framing.height() / factor), Math.max(1, framing.width() / factor));
      problems.require(
          asked.rows() <= mostBlocks
              && framing.width() <= LARGEST_EDGE
              && framing.height() <= LARGEST_EDGE,
          "the frame size %d x %d gives %d visual tokens; this model reads at most %d of a picture",
          framing.width(),
          framing.height(),
          asked.rows(),
          mostBlocks);
      return asked.rows() <= mostBlocks ? asked : new RowGrid(1, 1);
    }
    double shrink = 1;
    while (true) {
      int rows = (int) Math.max(1, Math.round(shrink * height / factor));
      int columns = (int) Math.max(1, Math.round(shrink * width / factor));
      if (rows * columns <= mostBlocks || shrink < 0.01) {
        return new RowGrid(rows, columns);
      }
      shrink *= 0.95;
    }
  }

  private int checkEdge(OptionalInt edge, String name) {
    if (edge.isEmpty() || edge.getAsInt() < 1 || edge.getAsInt() > LARGEST_EDGE) {
      problems.add(
          "%s: %s must be a number from 1 to %d, was %s",
          picturesFile,
          name,
          LARGEST_EDGE,
          edge.isEmpty() ? "missing" : Integer.toString(edge.getAsInt()));
      return 1;
    }
    return edge.getAsInt();
  }

  static Resampling resampling(Resampler resampler) {
    return switch (resampler) {
      case LANCZOS -> Resampling.LANCZOS;
      case BILINEAR, BOX, HAMMING -> Resampling.BILINEAR;
      case BICUBIC -> Resampling.BICUBIC;
    };
  }

  /** A preprocessor with this file's scale, mean and standard deviation. */
  ImagePreprocessor images(
      ImmutableList<ImagePreprocessor.Step> steps, int width, int height, FrameFormat preferred) {
    double rescale = 1;
    if (preprocessor.path("do_rescale").asBoolean(true)) {
      rescale = Json.number(preprocessor.path("rescale_factor")).orElse(1.0 / 255);
    }
    double[] mean = {0, 0, 0};
    double[] std = {1, 1, 1};
    if (preprocessor.path("do_normalize").asBoolean(true)) {
      channels("image_mean", mean);
      channels("image_std", std);
      for (double deviation : std) {
        problems.require(deviation != 0, "%s: image_std must not be 0", picturesFile);
      }
    }
    return new ImagePreprocessor(steps, width, height, preferred, rescale, mean, std);
  }

  private void channels(String key, double[] into) {
    JsonNode node = preprocessor.path(key);
    if (node.isMissingNode()) {
      // Published models differ from the default of their class here: a guess would be silent.
      problems.add(
          "%s says no %s; Python would take the default of '%s', usually %s: write it into the"
              + " file",
          picturesFile,
          key,
          processorType(),
          key.equals("image_mean")
              ? "[0.5, 0.5, 0.5] or CLIP's [0.48145466, 0.4578275, 0.40821073]"
              : "[0.5, 0.5, 0.5] or CLIP's [0.26862954, 0.26130258, 0.27577711]");
      return;
    }
    if (!node.isArray() || node.size() != 3) {
      problems.add("%s: %s must be three numbers, was %s", picturesFile, key, node);
      return;
    }
    for (int c = 0; c < 3; c++) {
      if (!node.path(c).isNumber()) {
        problems.add("%s: %s must be three numbers, was %s", picturesFile, key, node);
        return;
      }
      into[c] = node.path(c).asDouble();
    }
  }

  Problems problems() {
    return problems;
  }
}
