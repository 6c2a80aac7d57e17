package io.moviechat.bench.eval;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * A part of a film.
 *
 * @param start seconds from the film's beginning
 * @param end seconds, not before the start
 */
record Span(double start, double end) {
  Span {
    if (!(start >= 0) || !(end >= start)) {
      throw new IllegalArgumentException("no span of time goes from " + start + " to " + end);
    }
  }

  boolean overlaps(Span other) {
    return start <= other.end && other.start <= end;
  }

  /** Length of what both have over length of what either has; 0 if both are single moments. */
  double intersectionOverUnion(Span other) {
    double both = Math.min(end, other.end) - Math.max(start, other.start);
    double either = Math.max(end, other.end) - Math.min(start, other.start);
    return both <= 0 || either <= 0 ? 0 : both / either;
  }

  static void write(ObjectNode json, String name, List<Span> spans) {
    if (!spans.isEmpty()) {
      ArrayNode array = json.putArray(name);
      spans.forEach(span -> array.addArray().add(span.start).add(span.end));
    }
  }

  static List<Span> read(JsonNode array) {
    List<Span> spans = new ArrayList<>();
    array.forEach(pair -> spans.add(new Span(pair.path(0).asDouble(), pair.path(1).asDouble())));
    return spans;
  }
}
