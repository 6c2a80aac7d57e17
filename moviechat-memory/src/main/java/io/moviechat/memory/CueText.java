package io.moviechat.memory;

import static io.moviechat.internal.Checks.require;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moviechat.speech.Cue;
import io.moviechat.speech.Cues;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Cues as a memory file keeps them, JSON in UTF-8: {@code {"heard": 9e9, "cues": [{"start": ...,
 * "end": ..., "text": "...", "origin": "SPEECH", "language": "en", "probability": 0.9}]}}, times in
 * nanoseconds, with {@code read}, {@code forgotten} and {@code problem} where there is something to
 * tell.
 */
final class CueText {
  /** More than the cues of any movie take, whose number and characters are limited. */
  static final long MOST_BYTES = 256L << 20;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(4)
                          .maxNumberLength(30)
                          .maxStringLength(32 << 20)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private CueText() {}

  /** The bytes; none if nothing was heard. */
  static byte[] bytes(Cues cues) {
    if (cues.equals(Cues.NONE)) {
      return new byte[0];
    }
    ObjectNode root = MAPPER.createObjectNode();
    root.put("heard", cues.heard().toNanos());
    if (!cues.read().isZero()) {
      root.put("read", cues.read().toNanos());
    }
    if (cues.forgotten() > 0) {
      root.put("forgotten", cues.forgotten());
    }
    cues.problem().ifPresent(problem -> root.put("problem", problem));
    ArrayNode list = root.putArray("cues");
    for (Cue cue : cues.list()) {
      ObjectNode node =
          list.addObject()
              .put("start", cue.start().toNanos())
              .put("end", cue.end().toNanos())
              .put("text", cue.text())
              .put("origin", cue.origin().name());
      cue.language().ifPresent(language -> node.put("language", language));
      cue.probability().ifPresent(probability -> node.put("probability", probability));
    }
    try {
      return MAPPER.writeValueAsBytes(root);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Reads them.
   *
   * @throws JsonProcessingException if this is no JSON
   * @throws IllegalArgumentException if it says what no cue can
   */
  static Cues cues(byte[] bytes) throws IOException {
    JsonNode root = MAPPER.readTree(bytes);
    JsonNode list = root.path("cues");
    require(list.isArray() && list.size() <= Cues.MOST, "its cues are no list of possible length");
    List<Cue> cues = new ArrayList<>();
    for (JsonNode node : list) {
      cues.add(cue(node));
    }
    return Cues.of(cues)
        .withHeard(time(root, "heard"))
        .withRead(root.has("read") ? time(root, "read") : Duration.ZERO)
        .withForgotten(root.has("forgotten") ? number(root, "forgotten") : 0)
        .withProblem(root.has("problem") ? Optional.of(text(root, "problem")) : Optional.empty());
  }

  private static Cue cue(JsonNode node) {
    Cue cue =
        Cue.of(
            time(node, "start"),
            time(node, "end"),
            text(node, "text"),
            Cue.Origin.valueOf(text(node, "origin")));
    if (node.has("language")) {
      cue = cue.withLanguage(text(node, "language"));
    }
    if (node.has("probability")) {
      require(node.path("probability").isNumber(), "a cue's probability is no number");
      cue = cue.withProbability(node.path("probability").asDouble());
    }
    return cue;
  }

  private static Duration time(JsonNode node, String key) {
    return Duration.ofNanos(number(node, key));
  }

  private static long number(JsonNode node, String key) {
    JsonNode value = node.path(key);
    require(
        value.isIntegralNumber() && value.canConvertToLong() && value.asLong() >= 0,
        "its cues have a '%s' that is no number from zero on",
        key);
    return value.asLong();
  }

  private static String text(JsonNode node, String key) {
    require(node.path(key).isTextual(), "its cues have a '%s' that is no text", key);
    return node.path(key).asText();
  }
}
