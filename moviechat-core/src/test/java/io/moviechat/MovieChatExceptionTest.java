package io.moviechat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class MovieChatExceptionTest {
  @Test
  void nothingIsRetriableUnlessItSaysSo() {
    for (MovieChatException failure :
        List.of(
            new InferenceException("a"),
            new VideoException("a", new IllegalStateException()),
            new ModelException("a"),
            new MemoryFileException("a"))) {
      assertThat(failure.isRetriable()).as("%s", failure).isFalse();
    }
    for (MovieChatException failure :
        List.of(
            InferenceException.retriable("a", null),
            VideoException.retriable("a", new IllegalStateException()),
            ModelException.retriable("a", null))) {
      assertThat(failure.isRetriable()).as("%s", failure).isTrue();
      assertThat(failure).hasMessage("a");
    }
  }

  @Test
  void whatIsCausedByWhatMayPassMayPass() {
    VideoException stalled = VideoException.retriable("sent nothing", null);
    assertThat(new VideoException("broke off", stalled).isRetriable()).isTrue();
    assertThat(new InferenceException("no pictures", stalled).isRetriable()).isTrue();
    assertThat(new MemoryFileException("not saved", stalled).isRetriable()).isFalse();
    assertThat(new VideoException("b", new IllegalStateException(stalled)).isRetriable()).isFalse();
  }
}
