package io.moviechat.llm.checkpoint;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** The JSON files of an imported bundle. */
final class BundleTexts {
  private static final double[] CLIP_MEAN = {0.48145466, 0.4578275, 0.40821073};
  private static final double[] CLIP_STD = {0.26862954, 0.26130258, 0.27577711};
  private static final int BICUBIC = 3;

  private BundleTexts() {}

  /** File contents by name. */
  static Map<String, byte[]> of(
      Networks.Vision vision,
      Networks.Projector projector,
      Networks.Llama llama,
      int grid,
      int mergedTokens,
      SentencePieceModel tokenizer) {
    Map<String, byte[]> texts = new LinkedHashMap<>();
    texts.put("config.json", bytes(config(vision, projector, llama, grid, mergedTokens)));
    texts.put("preprocessor_config.json", bytes(preprocessor(grid * vision.patch())));
    texts.put("generation_config.json", bytes(generation()));
    texts.put("moviechat.json", bytes(moviechat()));
    texts.put("tokenizer.json", tokenizer.toTokenizerJson());
    texts.put(
        "tokenizer_config.json",
        bytes(
            object()
                .put("tokenizer_class", "LlamaTokenizer")
                .put("bos_token", tokenizer.pieces().get(1).text())
                .put("eos_token", tokenizer.pieces().get(2).text())
                .put("unk_token", tokenizer.pieces().get(0).text())));
    return texts;
  }

  private static ObjectNode config(
      Networks.Vision vision,
      Networks.Projector projector,
      Networks.Llama llama,
      int grid,
      int mergedTokens) {
    ObjectNode config = object().put("model_type", "moviechat");
    // Visual rows are put where the unknown token stands: the vocabulary has no token of its own
    // for them, and no text gives this one.
    config.put("image_token_index", 0);
    config
        .putObject("text_config")
        .put("model_type", "llama")
        .put("hidden_size", llama.width())
        .put("intermediate_size", llama.mlp())
        .put("num_hidden_layers", llama.layers())
        .put("num_attention_heads", llama.heads())
        .put("num_key_value_heads", llama.keyValueHeads())
        .put("head_dim", llama.headWidth())
        .put("vocab_size", llama.vocabulary())
        .put("max_position_embeddings", llama.context())
        .put("rms_norm_eps", llama.epsilon())
        .put("eos_token_id", 2);
    config
        .putObject("vision_config")
        .put("model_type", "eva_vit_qformer")
        .put("image_size", grid * vision.patch())
        .put("patch_size", vision.patch())
        .put("hidden_size", vision.width())
        .put("num_hidden_layers", vision.blocks())
        .put("num_attention_heads", vision.heads())
        .put("merged_tokens_per_block", mergedTokens)
        .put("num_query_tokens", vision.queries())
        .put("query_width", vision.queryWidth());
    config
        .putObject("projector_config")
        .put("num_query_tokens", projector.queries())
        .put("query_width", projector.width())
        .put("num_hidden_layers", projector.qformer().layers())
        .put("max_slots", projector.positions() * projector.positions());
    return config;
  }

  private static ObjectNode preprocessor(int side) {
    ObjectNode preprocessor = object().put("image_processor_type", "BlipImageProcessor");
    preprocessor.put("do_resize", true).put("resample", BICUBIC).put("do_center_crop", false);
    preprocessor.putObject("size").put("height", side).put("width", side);
    preprocessor.put("do_rescale", true).put("rescale_factor", 1 / 255.0);
    preprocessor.put("do_normalize", true);
    for (double value : CLIP_MEAN) {
      preprocessor.withArray("image_mean").add(value);
    }
    for (double value : CLIP_STD) {
      preprocessor.withArray("image_std").add(value);
    }
    return preprocessor;
  }

  private static ObjectNode generation() {
    return object()
        .put("bos_token_id", 1)
        .put("eos_token_id", 2)
        .put("pad_token_id", 0)
        .put("do_sample", true)
        .put("temperature", 1.0)
        .put("top_p", 0.9)
        .put("repetition_penalty", 1.0)
        .put("max_new_tokens", 300);
  }

  private static ObjectNode moviechat() {
    ObjectNode moviechat = object();
    moviechat
        .putObject("memory")
        .put("strategy", "moviechat")
        .put("shortTermFrames", 18)
        .put("consolidateTo", 2)
        .put("longTermSlots", 256);
    moviechat.putObject("sampling").put("fragments", 128).put("framesPerFragment", 8);
    return moviechat;
  }

  private static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  private static byte[] bytes(ObjectNode node) {
    return (new ObjectMapper().valueToTree(node).toPrettyString() + "\n")
        .getBytes(StandardCharsets.UTF_8);
  }
}
