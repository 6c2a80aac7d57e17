package io.moviechat.llm.remote;

import io.moviechat.InferenceException;
import io.moviechat.llm.internal.HttpBody;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * A response's bytes as lines, which end in CR, LF or both, as server-sent events may. One taker.
 */
final class EventLines {
  /** A longer line is no event of ours. */
  private static final int LONGEST_LINE = 1 << 20;

  final HttpBody body = new HttpBody();
  private final Deque<ByteBuffer> buffers = new ArrayDeque<>();
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private boolean afterReturn;
  private boolean ended;

  /** Whether all was taken. */
  boolean ended() {
    return ended;
  }

  /** Why it ended early, in brackets; empty if it did not. */
  String failure() {
    return body.error().map(error -> " (" + error + ")").orElse("");
  }

  /** The next line, or null if there is none within that time or the end was reached. */
  @Nullable String next(Duration wait) throws InterruptedException {
    while (!ended) {
      ByteBuffer bytes = buffers.peek();
      if (bytes == null) {
        buffers.addAll(body.next(wait));
        if (buffers.isEmpty()) {
          ended = body.ended();
          return ended && line.size() > 0 ? taken() : null;
        }
        continue;
      }
      while (bytes.hasRemaining()) {
        byte b = bytes.get();
        if (b == '\n' && afterReturn) { // the second half of a line's end
          afterReturn = false;
          continue;
        }
        afterReturn = b == '\r';
        if (b == '\n' || b == '\r') {
          return taken();
        }
        line.write(b);
        if (line.size() > LONGEST_LINE) {
          throw new InferenceException(
              "the server sent a line of more than " + LONGEST_LINE + " bytes");
        }
      }
      buffers.remove();
    }
    return null;
  }

  private String taken() {
    String text = line.toString(StandardCharsets.UTF_8);
    line.reset();
    return text;
  }
}
