package io.moviechat.llm.internal;

import io.moviechat.internal.Nanos;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A response's bytes, taken with a limit on the wait, so that a server that stalls holds nobody for
 * ever. At most a few buffers are asked for ahead. One taker.
 */
public final class HttpBody implements Flow.Subscriber<List<ByteBuffer>> {
  private static final int AHEAD = 4;

  /** Empty is the end. */
  private final BlockingQueue<Optional<List<ByteBuffer>>> queue = new LinkedBlockingQueue<>();

  private volatile Flow.@Nullable Subscription subscription;
  private volatile @Nullable Throwable error;
  private volatile boolean cancelled;
  private boolean ended;

  @Override
  public void onSubscribe(Flow.Subscription given) {
    subscription = given;
    if (cancelled) {
      given.cancel();
    } else {
      given.request(AHEAD);
    }
  }

  @Override
  public void onNext(List<ByteBuffer> item) {
    queue.add(Optional.of(item));
  }

  @Override
  public void onError(Throwable throwable) {
    error = throwable;
    queue.add(Optional.empty());
  }

  @Override
  public void onComplete() {
    queue.add(Optional.empty());
  }

  /** The next buffers; empty if none came in time or the end was reached. */
  public List<ByteBuffer> next(Duration wait) throws InterruptedException {
    if (ended) {
      return List.of();
    }
    Optional<List<ByteBuffer>> next = queue.poll(Nanos.saturated(wait), TimeUnit.NANOSECONDS);
    if (next == null) {
      return List.of();
    }
    if (next.isEmpty()) {
      ended = true;
      return List.of();
    }
    Flow.Subscription open = subscription;
    if (open != null) {
      open.request(1);
    }
    return next.get();
  }

  /** Whether all was taken. */
  public boolean ended() {
    return ended;
  }

  /** Why it ended early, if it did. */
  public Optional<Throwable> error() {
    return Optional.ofNullable(error);
  }

  /** Closes the connection. */
  public void cancel() {
    cancelled = true;
    Flow.Subscription open = subscription;
    if (open != null) {
      open.cancel();
    }
  }
}
