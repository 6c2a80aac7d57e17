package io.moviechat.llm;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.google.common.base.Strings;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import io.moviechat.ModelException;
import io.moviechat.internal.RecentMap;
import io.moviechat.llm.internal.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

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

  private static final Map<Version, TokenizerFile> READ = new RecentMap<>(4);

  private final Path file;
  private final ImmutableList<Added> added;
  private final int largestId;

  private TokenizerFile(Path file, ImmutableList<Added> added, int largestId) {
    this.file = file;
    this.added = added;
    this.largestId = largestId;
  }

  /**
   * A state of a file. Whoever writes it leaves another one, unless within the clock's last tick.
   */
  private record Version(Path file, long bytes, FileTime modified) {
    static Version of(Path file) throws IOException {
      return new Version(file.toRealPath(), Files.size(file), Files.getLastModifiedTime(file));
    }

    boolean isSettled() {
      return modified.toInstant().isBefore(Instant.now().minusSeconds(2));
    }
  }

  /**
   * Reads a bundle's file; what is wrong with it is a problem. An encoder and a generator are
   * opened of the same file, so what was found is kept for a while.
   */
  static Optional<TokenizerFile> read(Path folder, Problems problems) {
    String name = "tokenizer.json";
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      problems.add("%s is missing; a bundle needs it", name);
      return Optional.empty();
    }
    try {
      Version version = Version.of(file);
      synchronized (READ) {
        TokenizerFile known = READ.get(version);
        if (known != null) {
          return Optional.of(known);
        }
      }
      Optional<TokenizerFile> found = parse(version, name, problems);
      if (found.isPresent() && version.isSettled()) {
        synchronized (READ) {
          READ.put(version, found.get());
        }
      }
      return found;
    } catch (JsonProcessingException e) {
      problems.add("%s is not valid JSON: %s", name, e.getOriginalMessage());
    } catch (IOException e) {
      problems.add("%s cannot be read: %s", name, e);
    }
    return Optional.empty();
  }

  private static Optional<TokenizerFile> parse(Version version, String name, Problems problems)
      throws IOException {
    Path file = version.file();
    if (version.bytes() > Json.LARGEST_FILE) {
      problems.add(
          "%s has %d bytes; at most %d are read", name, version.bytes(), Json.LARGEST_FILE);
      return Optional.empty();
    }
    ImmutableList.Builder<Added> added = ImmutableList.builder();
    Model model = new Model();
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
          largest = Math.max(largest, model.read(json));
        } else {
          json.skipChildren();
        }
      }
    }
    if (!model.mergesFitPrefix()) {
      problems.add(
          "%s: model.continuing_subword_prefix is '%s', but the second part of a merge does not"
              + " begin with it",
          name, model.prefix);
      return Optional.empty();
    }
    return Optional.of(new TokenizerFile(file, added.build(), largest));
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

  /**
   * What is read of the model. The library cuts the prefix off the second part of each merge
   * without looking, which would end the process where it is not there.
   */
  private static final class Model {
    private String prefix = "";

    /** What the second parts of all merges have in common at their beginning. */
    private @Nullable String common;

    boolean mergesFitPrefix() {
      return prefix.isEmpty() || common == null || common.startsWith(prefix);
    }

    /** Returns the largest id. */
    int read(JsonParser json) throws IOException {
      int largest = -1;
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String field = json.currentName();
        JsonToken value = json.nextToken();
        if (field.equals("continuing_subword_prefix") && value == JsonToken.VALUE_STRING) {
          prefix = json.getText();
        } else if (field.equals("merges") && value == JsonToken.START_ARRAY) {
          merges(json);
        } else if (field.equals("vocab")) {
          largest = Math.max(largest, vocabulary(json, value));
        } else {
          json.skipChildren();
        }
      }
      return largest;
    }

    /** Merges are texts "a b", or pairs. */
    private void merges(JsonParser json) throws IOException {
      for (JsonToken merge = json.nextToken();
          merge != JsonToken.END_ARRAY && merge != null;
          merge = json.nextToken()) {
        if (merge == JsonToken.VALUE_STRING) {
          String text = json.getText();
          second(text.substring(text.lastIndexOf(' ') + 1));
        } else if (merge == JsonToken.START_ARRAY) {
          int part = 0;
          while (json.nextToken() != JsonToken.END_ARRAY) {
            if (part++ == 1 && json.currentToken() == JsonToken.VALUE_STRING) {
              second(json.getText());
            }
            json.skipChildren();
          }
        } else {
          json.skipChildren();
        }
      }
    }

    private void second(String text) {
      common = common == null ? text : Strings.commonPrefix(common, text);
    }

    private static int vocabulary(JsonParser json, JsonToken value) throws IOException {
      int largest = -1;
      if (value == JsonToken.START_ARRAY) {
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
      return largest;
    }
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
