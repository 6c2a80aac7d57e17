package io.moviechat.server;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Answers of the HTTP API. */
final class Http {
  private static final Pattern RANGE = Pattern.compile("bytes=(\\d{0,18})-(\\d{0,18})");
  private static final Map<String, String> TYPES =
      Map.of(
          "mp4", "video/mp4",
          "m4v", "video/mp4",
          "mov", "video/quicktime",
          "webm", "video/webm",
          "mkv", "video/x-matroska",
          "avi", "video/x-msvideo",
          "ogv", "video/ogg",
          "ts", "video/mp2t");

  private Http() {}

  static void json(HttpServletResponse response, int status, Object value) throws IOException {
    bytes(
        response,
        status,
        "application/json; charset=utf-8",
        Json.text(value).getBytes(StandardCharsets.UTF_8));
  }

  static void error(HttpServletResponse response, Refusal refusal) throws IOException {
    if (!response.isCommitted()) {
      json(
          response,
          refusal.status(),
          Map.of("error", Map.of("message", String.valueOf(refusal.getMessage()))));
    }
  }

  static void bytes(HttpServletResponse response, int status, String type, byte[] bytes)
      throws IOException {
    response.setStatus(status);
    response.setContentType(type);
    response.setContentLength(bytes.length);
    if (response.getHeader("Cache-Control") == null) {
      response.setHeader("Cache-Control", "no-store");
    }
    response.getOutputStream().write(bytes);
  }

  /** Lets the browser keep what never changes. */
  static void keep(HttpServletResponse response) {
    response.setHeader("Cache-Control", "private, max-age=86400, immutable");
  }

  /**
   * Sends a file, or the part of it that the request asks for. One range is honoured; a request for
   * several gets the whole file, which RFC 9110 allows.
   */
  static void file(HttpServletRequest request, HttpServletResponse response, Path file)
      throws IOException {
    try (SeekableByteChannel channel = Files.newByteChannel(file)) {
      long size = channel.size();
      String tag = "\"" + size + "-" + Files.getLastModifiedTime(file).toMillis() + "\"";
      response.setHeader("Accept-Ranges", "bytes");
      response.setHeader("ETag", tag);
      response.setHeader("Cache-Control", "private, no-cache");
      response.setContentType(type(file));
      String wanted = request.getHeader("Range");
      String condition = request.getHeader("If-Range");
      long from = 0;
      long to = size - 1;
      if (wanted != null && (condition == null || condition.equals(tag))) {
        Matcher range = RANGE.matcher(wanted.strip());
        boolean one = range.matches() && !(range.group(1).isEmpty() && range.group(2).isEmpty());
        if (one) {
          if (range.group(1).isEmpty()) {
            long last = Long.parseLong(range.group(2));
            from = last == 0 ? size : Math.max(0, size - last);
          } else {
            from = Long.parseLong(range.group(1));
            to =
                range.group(2).isEmpty()
                    ? size - 1
                    : Math.min(size - 1, Long.parseLong(range.group(2)));
          }
          if (from >= size || (from > to && !range.group(2).isEmpty())) {
            response.setHeader("Content-Range", "bytes */" + size);
            error(response, new Refusal(416, "the file has " + size + " bytes"));
            return;
          }
          response.setStatus(206);
          response.setHeader("Content-Range", "bytes " + from + "-" + to + "/" + size);
        }
      }
      response.setContentLengthLong(to - from + 1);
      if (!"HEAD".equals(request.getMethod())) {
        copy(channel, from, to, response.getOutputStream());
      }
    } catch (NoSuchFileException e) {
      throw new Refusal(Refusal.NOT_FOUND, "the video file is gone", e);
    }
  }

  private static void copy(SeekableByteChannel channel, long from, long to, OutputStream out)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
    channel.position(from);
    long left = to - from + 1;
    while (left > 0) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), left));
      int count = channel.read(buffer);
      if (count < 0) {
        throw new IOException("the file became shorter while it was sent");
      }
      out.write(buffer.array(), 0, count);
      left -= count;
    }
  }

  private static String type(Path file) {
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    return TYPES.getOrDefault(
        name.substring(name.lastIndexOf('.') + 1), "application/octet-stream");
  }
}
