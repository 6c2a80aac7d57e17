package io.moviechat.llm.remote;

import java.util.List;

/**
 * Takes a model's thoughts out of its answer: what stands in {@code <think>} or {@code <thinking>}
 * at the beginning. Servers that know their model send thoughts apart; the others leave the tags in
 * the text.
 */
final class ThinkingFilter {
  private static final List<String> TAGS = List.of("think>", "thinking>");

  private enum State {
    BEGINNING,
    INSIDE,
    AFTER,
    ANSWER
  }

  private final StringBuilder held = new StringBuilder();
  private State state = State.BEGINNING;
  private String end = "";
  private boolean thought;

  /** The part of the text so far that belongs to the answer and was not given yet. */
  String take(String piece) {
    held.append(piece);
    if (state == State.BEGINNING) {
      begin();
    }
    if (state == State.INSIDE) {
      int close = held.indexOf(end);
      if (close < 0) {
        held.delete(0, Math.max(0, held.length() - end.length()));
        return "";
      }
      held.delete(0, close + end.length());
      state = State.AFTER;
    }
    if (state == State.AFTER) {
      held.delete(0, leadingSpace());
      if (held.length() > 0) {
        state = State.ANSWER;
      }
    }
    return state == State.ANSWER ? rest() : "";
  }

  /** What waited for more text that did not come. */
  String finish() {
    return state == State.BEGINNING ? rest() : "";
  }

  /** Whether the model thought aloud. */
  boolean thought() {
    return thought;
  }

  private void begin() {
    String text = held.substring(leadingSpace());
    boolean mayBecomeTag = text.isEmpty();
    for (String tag : TAGS) {
      String open = "<" + tag;
      if (text.startsWith(open)) {
        held.delete(0, leadingSpace() + open.length());
        end = "</" + tag;
        thought = true;
        state = State.INSIDE;
        return;
      }
      mayBecomeTag |= open.startsWith(text);
    }
    if (!mayBecomeTag) {
      state = State.ANSWER;
    }
  }

  private int leadingSpace() {
    int n = 0;
    while (n < held.length() && Character.isWhitespace(held.charAt(n))) {
      n++;
    }
    return n;
  }

  private String rest() {
    String text = held.toString();
    held.setLength(0);
    return text;
  }
}
