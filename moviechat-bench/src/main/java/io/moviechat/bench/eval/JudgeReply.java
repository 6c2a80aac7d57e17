package io.moviechat.bench.eval;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.moviechat.bench.eval.Judge.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Reads what a judge wrote: the first balanced braces that hold what was asked for, as JSON or as a
 * Python dictionary. Whatever the text is, it gives a verdict or none, and never fails.
 */
final class JudgeReply {
  private static final int LONGEST = 4096;

  private static final JsonMapper TOLERANT =
      JsonMapper.builder()
          .enable(JsonReadFeature.ALLOW_SINGLE_QUOTES)
          .enable(JsonReadFeature.ALLOW_UNQUOTED_FIELD_NAMES)
          .enable(JsonReadFeature.ALLOW_TRAILING_COMMA)
          .build();

  private JudgeReply() {}

  static Optional<Verdict> verdict(String reply) {
    for (JsonNode json : objects(reply)) {
      String pred = json.path("pred").asText("").strip().toLowerCase(Locale.ROOT);
      OptionalDouble score = number(json.path("score"));
      if ((pred.equals("yes") || pred.equals("no"))
          && score.isPresent()
          && score.getAsDouble() >= 0
          && score.getAsDouble() <= 5) {
        return Optional.of(new Verdict(pred.equals("yes"), Math.round(score.getAsDouble())));
      }
    }
    return Optional.empty();
  }

  static Optional<List<Integer>> marks(String reply, List<String> criteria) {
    for (JsonNode json : objects(reply)) {
      List<Integer> marks = new ArrayList<>();
      for (String criterion : criteria) {
        OptionalDouble mark = number(json.path(criterion));
        if (mark.isPresent() && mark.getAsDouble() >= 1 && mark.getAsDouble() <= 5) {
          marks.add((int) Math.round(mark.getAsDouble()));
        }
      }
      if (marks.size() == criteria.size()) {
        return Optional.of(marks);
      }
    }
    return Optional.empty();
  }

  private static OptionalDouble number(JsonNode node) {
    if (node.isNumber()) {
      return OptionalDouble.of(node.asDouble());
    }
    try {
      return node.isTextual()
          ? OptionalDouble.of(Double.parseDouble(node.asText().strip()))
          : OptionalDouble.empty();
    } catch (NumberFormatException e) {
      return OptionalDouble.empty();
    }
  }

  private static List<JsonNode> objects(String reply) {
    String text = reply.length() <= LONGEST ? reply : reply.substring(0, LONGEST);
    List<JsonNode> objects = new ArrayList<>();
    int from = 0;
    while (true) {
      int start = text.indexOf('{', from);
      int end = start < 0 ? -1 : closing(text, start);
      if (start < 0) {
        return objects;
      }
      if (end < 0) { // an outer brace that is never closed may hold a whole object
        from = start + 1;
        continue;
      }
      parse(text.substring(start, end + 1)).ifPresent(objects::add);
      from = start + 1;
    }
  }

  private static int closing(String text, int start) {
    int depth = 0;
    for (int i = start; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '{') {
        depth++;
      } else if (c == '}' && --depth == 0) {
        return i;
      }
    }
    return -1;
  }

  private static Optional<JsonNode> parse(String braces) {
    try {
      JsonNode json = TOLERANT.readTree(braces);
      return json != null && json.isObject() ? Optional.of(json) : Optional.empty();
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }
}
