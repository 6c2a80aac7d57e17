package io.moviechat.llm.remote;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moviechat.GenerationOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which of a request's parameters a server is not sent, or under another name: what the caller
 * says, and what the server has taught by refusing. Thread-safe.
 */
final class Parameters {
  private static final Pattern NAME =
      Pattern.compile("\\b(max_tokens|stream_options|seed|temperature)\\b");
  private static final Pattern UNKNOWN =
      Pattern.compile(
          "unsupported|not support|unrecognized|unknown|extra|not permitted|not"
              + " allowed|unexpected");
  private static final String MAX_COMPLETION_TOKENS = "max_completion_tokens";

  private final Set<String> leftOut = ConcurrentHashMap.newKeySet();
  private final Map<String, String> renamed = new ConcurrentHashMap<>();

  Parameters(Set<String> leftOut, Map<String, String> renamed) {
    this.leftOut.addAll(leftOut);
    this.renamed.putAll(renamed);
  }

  /** Changes a request to what the server takes. */
  void apply(ObjectNode body) {
    leftOut.forEach(body::remove);
    renamed.forEach(
        (name, other) -> {
          JsonNode value = body.remove(name);
          if (value != null) {
            body.set(other, value);
          }
        });
  }

  /**
   * Learns from a refusal. Only what the caller did not ask for is given up.
   *
   * @return what will be different in the next request; empty if another request will not help
   */
  Optional<String> learn(String refusal, GenerationOptions options) {
    String text = refusal.toLowerCase(Locale.ROOT);
    if (!UNKNOWN.matcher(text).find()) {
      return Optional.empty();
    }
    List<String> changes = new ArrayList<>();
    Matcher names = NAME.matcher(text);
    while (names.find()) {
      String name = names.group();
      boolean changed =
          switch (name) {
            case "max_tokens" ->
                text.contains(MAX_COMPLETION_TOKENS)
                    && renamed.putIfAbsent(name, MAX_COMPLETION_TOKENS) == null;
            case "stream_options" -> leftOut.add(name);
            case "seed" -> options.seed() == 0 && leftOut.add(name);
            case "temperature" -> options.temperature() == 0 && leftOut.add(name);
            default -> false;
          };
      if (changed) {
        changes.add(name);
      }
    }
    return changes.isEmpty() ? Optional.empty() : Optional.of(String.join(", ", changes));
  }
}
