package io.moviechat.llm;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import io.moviechat.ModelException;
import io.moviechat.llm.internal.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What has to be known of a {@code tokenizer.json} before it is opened. Read token by token, as
 * those of large vocabularies have 30 MB. Immutable.
 */
final class TokenizerFile {
  /**
   * A token that was added to the vocabulary ({@code <image>}, {@code <|im_end|>}, ...).
   *
   * @param special whether decoding leaves it out
   */
  record Added(String content, int id, boolean special) {}

  private final Path file;
  private final ImmutableList<Added> added;
  private final int largestId;

  private TokenizerFile(Path file, ImmutableList<Added> added, int largestId) {
    this.file = file;
    this.added = added;
    this.largestId = largestId;
  }

  /** Reads a bundle's file; what is wrong with it is a problem. */
  static Optional<TokenizerFile> read(Path folder, Problems problems) {
    String name = "tokenizer.json";
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      problems.add("%s is missing; a bundle needs it", name);
      return Optional.empty();
    }
    try {
      if (Files.size(file) > Json.LARGEST_FILE) {
        problems.add(
            "%s has %d bytes; at most %d are read", name, Files.size(file), Json.LARGEST_FILE);
        return Optional.empty();
      }
      ImmutableList.Builder<Added> added = ImmutableList.builder();
      int largest = -1;
      // Names are vocabulary entries, too many to be kept for other files.
      JsonFactory factory =
          JsonFactory.builder()
              .configure(JsonFactory.Feature.INTERN_FIELD_NAMES, false)
              .configure(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES, false)
              .build();
      try (JsonParser json = factory.createParser(file.toFile())) {
        if (json.nextToken() != JsonToken.START_OBJECT) {
          problems.add("%s holds no JSON object; is the file whole?", name);
          return Optional.empty();
        }
        while (json.nextToken() == JsonToken.FIELD_NAME) {
          String field = json.currentName();
          JsonToken value = json.nextToken();
          if (field.equals("added_tokens") && value == JsonToken.START_ARRAY) {
            largest = Math.max(largest, added(json, added));
          } else if (field.equals("model") && value == JsonToken.START_OBJECT) {
            largest = Math.max(largest, model(json));
          } else {
            json.skipChildren();
          }
        }
      }
      return Optional.of(new TokenizerFile(file, added.build(), largest));
    } catch (JsonProcessingException e) {
      problems.add("%s is not valid JSON: %s", name, e.getOriginalMessage());
    } catch (IOException e) {
      problems.add("%s cannot be read: %s", name, e);
    }
    return Optional.empty();
  }

  private static int added(JsonParser json, ImmutableList.Builder<Added> into) throws IOException {
    int largest = -1;
    while (json.nextToken() == JsonToken.START_OBJECT) {
      String content = "";
      int id = -1;
      boolean special = false;
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String field = json.currentName();
        JsonToken value = json.nextToken();
        switch (field) {
          case "content" -> content = value == JsonToken.VALUE_STRING ? json.getText() : "";
          case "id" -> id = value == JsonToken.VALUE_NUMBER_INT ? json.getIntValue() : -1;
          case "special" -> special = value == JsonToken.VALUE_TRUE;
          default -> json.skipChildren();
        }
      }
      if (id >= 0 && !content.isEmpty()) {
        into.add(new Added(content, id, special));
        largest = Math.max(largest, id);
      }
    }
    return largest;
  }

  private static int model(JsonParser json) throws IOException {
    int largest = -1;
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String field = json.currentName();
      JsonToken value = json.nextToken();
      if (!field.equals("vocab")) {
        json.skipChildren();
      } else if (value == JsonToken.START_ARRAY) {
        // Unigram: pairs of a piece and its score, in the order of ids.
        while (json.nextToken() != JsonToken.END_ARRAY) {
          largest++;
          json.skipChildren();
        }
      } else if (value == JsonToken.START_OBJECT) {
        while (json.nextToken() == JsonToken.FIELD_NAME) {
          if (json.nextToken() == JsonToken.VALUE_NUMBER_INT) {
            largest = Math.max(largest, json.getIntValue());
          } else {
            json.skipChildren();
          }
        }
      }
    }
    return largest;
  }

  /** Added tokens in the file's order. */
  ImmutableList<Added> added() {
    return added;
  }

  /** Ids of the added tokens by their text. */
  ImmutableMap<String, Integer> addedIds() {
    ImmutableMap.Builder<String, Integer> ids = ImmutableMap.builder();
    added.forEach(token -> ids.put(token.content(), token.id()));
    return ids.buildKeepingLast();
  }

  /** The largest id that it can give, -1 if it has no vocabulary. */
  int largestId() {
    return largestId;
  }

  /**
   * Opens the tokenizer.
   *
   * @throws ModelException if the file holds none
   */
  Tokenizer open() {
    try {
      return new Tokenizer(Files.readString(file));
    } catch (IOException e) {
      throw new ModelException(file + " cannot be read: " + e.getMessage(), e);
    }
  }
}
