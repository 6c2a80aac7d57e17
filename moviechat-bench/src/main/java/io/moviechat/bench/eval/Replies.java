package io.moviechat.bench.eval;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Replies of another system, from its own files: JSON or JSON Lines with an id and a reply in each
 * record, an object from ids to replies, Video-MME's submissions, OVO-Bench's results.
 */
final class Replies {
  private static final List<String> IDS = List.of("item", "question_id", "id", "q_uid", "uid");
  private static final List<String> TEXTS =
      List.of("reply", "response", "pred", "prediction", "answer", "option");

  private final Map<String, String> byItem = new LinkedHashMap<>();

  /** Replies whose id was there already: some results were numbered by an older edition. */
  private final List<JsonNode> repeated = new ArrayList<>();

  private final Dataset files = new Dataset();

  private Replies() {}

  static Replies read(Path root) throws IOException {
    Replies replies = new Replies();
    Annotations annotations = new Annotations(root, replies.files);
    for (Path file : annotations.files(name -> name.endsWith(".json") || name.endsWith(".jsonl"))) {
      annotations.records(file, replies::record);
    }
    if (replies.byItem.isEmpty()) {
      throw new IllegalArgumentException(
          "no reply could be read from "
              + root
              + (replies.files.problems().isEmpty()
                  ? ": no record has both an id and a reply"
                  : "; the first problem: " + replies.files.problems().get(0)));
    }
    return replies;
  }

  private void record(String where, JsonNode json) {
    if (json.has("backward") && json.has("realtime") && json.has("forward")) {
      for (String mode : List.of("backward", "realtime", "forward")) {
        json.get(mode).forEach(each -> record(where, each));
      }
    } else if (json.has("test_info")) {
      int n = 0;
      for (JsonNode test : json.get("test_info")) {
        put(where, json.path("id").asText() + "_" + n++, test.path("response"));
      }
    } else if (json.has("questions")) {
      json.get("questions").forEach(each -> record(where, each));
    } else {
      Optional<String> id = IDS.stream().filter(json::has).findFirst();
      Optional<String> text = TEXTS.stream().filter(json::has).findFirst();
      if (id.isPresent() && text.isPresent()) {
        String item = json.get(id.get()).asText();
        if (byItem.containsKey(item) && json.has("question")) {
          repeated.add(json);
        } else {
          put(where, item, json.get(text.get()));
        }
      } else {
        json.properties().forEach(each -> keyed(where, each.getKey(), each.getValue()));
      }
    }
  }

  /** {@code {"id": "reply"}}, or NExT-QA's {@code {"id": {"prediction": 2}}}, an option. */
  private void keyed(String where, String id, JsonNode value) {
    Optional<String> text = TEXTS.stream().filter(value::has).findFirst();
    if (value.isValueNode()) {
      put(where, id, value);
    } else if (text.isPresent()) {
      JsonNode reply = value.get(text.get());
      boolean position = reply.isInt() && reply.asInt() >= 0 && reply.asInt() < Letters.MOST;
      put(where, id, position ? Letters.of(reply.asInt()) : reply.asText());
    } else {
      files.problem(where + ": " + id + " has no reply");
    }
  }

  /** A list is taken for its first element: that is how some systems wrap their only reply. */
  private void put(String where, String id, JsonNode reply) {
    JsonNode first = reply.isArray() && !reply.isEmpty() ? reply.get(0) : reply;
    put(where, id, first.isNull() || first.isMissingNode() ? "" : first.asText());
  }

  private void put(String where, String id, String text) {
    String before = byItem.putIfAbsent(id, text);
    if (before != null && !before.equals(text)) {
      files.problem(where + ": another reply to " + id + " is left out");
    }
  }

  /**
   * The reply to an item: that of its id; or else one whose id is another question's too, if it has
   * this one's words and, where it tells the truth's letter, this one's truth.
   */
  Optional<String> to(EvalItem item) {
    String reply = byItem.get(item.id());
    return reply != null
        ? Optional.of(reply)
        : repeated.stream()
            .filter(json -> json.path("question").asText().strip().equals(item.question()))
            .filter(json -> hasTruthOf(item, json.path("ground_truth").asText("")))
            .findFirst()
            .flatMap(json -> TEXTS.stream().filter(json::has).findFirst().map(json::get))
            .map(JsonNode::asText);
  }

  private static boolean hasTruthOf(EvalItem item, String letter) {
    return letter.isEmpty()
        || Letters.indexOf(letter, item.options().size()).equals(item.answerIndex());
  }

  List<String> problems() {
    return files.problems();
  }

  Map<String, String> hashes() {
    return files.hashes();
  }
}
