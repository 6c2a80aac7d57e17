package io.moviechat.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.llm.internal.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * The JSON files of a bundle. Values that are missing or odd become problems, and a harmless
 * stand-in is given so that the rest can be checked too.
 */
final class BundleConfig {
  private static final int LARGEST_EDGE = 4096;

  private final JsonNode config;
  private final JsonNode generation;
  private final JsonNode preprocessor;
  private final JsonNode tokenizer;
  private final JsonNode moviechat;
  private final String chatTemplate;
  private final Problems problems;

  private BundleConfig(Path folder, Problems problems) {
    this.problems = problems;
    config = Json.required(folder, "config.json", problems);
    generation = Json.optional(folder, "generation_config.json", problems);
    preprocessor = Json.required(folder, "preprocessor_config.json", problems);
    tokenizer = Json.required(folder, "tokenizer.json", problems);
    moviechat = Json.optional(folder, "moviechat.json", problems);
    chatTemplate = chatTemplate(folder, problems);
  }

  static BundleConfig read(Path folder, Problems problems) {
    return new BundleConfig(folder, problems);
  }

  private static String chatTemplate(Path folder, Problems problems) {
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
    return Json.optional(folder, "tokenizer_config.json", problems)
        .path("chat_template")
        .asText("");
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

  JsonNode tokenizer() {
    return tokenizer;
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

  /** A number of the text model: in text_config, or at the top of flat files. */
  OptionalInt text(String key) {
    OptionalInt nested = Json.integer(config.path("text_config").path(key));
    return nested.isPresent() ? nested : Json.integer(config.path(key));
  }

  /** Text of the placeholder token: what the tokenizer calls the configured id. */
  String placeholder(String usual) {
    OptionalInt id = imageTokenId();
    if (id.isPresent()) {
      for (var token : Tokenizer.addedTokens(tokenizer).entrySet()) {
        if (token.getValue() == id.getAsInt()) {
          return token.getKey();
        }
      }
    }
    return usual;
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
          "preprocessor_config.json: %s.longest_edge must be 1 to %d, was %s",
          name, LARGEST_EDGE, node.isMissingNode() ? "missing" : node);
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
            "preprocessor_config.json: resample %s is not supported; 1 (lanczos) to 5 (hamming)"
                + " are",
            node);
        yield usual;
      }
    };
  }

  /** Pictures as preprocessor_config.json alone describes them: resize, then centre crop. */
  ImagePreprocessor plainImages() {
    Resampler resampler = resampler(Resampler.BICUBIC);
    ImmutableList.Builder<ImagePreprocessor.Step> steps = ImmutableList.builder();
    JsonNode size = preprocessor.path("size");
    JsonNode crop = preprocessor.path("crop_size");
    boolean cropped = !crop.isMissingNode() && preprocessor.path("do_center_crop").asBoolean(true);
    int width = 0;
    int height = 0;
    FrameFormat preferred = FrameFormat.ORIGINAL;
    if (preprocessor.path("do_resize").asBoolean(true)) {
      OptionalInt shortest = Json.integer(size.isObject() ? size.path("shortest_edge") : size);
      if (shortest.isPresent() && cropped) {
        int edge = checkEdge(shortest, "size.shortest_edge");
        steps.add(new ImagePreprocessor.Step.ShortestEdge(edge, resampler));
      } else {
        width = checkEdge(Json.integer(size.path("width")), "size.width");
        height = checkEdge(Json.integer(size.path("height")), "size.height");
        steps.add(new ImagePreprocessor.Step.Exact(width, height, resampler));
        preferred = FrameFormat.stretch(width, height, resampling(resampler));
      }
    }
    if (cropped) {
      OptionalInt both = Json.integer(crop);
      width = checkEdge(both.isPresent() ? both : Json.integer(crop.path("width")), "crop_size");
      height = checkEdge(both.isPresent() ? both : Json.integer(crop.path("height")), "crop_size");
      steps.add(new ImagePreprocessor.Step.CentreCrop(width, height));
      preferred = FrameFormat.coverAndCrop(width, height, resampling(resampler));
    }
    if (width == 0) {
      problems.add("preprocessor_config.json says neither size nor crop_size of pictures");
      width = 1;
      height = 1;
    }
    return images(steps.build(), width, height, preferred);
  }

  private int checkEdge(OptionalInt edge, String name) {
    if (edge.isEmpty() || edge.getAsInt() < 1 || edge.getAsInt() > LARGEST_EDGE) {
      problems.add(
          "preprocessor_config.json: %s must be a number from 1 to %d, was %s",
          name, LARGEST_EDGE, edge.isEmpty() ? "missing" : Integer.toString(edge.getAsInt()));
      return 1;
    }
    return edge.getAsInt();
  }

  private static Resampling resampling(Resampler resampler) {
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
      for (double s : std) {
        problems.require(s != 0, "preprocessor_config.json: image_std must not be 0");
      }
    }
    return new ImagePreprocessor(steps, width, height, preferred, rescale, mean, std);
  }

  private void channels(String key, double[] into) {
    JsonNode node = preprocessor.path(key);
    if (node.isMissingNode()) {
      return;
    }
    if (!node.isArray() || node.size() != 3 || !node.path(0).isNumber()) {
      problems.add("preprocessor_config.json: %s must be three numbers, was %s", key, node);
      return;
    }
    for (int c = 0; c < 3; c++) {
      into[c] = node.path(c).asDouble();
    }
  }

  Problems problems() {
    return problems;
  }
}
