package io.moviechat;

import io.moviechat.internal.Checks;
import io.moviechat.internal.NativeOwner;
import io.moviechat.internal.ResourceStack;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.MovieView;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of one movie. A session is lent to one answer at a time; afterwards it stays open
 * for the next question about the same view, since it may hold a cache of the memory that is
 * expensive to fill. At most {@link #IDLE} wait like this, whatever the number of conversations and
 * moments: the one that has waited longest is closed.
 */
final class Sessions implements AutoCloseable {
  /** One for the whole movie, one for a moment. */
  static final int IDLE = 2;

  private final AnswerGenerator generator;
  private final String movie;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition returned = lock.newCondition();
  private final Map<MovieView, Session> idle = new LinkedHashMap<>();
  private final Set<Thread> users = new HashSet<>();
  private int lent;
  private volatile boolean closed;

  Sessions(AnswerGenerator generator, String movie) {
    this.generator = generator;
    this.movie = movie;
  }

  boolean isClosed() {
    return closed;
  }

  /** Refuses new users, and has the answers that run cancelled. */
  void refuse() {
    closed = true;
  }

  /** Whether this thread is inside {@link #use}, so that waiting for its end would be for ever. */
  boolean isUsedByThisThread() {
    lock.lock();
    try {
      return users.contains(Thread.currentThread());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Lends a session.
   *
   * @throws IllegalStateException if the movie is closed
   */
  <T> T use(MovieView view, Function<AnswerSession, T> work) {
    boolean first;
    @Nullable Session session;
    lock.lock();
    try {
      Checks.requireOpen(!closed, "Movie " + movie);
      first = users.add(Thread.currentThread());
      lent++;
      session = idle.remove(view);
    } finally {
      lock.unlock();
    }
    try {
      if (session == null) {
        session = new Session(generator.open(view), movie);
      }
      return work.apply(session.session);
    } finally {
      giveBack(view, session, first);
    }
  }

  private void giveBack(MovieView view, @Nullable Session session, boolean first) {
    try (ResourceStack surplus = new ResourceStack()) {
      lock.lock();
      try {
        if (session != null) {
          if (closed || idle.containsKey(view)) {
            surplus.push(session);
          } else {
            idle.put(view, session);
          }
        }
        Iterator<Session> oldest = idle.values().iterator();
        while (idle.size() > IDLE) {
          surplus.push(oldest.next());
          oldest.remove();
        }
      } finally {
        lock.unlock();
      }
    } finally {
      lock.lock();
      try {
        lent--;
        if (first) {
          users.remove(Thread.currentThread());
        }
        returned.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  /** Refuses new users and waits until none is left. A second closer waits for the first. */
  @Override
  public synchronized void close() {
    try (ResourceStack open = new ResourceStack()) {
      lock.lock();
      try {
        closed = true;
        while (lent > 0) {
          returned.awaitUninterruptibly();
        }
        idle.values().forEach(open::push);
        idle.clear();
      } finally {
        lock.unlock();
      }
    }
  }

  /** An open session with its mark. */
  private static final class Session implements AutoCloseable {
    private final AnswerSession session;
    private final NativeOwner owner;

    Session(AnswerSession session, String movie) {
      this.session = session;
      this.owner = NativeOwner.open(this, "answer session about " + movie);
    }

    @Override
    public void close() {
      try {
        session.close();
      } finally {
        owner.close();
      }
    }
  }
}
