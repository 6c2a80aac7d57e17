package io.moviechat.bench.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CardTrafficTest {
  @Test
  void countsTheCopiesOfAProfile() throws IOException {
    String profile =
        """
        [{"cat":"Session","name":"model_run","dur":9,"args":{}},
         {"cat":"Node","name":"MatMul_1_kernel_time","args":{"op_name":"MatMul","output_size":"64"}},
         {"cat":"Node","name":"MatMul_1_fence_before","args":{"op_name":"MatMul"}},
         {"cat":"Node","name":"Memcpy_token_7_kernel_time",
          "args":{"op_name":"MemcpyToHost","output_size":"128"}},
         {"cat":"Node","name":"Memcpy_token_8_kernel_time",
          "args":{"op_name":"MemcpyFromHost","output_size":"32"}}]
        """;
    assertThat(CardTraffic.copies(new ObjectMapper().readTree(profile)))
        .isEqualTo(new CardTraffic.Copies(1, 3, 2, 160));
  }

  @Test
  void readsTheColumnsThatTheDriverNames() {
    List<String> lines =
        List.of(
            "# gpu  rxpci  txpci ",
            "# Idx   MB/s   MB/s ",
            "    0     10      3 ",
            "    0     20      5 ",
            "    0      - ");
    CardTraffic.Bus bus = CardTraffic.bytesASecond(lines).orElseThrow();
    assertThat(bus.toCard()).isCloseTo(15e6, within(1.0));
    assertThat(bus.fromCard()).isCloseTo(4e6, within(1.0));
  }

  @Test
  void aDriverThatDoesNotCountGivesNothing() {
    List<String> lines =
        List.of("# gpu  rxpci  txpci ", "# Idx   MB/s   MB/s ", "    0      -      - ");
    assertThat(CardTraffic.bytesASecond(lines)).isEqualTo(Optional.empty());
    assertThat(CardTraffic.bytesASecond(List.of("No devices were found"))).isEmpty();
  }
}
