package io.moviechat.server;

import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who may ask what. Only pages of this server reach it: a request that names another host (DNS
 * rebinding) or comes from another site is refused. Without a token the host must be this machine;
 * with one, every request must bring it, as a cookie or in the Authorization header.
 */
final class Guard implements Filter {
  static final String COOKIE = "moviechat";
  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self';"
          + " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private final Optional<String> token;

  Guard(Optional<String> token) {
    this.token = token;
  }

  @Override
  public void doFilter(ServletRequest plain, ServletResponse answer, FilterChain chain)
      throws IOException, ServletException {
    HttpServletRequest request = (HttpServletRequest) plain;
    HttpServletResponse response = (HttpServletResponse) answer;
    response.setHeader("Content-Security-Policy", POLICY);
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Referrer-Policy", "no-referrer");
    response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    String host = request.getHeader("Host");
    if (host == null || (token.isEmpty() && !LOOPBACK.contains(withoutPort(host)))) {
      refuse(response, 403, "this server answers to localhost only, not to the host " + host);
      return;
    }
    String origin = request.getHeader("Origin");
    if (origin != null && !origin.equalsIgnoreCase(request.getScheme() + "://" + host)) {
      refuse(response, 403, "requests from " + origin + " are refused");
      return;
    }
    if ("cross-site".equals(request.getHeader("Sec-Fetch-Site"))
        && !"navigate".equals(request.getHeader("Sec-Fetch-Mode"))) {
      refuse(response, 403, "requests from other sites are refused");
      return;
    }
    if (token.isPresent() && !admitted(request, response, token.get())) {
      return;
    }
    chain.doFilter(request, response);
  }

  /** Whether the request brought the token; otherwise it is answered. */
  private static boolean admitted(
      HttpServletRequest request, HttpServletResponse response, String wanted) throws IOException {
    String given = request.getParameter("token");
    if (given != null && same(given, wanted) && "/".equals(request.getRequestURI())) {
      Cookie cookie = new Cookie(COOKIE, wanted);
      cookie.setHttpOnly(true);
      cookie.setPath("/");
      cookie.setAttribute("SameSite", "Strict");
      response.addCookie(cookie);
      response.sendRedirect("/"); // so that the token does not stay in the address
      return false;
    }
    String bearer = request.getHeader("Authorization");
    if (bearer != null && same(bearer, "Bearer " + wanted)) {
      return true;
    }
    Cookie @Nullable [] cookies = request.getCookies();
    if (cookies != null) {
      for (Cookie cookie : cookies) {
        if (cookie.getName().equals(COOKIE) && same(cookie.getValue(), wanted)) {
          return true;
        }
      }
    }
    response.setHeader("WWW-Authenticate", "Bearer");
    refuse(response, 401, "open the address that the server printed, with its token");
    return false;
  }

  private static boolean same(String one, String other) {
    return MessageDigest.isEqual(
        one.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));
  }

  private static String withoutPort(String host) {
    int colon = host.lastIndexOf(':');
    String name = colon > host.lastIndexOf(']') ? host.substring(0, colon) : host;
    return name.toLowerCase(Locale.ROOT);
  }

  private static void refuse(HttpServletResponse response, int status, String message)
      throws IOException {
    Http.error(response, new Refusal(status, message));
  }
}
