package io.moviechat.server;

import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An answer on its way to a client that may leave. It is made on another thread; this one sends
 * what there is and, while there is nothing, looks whether the client is still there, so that an
 * answer that nobody waits for ends within a second.
 */
final class Answering {
  private static final long HEARTBEAT_MILLIS = 200;

  private final Films films;
  private final Films.Ask ask;
  private final LinkedBlockingQueue<String> pieces = new LinkedBlockingQueue<>();
  private volatile boolean gone;

  Answering(Films films, Films.Ask ask) {
    this.films = films;
    this.ask = ask;
  }

  /** Where the pieces go. */
  interface Client {
    void text(String piece) throws IOException;

    /** Called often while there is nothing to send: fails if the client has gone. */
    void ping() throws IOException;
  }

  /**
   * Sends the answer's pieces and returns the whole.
   *
   * @throws IOException if the client has gone; the answer has been cancelled then
   * @throws Refusal if there is no answer
   */
  Films.Reply to(Client client) throws IOException {
    Future<Films.Reply> reply = films.answers().submit(this::make);
    try {
      while (!reply.isDone()) {
        @Nullable String piece = pieces.poll(HEARTBEAT_MILLIS, TimeUnit.MILLISECONDS);
        if (piece == null) {
          client.ping();
        } else {
          client.text(piece);
        }
      }
      for (String piece = pieces.poll(); piece != null; piece = pieces.poll()) {
        client.text(piece);
      }
      return reply.get();
    } catch (ExecutionException e) {
      throw Refusal.of(e.getCause() == null ? e : e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Refusal(503, "the server is closing", e);
    } finally {
      gone = true;
      reply.cancel(false); // one that has not begun never will
    }
  }

  private Films.Reply make() {
    return films.ask(
        ask,
        new Films.Listener() {
          @Override
          public void text(String piece) {
            pieces.add(piece);
          }

          @Override
          public boolean gone() {
            return gone;
          }
        });
  }
}
