package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Reads JSON without a tree: enough for tests. */
final class JsonLeaves {
  private JsonLeaves() {}

  /** Leaves of the only JSON object in a text, by path; an array's path ends with []. */
  static Map<String, List<String>> of(String text) {
    Map<String, List<String>> leaves = new TreeMap<>();
    try (JsonParser parser = new JsonFactory().createParser(text)) {
      assertThat(parser.nextToken()).isEqualTo(JsonToken.START_OBJECT);
      int depth = 1;
      while (depth > 0) {
        JsonToken token = parser.nextToken();
        if (token.isStructStart()) {
          depth++;
        } else if (token.isStructEnd()) {
          depth--;
        } else if (token.isScalarValue()) {
          String path = parser.getParsingContext().pathAsPointer().toString();
          leaves
              .computeIfAbsent(path.replaceAll("/\\d+", "[]"), key -> new ArrayList<>())
              .add(parser.getText());
        }
      }
      assertThat(parser.nextToken()).as("nothing after the object").isNull();
    } catch (IOException e) {
      throw new IllegalStateException(text, e);
    }
    return leaves;
  }
}
