package io.moviechat.llm;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import io.moviechat.ModelException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Collects all that is wrong with a bundle, so that one exception can tell it. */
final class Problems {
  private final String what;
  private final List<String> found = new ArrayList<>();

  Problems(String what) {
    this.what = what;
  }

  @FormatMethod
  void add(@FormatString String message, @Nullable Object... arguments) {
    found.add(String.format(message, arguments));
  }

  @FormatMethod
  void require(boolean condition, @FormatString String message, @Nullable Object... arguments) {
    if (!condition) {
      add(message, arguments);
    }
  }

  boolean isEmpty() {
    return found.isEmpty();
  }

  List<String> found() {
    return List.copyOf(found);
  }

  /** Throws what was found, if anything was. */
  void throwIfAny() {
    if (found.isEmpty()) {
      return;
    }
    if (found.size() == 1) {
      throw new ModelException(what + ": " + found.get(0));
    }
    StringBuilder message = new StringBuilder(what + ": " + found.size() + " problems");
    found.forEach(problem -> message.append("\n  - ").append(problem));
    throw new ModelException(message.toString());
  }
}
