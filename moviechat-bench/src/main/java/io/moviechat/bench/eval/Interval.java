package io.moviechat.bench.eval;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/**
 * A figure and where 95 % of its bootstrap samples lie.
 *
 * @param value the figure
 * @param low lower end
 * @param high upper end
 */
record Interval(double value, double low, double high) {
  ObjectNode toJson() {
    return Json.MAPPER.createObjectNode().put("value", value).put("low", low).put("high", high);
  }

  static Optional<Interval> fromJson(JsonNode json) {
    return json.has("value")
        ? Optional.of(
            new Interval(
                json.get("value").asDouble(),
                json.get("low").asDouble(),
                json.get("high").asDouble()))
        : Optional.empty();
  }
}
