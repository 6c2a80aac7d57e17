package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.ModelException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;

class FailuresTest {
  @Test
  void a_message_made_for_users_is_shown_as_it_is() {
    assertThat(Failures.lineOf(new ModelException("decoder.onnx is missing")))
        .isEqualTo("decoder.onnx is missing");
    assertThat(Failures.lineOf(new IllegalArgumentException("the question is empty")))
        .isEqualTo("the question is empty");
  }

  @Test
  void a_list_becomes_one_line() {
    assertThat(Failures.lineOf(new ModelException("2 problems\n  - one\r\n  - two\n more\n")))
        .isEqualTo("2 problems: one; two more");
  }

  @Test
  void a_failed_native_load_points_to_the_doctor() {
    assertThat(Failures.lineOf(new UnsatisfiedLinkError("no jniavutil in java.library.path")))
        .contains("no jniavutil in java.library.path", "moviechat doctor");
  }

  @Test
  void memory_that_does_not_suffice_names_the_knob() {
    assertThat(Failures.lineOf(new OutOfMemoryError("Java heap space")))
        .contains("Java heap space", "MOVIECHAT_JAVA_OPTS");
  }

  @Test
  void a_bug_asks_to_be_reported() {
    assertThat(Failures.lineOf(new NullPointerException("x")))
        .contains("report", "--verbose", "NullPointerException: x");
    assertThat(Failures.lineOf(new IllegalStateException())).contains("IllegalStateException");
  }

  @Test
  void files_and_cancelling_have_plain_words() {
    assertThat(Failures.lineOf(new NoSuchFileException("a.mp4")))
        .isEqualTo("there is no file a.mp4");
    assertThat(Failures.lineOf(new CancellationException("x"))).isEqualTo("cancelled");
  }
}
