package io.moviechat.video;

import java.util.regex.Pattern;

/** Keeps what addresses may hold of passwords and signatures out of messages and logs. */
final class Secrets {
  /** Scheme, user, host and path, then what only the server needs to see. */
  private static final Pattern ADDRESS =
      Pattern.compile(
          "([A-Za-z][A-Za-z0-9+.-]*://)(?:[^\\s/?#'\"]*@)?([^\\s?#'\"]*)[?#][^\\s'\"]*");

  private static final Pattern USER = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*://)[^\\s/?#'\"]*@");

  private Secrets() {}

  /** A text with all addresses in it cut to what may be shown. */
  static String left(String text) {
    if (!text.contains("://")) {
      return text;
    }
    return USER.matcher(ADDRESS.matcher(text).replaceAll("$1$2")).replaceAll("$1");
  }
}
