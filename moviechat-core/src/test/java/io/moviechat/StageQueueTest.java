package io.moviechat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
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
    queue.offer(5); // is left out
    assertThat(queue.poll(0)).isEqualTo(1);
    queue.offer(6);
    assertThat(queue.drain()).containsExactly(2, 3, 6);
    assertThat(queue.poll(1)).isNull();
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
    assertThat(queue.poll(0)).isEqualTo(0);
    assertThat(queue.isAwaited()).isTrue();
    assertThat(queue.poll(0)).isEqualTo(1);
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
      arrived.add(queue.poll(LONG));
    }
    assertThat(producer.get(1, TimeUnit.MINUTES)).isTrue();
    assertThat(arrived).isSorted().doesNotHaveDuplicates().doesNotContainNull();
    assertThat(queue.poll(0)).isNull();
  }

  private static boolean put(StageQueue<Integer> queue, int item, long millis) {
    try {
      return queue.offer(item, millis);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
