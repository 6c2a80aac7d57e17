package io.moviechat.batch;

import java.time.Duration;
import java.util.Locale;

/** Writes one JSON object in one line. */
final class JsonLine {
  private final StringBuilder text = new StringBuilder("{");

  JsonLine put(String name, String value) {
    name(name);
    string(value);
    return this;
  }

  JsonLine put(String name, long value) {
    name(name);
    text.append(value);
    return this;
  }

  JsonLine put(String name, boolean value) {
    name(name);
    text.append(value);
    return this;
  }

  JsonLine seconds(String name, Duration value) {
    name(name);
    text.append(String.format(Locale.ROOT, "%.3f", value.toNanos() / 1e9));
    return this;
  }

  /** Puts an array whose elements are JSON already. */
  JsonLine putAll(String name, Iterable<JsonLine> elements) {
    name(name);
    text.append('[');
    String separator = "";
    for (JsonLine element : elements) {
      text.append(separator).append(element.end());
      separator = ",";
    }
    text.append(']');
    return this;
  }

  String end() {
    return text + "}";
  }

  private void name(String name) {
    if (text.length() > 1) {
      text.append(',');
    }
    string(name);
    text.append(':');
  }

  private void string(String value) {
    text.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '"', '\\' -> text.append('\\').append(c);
        case '\n' -> text.append("\\n");
        case '\r' -> text.append("\\r");
        case '\t' -> text.append("\\t");
        default -> {
          // A lone surrogate has no UTF-8; U+2028 and U+2029 end lines for some readers.
          if (c < ' ' || Character.isSurrogate(c) || c == '\u2028' || c == '\u2029') {
            text.append(String.format("\\u%04x", (int) c));
          } else {
            text.append(c);
          }
        }
      }
    }
    text.append('"');
  }
}
