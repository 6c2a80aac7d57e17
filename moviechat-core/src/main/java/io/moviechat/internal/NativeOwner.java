package io.moviechat.internal;

import java.lang.ref.Cleaner;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A mark that an object owns native memory, from opening to closing. It frees nothing itself: it
 * counts, so that a test can tell that all owners were closed, and it logs an owner that became
 * garbage without having been closed. Thread-safe.
 *
 * <pre>{@code
 * private final NativeOwner owner = NativeOwner.open(this, "video " + location);
 * public void close() { owner.close(); ... }
 * }</pre>
 */
public final class NativeOwner implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(NativeOwner.class);
  private static final Cleaner CLEANER = Cleaner.create();
  private static final Set<Mark> OPEN = ConcurrentHashMap.newKeySet();

  private final Mark mark;
  private final Cleaner.Cleanable cleanable;

  private NativeOwner(Object owner, Mark mark) {
    this.mark = mark;
    this.cleanable = CLEANER.register(owner, mark);
  }

  /**
   * Marks an object as an owner of native memory.
   *
   * @param owner the object; not kept from being collected
   * @param description what it is, for the log and for tests
   */
  public static NativeOwner open(Object owner, String description) {
    Mark mark = new Mark(description);
    OPEN.add(mark);
    return new NativeOwner(owner, mark);
  }

  /** Descriptions of all owners that are open now, sorted. */
  public static List<String> openOwners() {
    return OPEN.stream().map(mark -> mark.description).sorted().toList();
  }

  /** Ends the ownership. Twice is fine. */
  @Override
  public void close() {
    mark.closed = true;
    cleanable.clean();
  }

  private static final class Mark implements Runnable {
    private final String description;
    private volatile boolean closed;

    Mark(String description) {
      this.description = description;
    }

    @Override
    public void run() {
      OPEN.remove(this);
      if (!closed) {
        log.warn("{} was never closed; its native memory is lost until the JVM ends", description);
      }
    }
  }
}
