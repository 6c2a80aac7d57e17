package io.moviechat.internal;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;

/** Argument checks whose messages are formatted only when they fail. */
public final class Checks {
  private Checks() {}

  /**
   * @throws IllegalArgumentException with the formatted message if {@code condition} is false
   */
  @FormatMethod
  public static void require(boolean condition, @FormatString String message, Object... arguments) {
    if (!condition) {
      throw new IllegalArgumentException(String.format(message, arguments));
    }
  }

  public static void requireOpen(boolean open, String name) {
    if (!open) {
      throw new IllegalStateException(name + " is closed");
    }
  }
}
