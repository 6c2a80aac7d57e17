package io.moviechat.llm.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.moviechat.ModelException;
import java.nio.file.Path;
import java.util.List;

/** Reads the {@code config.json} of a LLaMA folder. */
final class LlamaConfig {
  private static final long MAX_BYTES = 1 << 20;

  private LlamaConfig() {}

  /**
   * The sizes of a language model. The vocabulary is the number of rows that its tensors have: in
   * the config of an added token it is often out of date.
   *
   * @throws ModelException if the config is missing, no LLaMA's, or has a size that cannot be
   */
  static Networks.Llama read(Path folder, Checkpoint weights) {
    Path file = folder.resolve("config.json");
    JsonNode config = HuggingFaceFolder.json(file, MAX_BYTES);
    String type = config.path("model_type").asText();
    if (!type.equals("llama")) {
      throw new ModelException(
          "%s is of model_type %s, expected llama".formatted(file, Unpickler.printable(type)));
    }
    if (config.path("rope_scaling").isObject()) {
      throw new ModelException(file + " scales its rotary positions, which is not supported");
    }
    int width = size(file, config, "hidden_size", 1 << 16);
    int heads = size(file, config, "num_attention_heads", 1024);
    int keyValueHeads =
        config.hasNonNull("num_key_value_heads")
            ? size(file, config, "num_key_value_heads", 1024)
            : heads;
    if (width % heads != 0 || width / heads % 2 != 0 || heads % keyValueHeads != 0) {
      throw new ModelException(
          "%s has hidden_size %d, num_attention_heads %d and num_key_value_heads %d, which do not divide each other"
              .formatted(file, width, heads, keyValueHeads));
    }
    double epsilon = config.path("rms_norm_eps").asDouble(-1);
    if (!(epsilon > 0 && epsilon < 1)) {
      throw new ModelException(file + " has rms_norm_eps " + config.path("rms_norm_eps"));
    }
    List<Long> embedding = weights.get("model.embed_tokens.weight").shape();
    return new Networks.Llama(
        width,
        size(file, config, "num_hidden_layers", 1000),
        heads,
        keyValueHeads,
        size(file, config, "intermediate_size", 1 << 18),
        Math.toIntExact(Math.min(embedding.isEmpty() ? 0 : embedding.get(0), 1 << 24)),
        config.hasNonNull("max_position_embeddings")
            ? size(file, config, "max_position_embeddings", 1 << 17)
            : 2048,
        epsilon,
        config.path("rope_theta").asDouble(10000));
  }

  private static int size(Path file, JsonNode config, String key, int most) {
    JsonNode value = config.path(key);
    if (!value.isInt() || value.asInt() < 1 || value.asInt() > most) {
      throw new ModelException(
          "%s has %s %s, expected a number from 1 to %d".formatted(file, key, value, most));
    }
    return value.asInt();
  }
}
