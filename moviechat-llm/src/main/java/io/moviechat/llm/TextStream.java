package io.moviechat.llm;

import io.moviechat.TokenListener;
import io.moviechat.llm.internal.StopFilter;
import io.moviechat.llm.internal.Tokenizer;
import java.util.Arrays;
import java.util.List;

/**
 * Turns generated ids into pieces of text as they come: whole characters only, nothing of a stop
 * string. The pieces in order are the answer's text.
 *
 * <p>A byte-level token can end inside a character, so the last few ids are decoded again with each
 * new one, and what ends in U+FFFD waits.
 */
final class TextStream {
  /** A character has at most four bytes: more ids than that cannot be one cut character. */
  private static final int LONGEST_WAIT = 8;

  private final Tokenizer tokenizer;
  private final StopFilter filter;
  private int[] ids = new int[64];
  private int size;
  private int contextFrom;
  private int readTo;
  private boolean dropBlank;

  /**
   * @param dropBlank whether a blank at the very beginning is no part of the answer
   */
  TextStream(Tokenizer tokenizer, List<String> stops, boolean dropBlank, TokenListener listener) {
    this.tokenizer = tokenizer;
    this.filter = new StopFilter(stops, listener);
    this.dropBlank = dropBlank;
  }

  /** Takes one more id; true if a stop string came. */
  boolean add(int id) {
    if (size == ids.length) {
      ids = Arrays.copyOf(ids, 2 * size);
    }
    ids[size++] = id;
    decode(false);
    return filter.stopped();
  }

  /** Gives what still waits. */
  void end() {
    if (!filter.stopped()) {
      decode(true);
      filter.end();
    }
  }

  String text() {
    return filter.text();
  }

  private void decode(boolean last) {
    if (readTo == size) {
      return;
    }
    String before = tokenizer.decode(ids, contextFrom, readTo, true);
    String after = tokenizer.decode(ids, contextFrom, size, true);
    boolean cut = after.endsWith("\ufffd") && size - readTo <= LONGEST_WAIT;
    if (cut && !last) {
      return;
    }
    if (after.length() > before.length() && after.startsWith(before)) {
      take(after.substring(before.length()));
    }
    contextFrom = readTo;
    readTo = size;
  }

  private void take(String piece) {
    String fresh = piece;
    if (dropBlank) {
      fresh = piece.startsWith(" ") ? piece.substring(1) : piece;
      dropBlank = false;
    }
    filter.take(fresh);
  }
}
