package io.moviechat.llm;

import java.util.Arrays;

/**
 * Guesses what an answer goes on with: what followed when its last tokens stood in the prompt, or
 * in the answer itself, before (prompt lookup decoding, Saxena 2023; the numbers are those of
 * Hugging Face's generation). Not thread-safe.
 */
final class PromptLookup {
  private static final int LONGEST_MATCH = 3;
  private static final int SHORTEST_MATCH = 2;
  private static final int NOT_TEXT = -1;
  private static final int[] NONE = {};

  private final int most;
  private int[] ids;
  private int length;

  /**
   * @param textIds of the prompt, below 0 where pictures are; kept
   * @param most guesses at a time, 0 for none
   */
  PromptLookup(int[] textIds, int most) {
    this.ids = textIds;
    this.length = textIds.length;
    this.most = most;
  }

  static PromptLookup of(Prompt prompt, int most) {
    if (most == 0) {
      return new PromptLookup(NONE, 0);
    }
    int[] ids = prompt.ids();
    for (Prompt.VisualSpan span : prompt.spans()) {
      Arrays.fill(ids, span.start(), span.start() + prompt.rowsPerSlot(), NOT_TEXT);
    }
    return new PromptLookup(ids, most);
  }

  /** Another token of the answer. */
  void add(int id) {
    if (most == 0) {
      return;
    }
    if (length == ids.length) {
      ids = Arrays.copyOf(ids, 2 * length + 64);
    }
    ids[length++] = id;
  }

  /** At most so many guesses of what comes next; the latest place that fits is taken. */
  int[] guess(int room) {
    int wanted = Math.min(most, room);
    if (wanted <= 0) {
      return NONE;
    }
    for (int match = LONGEST_MATCH; match >= SHORTEST_MATCH; match--) {
      for (int end = length - 1; end >= match; end--) {
        if (Arrays.equals(ids, end - match, end, ids, length - match, length)) {
          int to = end;
          while (to < length && to - end < wanted && ids[to] > NOT_TEXT) {
            to++;
          }
          if (to > end && ids[length - match] > NOT_TEXT) {
            return Arrays.copyOfRange(ids, end, to);
          }
        }
      }
    }
    return NONE;
  }
}
