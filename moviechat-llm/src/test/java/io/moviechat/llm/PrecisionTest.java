package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PrecisionTest {
  @Test
  void halfFloatsComeLastWhereActivationsLeaveTheirRange() {
    Device card = Device.cuda(0);
    assertThat(Precision.AUTO.candidates(card)).first().isEqualTo(Precision.FP16);
    assertThat(Precision.AUTO.wideCandidates(card))
        .startsWith(Precision.Q4, Precision.FP32)
        .endsWith(Precision.Q4F16, Precision.FP16)
        .containsExactlyInAnyOrderElementsOf(Precision.AUTO.candidates(card));
  }

  @Test
  void whatIsAskedForIsTaken() {
    assertThat(Precision.FP16.wideCandidates(Device.cuda(0))).containsExactly(Precision.FP16);
    assertThat(Precision.AUTO.wideCandidates(Device.CPU))
        .isEqualTo(Precision.AUTO.candidates(Device.CPU));
  }
}
