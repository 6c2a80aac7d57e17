package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moviechat.ModelException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class BackgroundTest {
  @Test
  void givesAndClosesWhatWasOpened() {
    AtomicBoolean closed = new AtomicBoolean();
    AutoCloseable resource = () -> closed.set(true);
    Background<AutoCloseable> background = new Background<>("test", () -> resource);
    assertThat(background.get()).isSameAs(resource);
    assertThat(closed).isFalse();
    background.close();
    assertThat(closed).isTrue();
  }

  @Test
  void closesWhatNobodyWaitedFor() {
    AtomicBoolean closed = new AtomicBoolean();
    CountDownLatch asked = new CountDownLatch(1);
    Background<AutoCloseable> background =
        new Background<>(
            "test",
            () -> {
              asked.await();
              return () -> closed.set(true);
            });
    asked.countDown();
    background.close();
    assertThat(closed).isTrue();
  }

  @Test
  void throwsWhatTheOpeningThrew() {
    ModelException failure = new ModelException("no such tokenizer");
    Background<AutoCloseable> background =
        new Background<>(
            "test",
            () -> {
              throw failure;
            });
    assertThatThrownBy(background::get).isSameAs(failure);
    background.close();
  }
}
