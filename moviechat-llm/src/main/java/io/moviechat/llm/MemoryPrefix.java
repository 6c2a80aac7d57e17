package io.moviechat.llm;

import io.moviechat.InferenceException;
import io.moviechat.MemorySnapshot;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What the sessions about one view share: the caches of the system prompt and the video, so that a
 * second question reads only itself. One at a time is kept, that of the last system prompt. Closed
 * with the last session.
 */
final class MemoryPrefix {
  /** The rows that stand in a prompt where a slot is announced. */
  interface VisualRows {
    /** All rows of a slot, in a buffer of the caller's own. */
    FloatBuffer rows(int slot);
  }

  private final Decoder decoder;
  private final MemorySnapshot memory;
  private final VisualRows visual;
  private int[] ids = new int[0];
  private @Nullable KvBlock block;
  private int sessions;
  private boolean checked;

  MemoryPrefix(Decoder decoder, MemorySnapshot memory, VisualRows visual) {
    this.decoder = decoder;
    this.memory = memory;
    this.visual = visual;
  }

  synchronized void enter() {
    sessions++;
  }

  /** Whether nobody else may ask about the view meanwhile, unless a session is opened. */
  synchronized boolean isOfOneSession() {
    return sessions == 1;
  }

  /** True if the last session left. */
  synchronized boolean leave() {
    sessions--;
    return sessions == 0;
  }

  /** The caches of a prompt's prefix with one more user, if they are there. */
  synchronized @Nullable KvBlock find(Prompt prompt) {
    return isKept(prompt) && block != null ? block.retain() : null;
  }

  private boolean isKept(Prompt prompt) {
    return prompt.prefix() > 0 && prompt.samePrefix(ids);
  }

  /**
   * Hands over the caches of a prompt's prefix, if they are there: the answer goes on in them and
   * keeps what it ends with, cut to the prefix. So an answer needs no block beside the prefix.
   */
  synchronized @Nullable KvBlock take(Prompt prompt) {
    if (!isKept(prompt)) {
      return null;
    }
    KvBlock found = block;
    block = null;
    return found;
  }

  /** Keeps the caches of a prompt's prefix. */
  synchronized void keep(Prompt prompt, KvBlock read) {
    drop();
    ids = prompt.prefixIds();
    block = read.retain();
  }

  synchronized void drop() {
    KvBlock old = block;
    block = null;
    if (old != null && old.release()) {
      old.close();
    }
  }

  /** Bytes of the caches that are kept. */
  synchronized long bytes() {
    KvBlock kept = block;
    return kept == null ? 0 : kept.bytes();
  }

  /** Refuses tokens that would make every later score meaningless. */
  private synchronized void checkFinite() {
    if (checked) {
      return;
    }
    for (int i = 0; i < memory.slots().size(); i++) {
      FloatBuffer tokens = memory.slots().get(i).tokens();
      for (int j = 0; j < tokens.limit(); j++) {
        if (!Float.isFinite(tokens.get(j))) {
          throw new InferenceException(
              "memory slot "
                  + i
                  + " has a token value that is not a number ("
                  + tokens.get(j)
                  + " at "
                  + j
                  + "); was the memory made by this model's encoder?");
        }
      }
    }
    checked = true;
  }

  /** Writes the rows of slots that lie in a chunk of a prompt. */
  void overwrite(Prompt prompt, int from, int count, FloatBuffer chunk) {
    checkFinite();
    int rows = prompt.rowsPerSlot();
    int width = decoder.spec().width();
    for (Prompt.VisualSpan span : prompt.spans()) {
      int first = Math.max(span.start(), from);
      int end = Math.min(span.start() + rows, from + count);
      if (first < end) {
        FloatBuffer tokens = visual.rows(span.slot());
        tokens.position((first - span.start()) * width).limit((end - span.start()) * width);
        chunk.position((first - from) * width);
        chunk.put(tokens);
      }
    }
    chunk.rewind();
  }
}
