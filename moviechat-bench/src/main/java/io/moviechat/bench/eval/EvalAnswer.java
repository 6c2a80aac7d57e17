package io.moviechat.bench.eval;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/** A line of the journal: what one cell replied to one question, or why it did not. */
final class EvalAnswer {
  private final ObjectNode json;

  EvalAnswer(String item, String cell) {
    json = Json.MAPPER.createObjectNode().put("item", item).put("cell", cell);
  }

  private EvalAnswer(ObjectNode json) {
    this.json = json;
  }

  static EvalAnswer of(JsonNode json) {
    return new EvalAnswer((ObjectNode) json);
  }

  EvalAnswer reply(String text) {
    json.put("reply", text);
    return this;
  }

  /**
   * @param kind {@code missing} or {@code broken} film, {@code outside} of it, {@code failed} when
   *     asked, {@code later} than the moment
   */
  EvalAnswer error(String kind, String message) {
    json.putObject("error").put("kind", kind).put("message", message);
    return this;
  }

  /** Frames seen, and the part of the film that what the model was given stands for. */
  EvalAnswer seen(long frames, List<Span> evidence) {
    json.put("frames", frames);
    Span.write(json, "evidence", evidence);
    return this;
  }

  EvalAnswer put(String name, double value) {
    json.put(name, value);
    return this;
  }

  EvalAnswer usage(int promptTokens, int tokens) {
    json.putObject("usage").put("prompt", promptTokens).put("out", tokens);
    return this;
  }

  EvalAnswer millis(long watch, long answer) {
    json.putObject("ms").put("watch", watch).put("answer", answer);
    return this;
  }

  String item() {
    return json.path("item").asText();
  }

  String cell() {
    return json.path("cell").asText();
  }

  Optional<String> reply() {
    return json.has("reply") ? Optional.of(json.get("reply").asText()) : Optional.empty();
  }

  /** Kind of what went wrong; blank if nothing did. */
  String errorKind() {
    return json.path("error").path("kind").asText("");
  }

  long frames() {
    return json.path("frames").asLong(0);
  }

  List<Span> evidence() {
    return Span.read(json.path("evidence"));
  }

  double number(String name) {
    return json.path(name).asDouble(Double.NaN);
  }

  int promptTokens() {
    return json.path("usage").path("prompt").asInt(0);
  }

  long watchMillis() {
    return json.path("ms").path("watch").asLong(0);
  }

  ObjectNode toJson() {
    return json;
  }
}
