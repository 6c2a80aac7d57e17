package io.moviechat.server;

import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.server.transport.DefaultServerTransportSecurityValidator;
import io.modelcontextprotocol.server.transport.HttpServletStreamableServerTransportProvider;
import jakarta.servlet.DispatcherType;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Files;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.eclipse.jetty.ee10.servlet.FilterHolder;
import org.eclipse.jetty.ee10.servlet.ResourceServlet;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.resource.ResourceFactory;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** Page, HTTP API, chat protocol and tools of one set of films, on one port. Borrows the films. */
final class WebServer implements AutoCloseable {
  private static final long IDLE_MILLIS = 30_000;
  private static final int THREADS = 250;

  private final Server server;
  private final ServerConnector connector;
  private final McpSyncServer tools;
  private final Optional<String> token;

  private WebServer(
      Server server, ServerConnector connector, McpSyncServer tools, Optional<String> token) {
    this.server = server;
    this.connector = connector;
    this.tools = tools;
    this.token = token;
  }

  /**
   * Starts a server.
   *
   * @param address to listen at
   * @param port 0 takes any that is free
   * @param token that every request has to bring; empty only for loopback addresses
   * @param maxUpload most bytes of an uploaded video
   * @throws IOException if the port is taken
   */
  static WebServer start(
      Films films, InetAddress address, int port, Optional<String> token, long maxUpload)
      throws IOException {
    LongSupplier free =
        () -> {
          try {
            return Files.getFileStore(films.home()).getUsableSpace();
          } catch (IOException e) {
            return 0;
          }
        };
    return start(films, address, port, token, new Uploads(films, maxUpload, free));
  }

  static WebServer start(
      Films films, InetAddress address, int port, Optional<String> token, Uploads uploads)
      throws IOException {
    if (token.isEmpty() && !address.isLoopbackAddress()) {
      throw new IllegalArgumentException(
          "a server that listens at " + address + " needs a token: others can reach it");
    }
    QueuedThreadPool threads = new QueuedThreadPool(THREADS);
    threads.setName("moviechat-http");
    threads.setDaemon(true);
    Server server = new Server(threads);
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    ServerConnector connector = new ServerConnector(server, new HttpConnectionFactory(http));
    connector.setHost(address.getHostAddress());
    connector.setPort(port);
    connector.setIdleTimeout(IDLE_MILLIS);
    server.addConnector(connector);

    ServletContextHandler context = new ServletContextHandler("/");
    FilterHolder guard = new FilterHolder(new Guard(token));
    guard.setAsyncSupported(true);
    context.addFilter(guard, "/*", EnumSet.of(DispatcherType.REQUEST));
    context.addServlet(new ServletHolder(new ApiServlet(films, uploads)), "/api/*");
    context.addServlet(new ServletHolder(new ChatServlet(films, uploads)), "/v1/*");
    HttpServletStreamableServerTransportProvider transport =
        HttpServletStreamableServerTransportProvider.builder()
            .jsonMapper(Tools.mapper())
            .mcpEndpoint("/mcp")
            .httpHeaderValidator(validator(token.isPresent()))
            .build();
    McpSyncServer tools = Tools.server(films, transport);
    ServletHolder mcp = new ServletHolder(transport);
    mcp.setAsyncSupported(true);
    context.addServlet(mcp, "/mcp/*");
    ServletHolder page = new ServletHolder("page", new ResourceServlet());
    page.setInitParameter("dirAllowed", "false");
    page.setInitParameter("cacheControl", "no-cache");
    context.addServlet(page, "/*");
    context.setBaseResource(
        Objects.requireNonNull(
            ResourceFactory.of(context).newClassLoaderResource("io/moviechat/server/web/", false)));
    context.setWelcomeFiles(new String[] {"index.html"});
    server.setHandler(context);
    try {
      server.start();
    } catch (Exception e) {
      tools.close();
      stop(server);
      throw new IOException("the server cannot listen at port " + port + ": " + e.getMessage(), e);
    }
    return new WebServer(server, connector, tools, token);
  }

  /** The guard has looked at host and origin already; this looks again, as the protocol demands. */
  private static DefaultServerTransportSecurityValidator validator(boolean anyHost) {
    DefaultServerTransportSecurityValidator.Builder validator =
        DefaultServerTransportSecurityValidator.builder()
            .allowedOrigins(List.of("http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"));
    if (!anyHost) {
      validator.allowedHosts(
          List.of("localhost", "127.0.0.1", "[::1]", "localhost:*", "127.0.0.1:*", "[::1]:*"));
    }
    return validator.build();
  }

  /** Where people open the page, with the token if there is one. */
  URI address() {
    String host = connector.getHost();
    String name = host.contains(":") ? "[" + host + "]" : host;
    String query = token.map(secret -> "?token=" + secret).orElse("");
    return URI.create("http://" + name + ":" + connector.getLocalPort() + "/" + query);
  }

  @Override
  public void close() {
    tools.close();
    stop(server);
  }

  private static void stop(Server server) {
    try {
      server.setStopTimeout(0); // browsers keep connections open; nobody waits for them
      server.stop();
    } catch (Exception e) {
      throw new IllegalStateException("the server did not stop: " + e.getMessage(), e);
    }
  }
}
