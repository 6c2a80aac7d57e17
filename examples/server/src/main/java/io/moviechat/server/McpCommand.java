package io.moviechat.server;

import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.server.transport.StdioServerTransportProvider;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * {@code moviechat mcp}: the films as tools for an agent, over standard input and output.
 *
 * <p>Standard output carries messages of the protocol and nothing else. Java's own is turned to
 * standard error before any library is loaded; what native libraries print is kept away by the
 * launcher, which starts this program with standard output turned to standard error and the real
 * one at the file named by {@code moviechat.mcp.out}.
 */
@Command(
    name = "mcp",
    description = {
      "Offer films to agents by the Model Context Protocol, over standard input and output.",
      "docs/server.md has the configuration for Claude, VS Code and Cursor."
    },
    sortOptions = false)
final class McpCommand implements Callable<Integer> {
  @Mixin private Settings settings;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  McpCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    String real = System.getProperty("moviechat.mcp.out", "");
    OutputStream out =
        real.isEmpty() ? new FileOutputStream(FileDescriptor.out) : new FileOutputStream(real);
    System.setOut(System.err);
    CountDownLatch ended = new CountDownLatch(1);
    Runnable closed = Signals.onEnd(ended::countDown);
    try (out;
        Films films = settings.open()) {
      McpSyncServer server =
          Tools.server(
              films,
              new StdioServerTransportProvider(
                  Tools.mapper(), new EndingStream(System.in, ended), out));
      ended.await();
      server.closeGracefully();
    } finally {
      closed.run();
    }
    return CommandLine.ExitCode.OK;
  }

  /** Tells when the client has gone. */
  private static final class EndingStream extends FilterInputStream {
    private final CountDownLatch ended;

    EndingStream(InputStream in, CountDownLatch ended) {
      super(in);
      this.ended = ended;
    }

    @Override
    public int read() throws IOException {
      int value = super.read();
      if (value < 0) {
        ended.countDown();
      }
      return value;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int count = super.read(bytes, offset, length);
      if (count < 0) {
        ended.countDown();
      }
      return count;
    }
  }
}
