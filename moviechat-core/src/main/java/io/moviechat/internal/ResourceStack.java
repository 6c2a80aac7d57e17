package io.moviechat.internal;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Closes what was opened, last first. The first failure wins, later ones are suppressed. Closing
 * twice is fine.
 */
public final class ResourceStack implements AutoCloseable {
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  /** Takes over a resource, to be closed before those pushed earlier. */
  public <T extends AutoCloseable> T push(T resource) {
    opened.push(resource);
    return resource;
  }

  /**
   * Opens a resource and takes it over, so that nothing can be lost between the two.
   *
   * @throws RuntimeException what the opening threw; nothing was taken over then
   */
  @SuppressWarnings("MustBeClosedChecker") // from here on it is this stack's
  public <T extends AutoCloseable> T open(Opening<T> opening) {
    return push(opening.open());
  }

  /** Opens one resource; a lambda may call what must be closed, because the stack closes it. */
  @FunctionalInterface
  public interface Opening<T extends AutoCloseable> {
    /** The resource; who calls this closes it. */
    @MustBeClosed
    T open();
  }

  /** Moves everything to a new stack, so that closing this one closes nothing. */
  public ResourceStack release() {
    ResourceStack released = new ResourceStack();
    released.opened.addAll(opened);
    opened.clear();
    return released;
  }

  @Override
  public synchronized void close() {
    @Nullable RuntimeException first = null;
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (RuntimeException e) {
        first = add(first, e);
      } catch (Exception e) { // our resources do not throw checked exceptions; a user's might
        first = add(first, new IllegalStateException(e));
      }
    }
    if (first != null) {
      throw first;
    }
  }

  private static RuntimeException add(@Nullable RuntimeException first, RuntimeException next) {
    if (first == null) {
      return next;
    }
    first.addSuppressed(next);
    return first;
  }
}
