package io.moviechat.internal;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Says why a native library could not be loaded, and what to do about it. */
public final class NativeFailure {
  /** What JavaCPP says of a library that it has not found; the real reason may be its cause. */
  private static final Pattern NOT_FOUND = Pattern.compile("no jni(\\w+) in java\\.library\\.path");

  private static final Pattern BYTEDECO_CLASS = Pattern.compile("org[./]bytedeco[./](\\w+)[./]");
  private static final int DEEPEST_CAUSE = 10;

  private NativeFailure() {}

  /** Where JavaCPP unpacks libraries to, and the property that sets it. */
  public static String javaCppFolder() {
    String property = "org.bytedeco.javacpp.cachedir";
    return System.getProperty(property, "~/.javacpp/cache") + " (-D" + property + "=DIR)";
  }

  /**
   * One paragraph for a user.
   *
   * @param library what could not be loaded, as the beginning of a sentence
   * @param platform JavaCPP's name of this machine's platform
   * @param unpackedTo where libraries are unpacked to, and the property that sets it
   * @param failure what was thrown
   */
  public static String explain(
      String library, String platform, String unpackedTo, Throwable failure) {
    StringBuilder chain = new StringBuilder();
    Throwable deepest = failure;
    int depth = 0;
    for (Throwable t = failure; t != null && depth < DEEPEST_CAUSE; t = t.getCause(), depth++) {
      chain.append(t).append('\n');
      deepest = t;
    }
    return library
        + " for "
        + platform
        + " cannot be loaded: "
        + reason(deepest)
        + ". "
        + advice(chain.toString(), platform, unpackedTo);
  }

  /** The deepest cause is the one that knows; a list of folders helps nobody. */
  private static String reason(Throwable deepest) {
    String text = String.valueOf(deepest.getMessage()).strip();
    Matcher notFound = NOT_FOUND.matcher(text);
    if (notFound.find()) {
      return "the library jni" + notFound.group(1) + " was not found";
    }
    if (deepest instanceof ClassNotFoundException || deepest instanceof NoClassDefFoundError) {
      return "there is no class " + text.replace('/', '.');
    }
    // The system's loader names the file twice.
    return text.replaceFirst("^(.+): \\1: ", "$1: ");
  }

  private static String advice(String chain, String platform, String unpackedTo) {
    if (chain.contains("ld-linux") || chain.contains("musl")) {
      return "This system's C library is not glibc (Alpine's is musl), which the library is built"
          + " for; take an image of Debian or Red Hat (docs/install.md, \"Containers\")";
    }
    if (chain.contains("failed to map segment") || chain.contains("Operation not permitted")) {
      return "The folder that it was unpacked to is mounted noexec, or address space is limited"
          + " (ulimit -v). It was unpacked to "
          + unpackedTo
          + "; name a folder there that may hold programs (docs/install.md, \"Containers\")";
    }
    if (chain.contains("No space left") || chain.contains("Read-only file system")) {
      return "It could not be unpacked to " + unpackedTo;
    }
    Matcher missingClass = BYTEDECO_CLASS.matcher(chain);
    boolean noClass = chain.contains("TypeNotPresent") || chain.contains("NoClassDefFound");
    if (noClass && missingClass.find()) {
      return "Add org.bytedeco:"
          + missingClass.group(1)
          + ", or io.moviechat:moviechat, which brings everything (docs/install.md)";
    }
    Matcher notFound = NOT_FOUND.matcher(chain);
    if (notFound.find()) {
      return "Add org.bytedeco:"
          + artifact(notFound.group(1))
          + " with the classifier "
          + platform
          + ", or io.moviechat:moviechat-natives-"
          + platform
          + ", which has all of them (docs/install.md)";
    }
    return "docs/install.md has the platforms and the dependencies";
  }

  private static String artifact(String library) {
    String name = library.toLowerCase(Locale.ROOT);
    return switch (name) {
      case "onnxruntime", "dnnl", "opencl" -> name;
      case "javacpp" -> "javacpp";
      default -> "ffmpeg"; // avutil, avcodec, avformat, swscale, swresample
    };
  }
}
