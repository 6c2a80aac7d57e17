package io.moviechat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class StageQueueTest {
  private static final long LONG = TimeUnit.MINUTES.toMillis(1);

  @Test
  void keepsTheOrderAndNoMoreThanItsPlaces() throws Exception {
    StageQueue<Integer> queue = new StageQueue<>(3);
    assertThat(queue.offer(1, 0)).isTrue();
    assertThat(queue.offer(2, 0)).isTrue();
    assertThat(queue.offer(3, 0)).isTrue();
    assertThat(queue.offer(4, 1)).isFalse();
    assertThat(queue.poll(1, 0)).isEqualTo(1);
    assertThat(queue.offer(5, 0)).isTrue();
    assertThat(queue.poll(2, 0)).isEqualTo(2);
    assertThat(queue.drain()).containsExactly(3, 5);
    assertThat(queue.poll(1, 1)).isNull();
  }

  @Test
  void whatIsThereComesInTimeAlsoIfMoreWasWanted() throws Exception {
    StageQueue<Integer> queue = new StageQueue<>(8);
    assertThat(queue.offer(1, 0)).isTrue();
    assertThat(queue.offer(2, 0)).isTrue();
    assertThat(queue.poll(4, 1)).isEqualTo(1);
    assertThat(queue.poll(4, LONG)).isEqualTo(2); // was taken with the first
    assertThat(queue.poll(4, 1)).isNull();
  }

  @Test
  void whoeverWantsSeveralWaitsForAllOfThem() throws Exception {
    StageQueue<Integer> queue = new StageQueue<>(8);
    CompletableFuture<Integer> first = CompletableFuture.supplyAsync(() -> take(queue, 3));
    while (!queue.isAwaited()) {
      Thread.onSpinWait();
    }
    assertThat(queue.offer(1, 0)).isTrue();
    assertThat(queue.offer(2, 0)).isTrue();
    assertThat(queue.isAwaited()).isTrue();
    assertThat(queue.offer(3, 0)).isTrue();
    assertThat(first.get(1, TimeUnit.MINUTES)).isEqualTo(1);
    assertThat(queue.drain()).containsExactly(2, 3);
  }

  @Test
  void theEndIsWaitedForNoLonger() throws Exception {
    StageQueue<Integer> queue = new StageQueue<>(8);
    CompletableFuture<Integer> first = CompletableFuture.supplyAsync(() -> take(queue, 3));
    while (!queue.isAwaited()) {
      Thread.onSpinWait();
    }
    assertThat(queue.offer(1, 0)).isTrue();
    assertThat(queue.isEnded()).isFalse();
    queue.end();
    assertThat(first.get(1, TimeUnit.MINUTES)).isEqualTo(1);
    assertThat(queue.poll(3, LONG)).isNull();
    assertThat(queue.isEnded()).isTrue();
  }

  @Test
  void whoeverFoundItFullGoesOnWhenHalfOfItIsFree() throws Exception {
    StageQueue<Integer> queue = new StageQueue<>(4);
    for (int i = 0; i < 4; i++) {
      assertThat(queue.offer(i, 0)).isTrue();
    }
    CompletableFuture<Boolean> fifth = CompletableFuture.supplyAsync(() -> put(queue, 4, LONG));
    while (!queue.isAwaited()) {
      Thread.onSpinWait();
    }
    assertThat(queue.poll(1, 0)).isEqualTo(0);
    assertThat(queue.isAwaited()).isTrue();
    assertThat(queue.poll(1, 0)).isEqualTo(1);
    assertThat(fifth.get(1, TimeUnit.MINUTES)).isTrue();
    assertThat(queue.drain()).containsExactly(2, 3, 4);
  }

  @Test
  void everythingArrivesOnceWhoeverIsFaster() throws Exception {
    StageQueue<Integer> queue = new StageQueue<>(5);
    CompletableFuture<Boolean> producer =
        CompletableFuture.supplyAsync(
            () -> {
              boolean all = true;
              for (int i = 0; i < 20_000; i++) {
                all &= put(queue, i, LONG);
              }
              return all;
            });
    List<Integer> arrived = new ArrayList<>();
    while (arrived.size() < 20_000) {
      arrived.add(queue.poll(1 + arrived.size() % 7, LONG));
    }
    assertThat(producer.get(1, TimeUnit.MINUTES)).isTrue();
    assertThat(arrived).isSorted().doesNotHaveDuplicates().doesNotContainNull();
    assertThat(queue.poll(1, 0)).isNull();
  }

  private static Integer take(StageQueue<Integer> queue, int most) {
    try {
      return Objects.requireNonNull(queue.poll(most, LONG));
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean put(StageQueue<Integer> queue, int item, long millis) {
    try {
      return queue.offer(item, millis);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
