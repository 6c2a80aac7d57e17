package io.moviechat.llm;

import io.moviechat.InferenceException;
import io.moviechat.llm.internal.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A prompt as token ids, with the places where visual rows go. Built piece by piece by a {@link
 * Family}; text of users is encoded so that special tokens typed into it stay mere text.
 */
final class Prompt {
  /**
   * The rows of one memory slot.
   *
   * @param start index of the first row among the prompt's ids
   * @param slot which slot
   */
  record VisualSpan(int start, int slot) {}

  private final int[] ids;
  private final List<VisualSpan> spans;
  private final RowGrid grid;
  private final int[][] positions;
  private final int prefix;
  private final String text;

  private Prompt(Builder builder) {
    ids = Arrays.copyOf(builder.ids, builder.size);
    spans = List.copyOf(builder.spans);
    grid = builder.grid;
    positions = positions(ids.length, spans, grid);
    prefix = builder.prefix;
    text = builder.text.toString();
  }

  int length() {
    return ids.length;
  }

  int id(int index) {
    return ids[index];
  }

  int[] ids() {
    return ids.clone();
  }

  List<VisualSpan> spans() {
    return spans;
  }

  int rowsPerSlot() {
    return grid.rows();
  }

  /**
   * A token's position in time (0), height (1) or width (2). Text counts on in all three; a picture
   * stands still in time and spreads out in the plane; what follows goes on behind the largest
   * number of the picture (get_rope_index of Qwen2-VL).
   */
  long position(int axis, int index) {
    return positions[axis][index];
  }

  /** The position of what comes behind the first tokens. */
  long nextPosition(int count) {
    return positions[0][count];
  }

  private static int[][] positions(int length, List<VisualSpan> spans, RowGrid grid) {
    int[][] positions = new int[3][length + 1];
    int next = 0;
    int at = 0;
    for (VisualSpan span : spans) {
      while (at < span.start()) {
        set(positions, at++, next++);
      }
      for (int row = 0; row < grid.height(); row++) {
        for (int column = 0; column < grid.width(); column++, at++) {
          positions[0][at] = next;
          positions[1][at] = next + row;
          positions[2][at] = next + column;
        }
      }
      next += Math.max(grid.height(), grid.width());
    }
    while (at <= length) {
      set(positions, at++, next++);
    }
    return positions;
  }

  private static void set(int[][] positions, int index, int value) {
    for (int[] axis : positions) {
      axis[index] = value;
    }
  }

  /** How many ids come before the question: the same for every question about a view. */
  int prefix() {
    return prefix;
  }

  /** The whole prompt as text, placeholders repeated. */
  String text() {
    return text;
  }

  /** Whether another prompt begins with the same ids and visual rows. */
  boolean samePrefix(int[] otherIds) {
    return prefix == otherIds.length && Arrays.equals(ids, 0, prefix, otherIds, 0, otherIds.length);
  }

  int[] prefixIds() {
    return Arrays.copyOf(ids, prefix);
  }

  /** Collects pieces. */
  static final class Builder {
    private final Tokenizer tokenizer;
    private final Family family;
    private final int placeholderId;
    private final RowGrid grid;
    private final Pattern reserved;
    private final List<VisualSpan> spans = new ArrayList<>();
    private final StringBuilder chunk = new StringBuilder();
    private final StringBuilder text = new StringBuilder();
    private int[] ids = new int[1024];
    private int size;
    private int prefix;
    private boolean first = true;

    /**
     * @param family whose placeholder stands where a visual row goes
     * @param grid how the visual rows of each slot lie
     * @param reserved tokens that users' text must not become
     */
    Builder(Tokenizer tokenizer, Family family, int placeholderId, RowGrid grid, Pattern reserved) {
      this.tokenizer = tokenizer;
      this.family = family;
      this.placeholderId = placeholderId;
      this.grid = grid;
      this.reserved = reserved;
    }

    /** Text of the template, special tokens included. */
    Builder template(String piece) {
      chunk.append(piece);
      text.append(piece);
      return this;
    }

    /** Text of a user or of an answer: special tokens in it are encoded as plain text. */
    Builder user(String piece) {
      int from = 0;
      for (Matcher found = reserved.matcher(piece); found.find(from); ) {
        // Encoded in two parts, neither of which is the token.
        int cut = found.start() + Character.charCount(piece.codePointAt(found.start()));
        chunk.append(piece, from, cut);
        flush();
        from = cut;
      }
      chunk.append(piece, from, piece.length());
      text.append(piece);
      return this;
    }

    /** The visual rows of a slot. */
    Builder slot(int slot) {
      flush();
      spans.add(new VisualSpan(size, slot));
      int rows = grid.rows();
      reserve(rows);
      Arrays.fill(ids, size, size + rows, placeholderId);
      size += rows;
      text.append(family.placeholder().repeat(rows));
      return this;
    }

    /**
     * Marks the end of what all questions about a view share. Stands right after a special token or
     * a slot, where encoding in two parts gives the ids of the whole.
     */
    Builder endOfMemory() {
      flush();
      prefix = size;
      return this;
    }

    Prompt build() {
      flush();
      if (size == 0) {
        throw new InferenceException("the prompt has no tokens at all");
      }
      return new Prompt(this);
    }

    private void flush() {
      if (chunk.length() == 0 && !first) {
        return;
      }
      // Tokenizers of Llama put a blank before a text, which a later part is not: it is encoded
      // behind a special token, as it stands in the whole.
      String part = first ? chunk.toString() : family.placeholder() + chunk;
      int[] encoded = tokenizer.encode(part, first && !family.writesBeginToken());
      int from = first ? 0 : 1;
      first = false;
      chunk.setLength(0);
      reserve(encoded.length - from);
      System.arraycopy(encoded, from, ids, size, encoded.length - from);
      size += encoded.length - from;
    }

    private void reserve(int count) {
      if (size + count > ids.length) {
        ids = Arrays.copyOf(ids, Math.max(2 * ids.length, size + count));
      }
    }
  }
}
