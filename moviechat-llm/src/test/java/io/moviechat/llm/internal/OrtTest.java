package io.moviechat.llm.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class OrtTest {
  @Test
  void knowsItsProvidersAndVersion() {
    assertThat(Ort.get().providers()).contains("CPUExecutionProvider");
    assertThat(Ort.version()).matches("\\d+\\.\\d+\\.\\d+.*");
  }

  @Test
  void smallestGraphThatADeviceIsAskedWithOpens() {
    assertThat(Graph.refusal(Ort.get(), OptionalInt.empty())).isEmpty();
  }
}
