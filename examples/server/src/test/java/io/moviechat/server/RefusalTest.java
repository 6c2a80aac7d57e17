package io.moviechat.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.InferenceException;
import io.moviechat.VideoException;
import org.junit.jupiter.api.Test;

class RefusalTest {
  @Test
  void whatMaySucceedLaterIsNotTheFilmsFaultNorOurs() {
    assertThat(Refusal.of(VideoException.retriable("the camera does not answer", null)).status())
        .isEqualTo(503);
    assertThat(
            Refusal.of(InferenceException.retriable("the model's server is busy", null)).status())
        .isEqualTo(503);
    assertThat(Refusal.of(new VideoException("not a video")).status()).isEqualTo(422);
    assertThat(Refusal.of(new InferenceException("NaN in the logits")).status()).isEqualTo(500);
  }
}
