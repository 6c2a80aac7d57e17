package io.moviechat.llm.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moviechat.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A folder of weights as Hugging Face lays it out: one file, or shards with an index. */
final class HuggingFaceFolder {
  private static final long MAX_INDEX_BYTES = 16 << 20;
  private static final List<String> INDEXES =
      List.of("model.safetensors.index.json", "pytorch_model.bin.index.json");
  private static final List<String> SINGLES = List.of("model.safetensors", "pytorch_model.bin");

  private HuggingFaceFolder() {}

  static Checkpoint open(Path folder) throws IOException {
    for (String name : SINGLES) {
      if (Files.isRegularFile(folder.resolve(name))) {
        return Checkpoint.open(folder.resolve(name));
      }
    }
    for (String name : INDEXES) {
      Path index = folder.resolve(name);
      if (Files.isRegularFile(index)) {
        return openShards(folder, index);
      }
    }
    throw new ModelException(
        "%s holds no weights: none of %s and %s is there".formatted(folder, SINGLES, INDEXES));
  }

  private static Checkpoint openShards(Path folder, Path index) throws IOException {
    JsonNode weights = json(index, MAX_INDEX_BYTES).path("weight_map");
    Map<String, List<String>> keysByShard = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : weights.properties()) {
      String shard = entry.getValue().asText();
      // A plain file name: an index must not lead out of its folder.
      if (shard.isEmpty() || shard.startsWith(".") || !shard.matches("[A-Za-z0-9._-]{1,200}")) {
        throw new ModelException(
            "%s puts %s into %s, which is no plain file name"
                .formatted(index, Unpickler.printable(entry.getKey()), Unpickler.printable(shard)));
      }
      keysByShard.computeIfAbsent(shard, s -> new ArrayList<>()).add(entry.getKey());
    }
    if (keysByShard.isEmpty()) {
      throw new ModelException(index + " has no weight_map");
    }
    List<String> absent =
        keysByShard.keySet().stream()
            .filter(shard -> !Files.isRegularFile(folder.resolve(shard)))
            .toList();
    if (!absent.isEmpty()) {
      throw new ModelException(folder + " lacks the files " + absent + " that its index names");
    }
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    List<Checkpoint> shards = new ArrayList<>();
    try {
      keysByShard.forEach(
          (name, keys) -> {
            Checkpoint shard = Checkpoint.open(folder.resolve(name));
            shards.add(shard);
            keys.forEach(key -> tensors.put(key, shard.get(key)));
          });
    } catch (RuntimeException e) {
      shards.forEach(Checkpoint::close);
      throw e;
    }
    return new Checkpoint(folder.getFileName().toString(), tensors, Checkpoint.closing(shards));
  }

  /**
   * Reads a small JSON file.
   *
   * @throws ModelException if it is missing, larger than the limit, or no JSON object
   */
  static JsonNode json(Path file, long limit) {
    try {
      if (!Files.isRegularFile(file)) {
        throw new ModelException("there is no " + file);
      }
      if (Files.size(file) > limit) {
        throw new ModelException(
            "%s has %d bytes; %d is the limit".formatted(file, Files.size(file), limit));
      }
      JsonNode node = new ObjectMapper().readTree(Files.readAllBytes(file));
      if (!node.isObject()) {
        throw new ModelException(file + " holds no JSON object");
      }
      return node;
    } catch (IOException e) {
      throw new ModelException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }
}
