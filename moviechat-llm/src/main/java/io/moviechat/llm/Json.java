package io.moviechat.llm;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** Reads the JSON files of a bundle, which are untrusted: what is missing or odd is a problem. */
final class Json {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** tokenizer.json of the largest vocabularies has some 30 MB. */
  static final long LARGEST_FILE = 256L << 20;

  private Json() {}

  /** An optional file's content; missing if there is no such file or it cannot be read. */
  static JsonNode optional(Path folder, String name, Problems problems) {
    return Files.exists(folder.resolve(name))
        ? required(folder, name, problems)
        : MissingNode.getInstance();
  }

  /** A file's content; missing if it cannot be read, which is a problem. */
  static JsonNode required(Path folder, String name, Problems problems) {
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      problems.add("%s is missing; a bundle needs it", name);
      return MissingNode.getInstance();
    }
    try {
      long size = Files.size(file);
      if (size > LARGEST_FILE) {
        problems.add("%s has %d bytes; at most %d are read", name, size, LARGEST_FILE);
        return MissingNode.getInstance();
      }
      JsonNode node = MAPPER.readTree(Files.readAllBytes(file));
      if (node == null || !node.isObject()) {
        problems.add("%s holds no JSON object; is the file whole?", name);
        return MissingNode.getInstance();
      }
      return node;
    } catch (JsonProcessingException e) {
      problems.add("%s is not valid JSON: %s", name, e.getOriginalMessage());
    } catch (IOException e) {
      problems.add("%s cannot be read: %s", name, e);
    }
    return MissingNode.getInstance();
  }

  static OptionalInt integer(JsonNode node) {
    return node.isIntegralNumber() && node.canConvertToInt()
        ? OptionalInt.of(node.intValue())
        : OptionalInt.empty();
  }

  static OptionalDouble number(JsonNode node) {
    return node.isNumber() ? OptionalDouble.of(node.doubleValue()) : OptionalDouble.empty();
  }

  static Optional<String> text(JsonNode node) {
    return node.isTextual() ? Optional.of(node.textValue()) : Optional.empty();
  }
}
