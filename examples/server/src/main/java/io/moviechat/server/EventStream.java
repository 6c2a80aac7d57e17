package io.moviechat.server;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Server-sent events to one client. One thread at a time. */
final class EventStream {
  private final OutputStream out;

  EventStream(HttpServletResponse response) throws IOException {
    response.setStatus(200);
    response.setContentType("text/event-stream; charset=utf-8");
    response.setHeader("Cache-Control", "no-store");
    response.setHeader("X-Accel-Buffering", "no");
    out = response.getOutputStream();
    ping();
  }

  /**
   * Sends an event.
   *
   * @throws IOException if the client has gone
   */
  void event(String name, Object json) throws IOException {
    send("event: " + name + "\ndata: " + Json.text(json) + "\n\n");
  }

  /** Sends data without a name. */
  void data(String line) throws IOException {
    send("data: " + line + "\n\n");
  }

  /** Sends nothing that a reader sees, to find out whether the client is still there. */
  void ping() throws IOException {
    send(":\n\n");
  }

  private void send(String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.UTF_8));
    out.flush();
  }
}
