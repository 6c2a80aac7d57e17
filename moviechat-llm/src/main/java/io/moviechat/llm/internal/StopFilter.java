package io.moviechat.llm.internal;

import io.moviechat.TokenListener;
import java.util.List;

/**
 * Passes pieces of text on to a listener, up to the first stop string; a text that could become one
 * waits.
 */
public final class StopFilter {
  private final List<String> stops;
  private final TokenListener listener;
  private final StringBuilder text = new StringBuilder();
  private final StringBuilder held = new StringBuilder();
  private boolean stopped;

  public StopFilter(List<String> stops, TokenListener listener) {
    this.stops = stops;
    this.listener = listener;
  }

  /** Takes one more piece; true if a stop string came, after which nothing more is taken. */
  public boolean take(String piece) {
    if (stopped) {
      return true;
    }
    held.append(piece);
    int first = -1;
    for (String stop : stops) {
      int found = held.indexOf(stop);
      if (found >= 0 && (first < 0 || found < first)) {
        first = found;
      }
    }
    if (first >= 0) {
      stopped = true;
      emit(first);
      held.setLength(0);
      return true;
    }
    int waiting = 0;
    for (String stop : stops) {
      for (int n = Math.min(stop.length() - 1, held.length()); n > waiting; n--) {
        if (stop.startsWith(held.substring(held.length() - n))) {
          waiting = n;
        }
      }
    }
    emit(held.length() - waiting);
    return false;
  }

  /** Gives what still waits. */
  public void end() {
    emit(held.length());
  }

  public boolean stopped() {
    return stopped;
  }

  /** All that was passed on. */
  public String text() {
    return text.toString();
  }

  private void emit(int length) {
    if (length > 0) {
      String piece = held.substring(0, length);
      held.delete(0, length);
      text.append(piece);
      listener.onText(piece);
    }
  }
}
