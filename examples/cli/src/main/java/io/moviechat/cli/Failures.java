package io.moviechat.cli;

import io.moviechat.MovieChatException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/** Says in one line what went wrong. */
final class Failures {
  private Failures() {}

  static String lineOf(Throwable failure) {
    return oneLine(textOf(failure));
  }

  /** Lists and paragraphs in one line. */
  static String oneLine(@Nullable String text) {
    return text == null
        ? ""
        : text.strip()
            .replaceFirst("\\s*\\R\\s*- ", ": ")
            .replaceAll("\\s*\\R\\s*- ", "; ")
            .replaceAll("\\s*\\R\\s*", " ");
  }

  private static String textOf(Throwable failure) {
    if (failure instanceof CancellationException) {
      return "cancelled";
    }
    if (failure instanceof OutOfMemoryError) {
      return "out of memory ("
          + failure.getMessage()
          + "); give the Java heap more with MOVIECHAT_JAVA_OPTS=-Xmx4g, or take a smaller model";
    }
    if (failure instanceof LinkageError) {
      return "a library could not be loaded ("
          + failure
          + "); 'moviechat doctor' shows what is missing";
    }
    boolean madeForUsers =
        failure instanceof MovieChatException
            || failure instanceof IllegalArgumentException
            || failure instanceof IllegalStateException;
    if (madeForUsers && failure.getMessage() != null) {
      return failure.getMessage();
    }
    if (failure instanceof NoSuchFileException) {
      return "there is no file " + failure.getMessage();
    }
    if (failure instanceof AccessDeniedException) {
      return "no permission for " + failure.getMessage();
    }
    if (failure instanceof FileAlreadyExistsException) {
      return failure.getMessage() + " is there already";
    }
    if (failure instanceof IOException && failure.getMessage() != null) {
      return failure.getMessage();
    }
    return "unexpected failure, please report it with what --verbose shows: " + failure;
  }
}
