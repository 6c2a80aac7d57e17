package io.moviechat.server;

import io.moviechat.library.Film;
import io.moviechat.tinyworld.Demo;
import io.moviechat.tinyworld.MovieWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code moviechat serve}: a page for films, an HTTP API, and the tools of {@code mcp}. */
@Command(
    name = "serve",
    description = {
      "Open a web page on which films are watched and asked about, with an HTTP API, OpenAI's chat"
          + " protocol at /v1 and tools for agents at /mcp.",
      "docs/server.md describes them."
    },
    sortOptions = false)
final class ServeCommand implements Callable<Integer> {
  private static final int TOKEN_BYTES = 16;

  @Spec private CommandSpec spec;
  @Mixin private Settings settings;

  @Option(
      names = "--port",
      paramLabel = "NUMBER",
      defaultValue = "8080",
      description = "Port; 0 takes any that is free (default: ${DEFAULT-VALUE}).")
  private int port;

  @Option(
      names = "--bind",
      paramLabel = "ADDRESS",
      defaultValue = "127.0.0.1",
      description =
          "Address to listen at (default: ${DEFAULT-VALUE}, this machine only). Any other needs the"
              + " token that is printed with the page's address.")
  private String bind = "127.0.0.1";

  @Option(
      names = "--max-upload",
      paramLabel = "MIB",
      defaultValue = "8192",
      description = "Most mebibytes of an uploaded video (default: ${DEFAULT-VALUE}).")
  private long maxUpload;

  @Option(
      names = "--no-example",
      description = "Do not make the example film of the small model's world.")
  private boolean noExample;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  ServeCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    CountDownLatch ended = new CountDownLatch(1);
    Runnable closed = Signals.onEnd(ended::countDown);
    InetAddress address = InetAddress.getByName(bind);
    Optional<String> token =
        address.isLoopbackAddress() ? Optional.empty() : Optional.of(newToken());
    PrintWriter err = spec.commandLine().getErr();
    try (Films films = settings.open();
        WebServer server = WebServer.start(films, address, port, token, maxUpload << 20)) {
      err.println("moviechat: open " + server.address() + " (Ctrl-C ends the server)");
      err.flush();
      films.resumeInterrupted();
      if (!noExample && films.library().films().isEmpty()) {
        addExample(films);
      }
      ended.await();
    } finally {
      closed.run();
    }
    return CommandLine.ExitCode.OK;
  }

  /** A film to begin with, of the world that the small model knows. */
  private static void addExample(Films films) throws IOException {
    Path file = films.uploads().resolve("example.mp4");
    if (!Files.exists(file)) {
      MovieWriter.write(Demo.of(1).script(), file);
    }
    Film film = films.watch(file);
    film.rename("Example: three minutes of a small world");
  }

  private static String newToken() {
    byte[] bytes = new byte[TOKEN_BYTES];
    new SecureRandom().nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }
}
