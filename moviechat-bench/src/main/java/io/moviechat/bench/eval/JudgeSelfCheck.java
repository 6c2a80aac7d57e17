package io.moviechat.bench.eval;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moviechat.bench.eval.Judge.Verdict;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Forty replies whose verdict is beyond doubt, put to a judge before it is believed: synonyms,
 * number words, negations, empty and degenerate replies, replies that talk to the judge.
 */
final class JudgeSelfCheck {
  private static final String PAIRS = "judge-self-check.jsonl";

  private JudgeSelfCheck() {}

  /**
   * How far a judge agrees.
   *
   * @param agreed replies on which the judge says what everybody does
   * @param failed replies on which it gave no verdict
   * @param of replies in all
   * @param wrongByKind how many of each kind it got wrong
   */
  record Result(int agreed, int failed, int of, Map<String, Integer> wrongByKind) {
    ObjectNode toJson() {
      ObjectNode json = Json.MAPPER.createObjectNode();
      json.put("agreed", agreed).put("failed", failed).put("of", of);
      wrongByKind.forEach(json.putObject("wrong")::put);
      return json;
    }
  }

  static Result of(Judge judge) {
    int agreed = 0;
    int failed = 0;
    Map<String, Integer> wrong = new TreeMap<>();
    List<JsonNode> pairs = pairs();
    for (JsonNode pair : pairs) {
      Optional<Verdict> verdict =
          judge.judge(
              pair.path("question").asText(),
              pair.path("truth").asText(),
              pair.path("reply").asText());
      if (verdict.isEmpty()) {
        failed++;
      } else if (verdict.get().correct() == pair.path("correct").asBoolean()) {
        agreed++;
      } else {
        wrong.merge(pair.path("kind").asText(), 1, Integer::sum);
      }
    }
    return new Result(agreed, failed, pairs.size(), wrong);
  }

  static List<JsonNode> pairs() {
    List<JsonNode> pairs = new ArrayList<>();
    try (InputStream in = JudgeSelfCheck.class.getResourceAsStream(PAIRS)) {
      if (in == null) {
        throw new IllegalStateException("the resource " + PAIRS + " is missing");
      }
      BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        pairs.add(Json.MAPPER.readTree(line));
      }
    } catch (IOException e) {
      throw new IllegalStateException("the resource " + PAIRS + " cannot be read", e);
    }
    return pairs;
  }
}
