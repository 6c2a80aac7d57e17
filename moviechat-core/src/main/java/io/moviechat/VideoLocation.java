package io.moviechat;

import static io.moviechat.internal.Checks.require;

import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where a video is: a file of any file system, or an address. Immutable and thread-safe.
 *
 * <p>{@link #toString()}, and with it every message, log and saved memory, leaves out what may be
 * secret: the user of an address, its query (the signature of a signed URL) and its fragment.
 */
public final class VideoLocation {
  private final URI uri;
  private final @Nullable Path path;

  private VideoLocation(URI uri, @Nullable Path path) {
    this.uri = uri;
    this.path = path;
  }

  /** A file, which need not belong to the default file system. */
  public static VideoLocation of(Path file) {
    return new VideoLocation(file.toUri(), file);
  }

  /**
   * An address.
   *
   * @param address absolute, with a scheme ({@code https}, {@code rtsp}, {@code file})
   * @throws IllegalArgumentException if it has no scheme, or is a file's address that names no file
   */
  public static VideoLocation of(URI address) {
    require(
        address.isAbsolute(),
        "the video's address %s has no scheme (file:, https:)",
        withoutSecrets(address));
    return new VideoLocation(
        address, "file".equalsIgnoreCase(address.getScheme()) ? Path.of(address) : null);
  }

  /** The location of a saved memory, if it is one that can still be a file. */
  static Optional<VideoLocation> savedFile(String text) {
    try {
      Path file = Path.of(URI.create(text));
      return Optional.of(of(file));
    } catch (IllegalArgumentException | FileSystemNotFoundException | SecurityException e) {
      return Optional.empty();
    }
  }

  /** The file, if it is one. */
  public Optional<Path> path() {
    return Optional.ofNullable(path);
  }

  /** The whole address, secrets included: for opening the video, not for messages. */
  public URI uri() {
    return uri;
  }

  /** The address's scheme. */
  public String scheme() {
    return uri.getScheme();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof VideoLocation location && uri.equals(location.uri);
  }

  @Override
  public int hashCode() {
    return uri.hashCode();
  }

  /** The address without user, query and fragment. */
  @Override
  public String toString() {
    return withoutSecrets(uri);
  }

  private static String withoutSecrets(URI uri) {
    String text = uri.toString();
    int end = text.length();
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) == '?' || text.charAt(i) == '#') {
        end = i;
        break;
      }
    }
    @Nullable String authority = uri.getRawAuthority();
    int at = authority == null ? -1 : authority.lastIndexOf('@');
    if (authority == null || at < 0) {
      return text.substring(0, end);
    }
    int begin = text.indexOf(authority);
    return text.substring(0, begin) + text.substring(begin + at + 1, end);
  }
}
