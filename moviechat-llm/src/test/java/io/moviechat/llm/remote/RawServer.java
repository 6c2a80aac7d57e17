package io.moviechat.llm.remote;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;

/**
 * A server that sends the very bytes that it is given, one response for each connection, and does
 * with an offer of HTTP/2 what it is told.
 */
final class RawServer implements AutoCloseable {
  /** What becomes of an offer to change to HTTP/2 ({@code Upgrade: h2c}). */
  enum Upgrade {
    /** As most do. */
    IGNORES,
    /** uvicorn with httptools, which vLLM's image runs: the body is dropped, and then missed. */
    DROPS_BODY,
    /** Node with a listener for upgrades, as in LM Studio: nobody ever answers. */
    NEVER_ANSWERS
  }

  private final ServerSocket socket;
  private final Upgrade upgrade;
  private final Deque<String> responses = new ConcurrentLinkedDeque<>();
  private final List<Socket> open = new java.util.concurrent.CopyOnWriteArrayList<>();

  /** Heads and bodies of the requests so far. */
  final Deque<String> requests = new ConcurrentLinkedDeque<>();

  RawServer(Upgrade upgrade) throws IOException {
    this.upgrade = upgrade;
    socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread thread = new Thread(this::serve, "raw-server");
    thread.setDaemon(true);
    thread.start();
  }

  URI address() {
    return URI.create("http://127.0.0.1:" + socket.getLocalPort() + "/v1");
  }

  /** Answers the next request with these bytes, then closes the connection. */
  RawServer then(String response) {
    responses.add(response);
    return this;
  }

  /** Answers with a status, a content type and a body. */
  RawServer then(int status, String type, String body) {
    return then("HTTP/1.1 " + status + " X\r\nContent-Type: " + type + "\r\n\r\n" + body);
  }

  /** Answers with a stream. */
  RawServer streams(String body) {
    return then(200, "text/event-stream; charset=utf-8", body);
  }

  private void serve() {
    while (true) {
      try {
        Socket client = socket.accept();
        open.add(client);
        Thread thread = new Thread(() -> answer(client), "raw-server-answer");
        thread.setDaemon(true);
        thread.start();
      } catch (SocketException e) {
        return; // closed
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private void answer(Socket client) {
    try (client) {
      InputStream in = client.getInputStream();
      ByteArrayOutputStream head = new ByteArrayOutputStream();
      while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
        int b = in.read();
        if (b < 0) {
          return;
        }
        head.write(b);
      }
      String text = head.toString(StandardCharsets.ISO_8859_1);
      int length =
          text.lines()
              .filter(line -> line.toLowerCase(java.util.Locale.ROOT).startsWith("content-length:"))
              .mapToInt(line -> Integer.parseInt(line.substring(15).strip()))
              .findFirst()
              .orElse(0);
      String body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
      requests.add(text + body);
      boolean offered = text.toLowerCase(java.util.Locale.ROOT).contains("upgrade: h2c");
      if (offered && upgrade == Upgrade.NEVER_ANSWERS) {
        Thread.sleep(60_000);
      }
      String response =
          offered && upgrade == Upgrade.DROPS_BODY
              ? "HTTP/1.1 400 Bad Request\r\n\r\n{'type': 'missing', 'loc': ('body',)}"
              : responses.isEmpty()
                  ? "HTTP/1.1 410 Gone\r\n\r\nno response left"
                  : responses.poll();
      OutputStream out = client.getOutputStream();
      out.write(response.getBytes(StandardCharsets.UTF_8));
      out.flush();
    } catch (IOException e) {
      // The client went away.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
    for (Socket client : open) {
      client.close();
    }
  }
}
