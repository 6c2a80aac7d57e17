package io.moviechat.llm.checkpoint;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Feeds an imported decoder step by step. */
final class GreedyLoop {
  private final OrtRunner decoder;
  private final Networks.Llama shape;
  private final Map<String, OrtRunner.Array> caches = new HashMap<>();
  private int past;

  GreedyLoop(OrtRunner decoder, Networks.Llama shape, DataType cacheType) {
    this.decoder = decoder;
    this.shape = shape;
    for (int i = 0; i < shape.layers(); i++) {
      for (String part : List.of("key", "value")) {
        caches.put(
            "past_key_values." + i + "." + part,
            new OrtRunner.Array(
                cacheType,
                new long[] {1, shape.keyValueHeads(), 0, shape.headWidth()},
                new float[0]));
      }
    }
  }

  /**
   * @param embeddings of the new tokens
   * @param keep how many rows of logits, 0 for all
   */
  Map<String, OrtRunner.Array> step(float[] embeddings, int keep, String... more) {
    int count = embeddings.length / shape.width();
    long[] mask = new long[past + count];
    Arrays.fill(mask, 1);
    long[] positions = new long[count];
    Arrays.setAll(positions, i -> past + i);
    Map<String, OrtRunner.Array> inputs = new HashMap<>(caches);
    inputs.put("inputs_embeds", OrtRunner.Array.of(embeddings, 1, count, shape.width()));
    inputs.put("attention_mask", OrtRunner.Array.of(mask, 1, mask.length));
    inputs.put("position_ids", OrtRunner.Array.of(positions, 1, count));
    inputs.put("num_logits_to_keep", OrtRunner.Array.of(new long[] {keep}));
    List<String> outputs = new ArrayList<>(List.of("logits"));
    for (int i = 0; i < shape.layers(); i++) {
      outputs.add("present." + i + ".key");
      outputs.add("present." + i + ".value");
    }
    outputs.addAll(List.of(more));
    Map<String, OrtRunner.Array> result = decoder.run(inputs, outputs.toArray(String[]::new));
    caches.replaceAll((name, old) -> result.get(name.replace("past_key_values", "present")));
    past += count;
    return result;
  }

  static int argmax(float[] row) {
    int best = 0;
    for (int i = 1; i < row.length; i++) {
      if (row[i] > row[best]) {
        best = i;
      }
    }
    return best;
  }
}
