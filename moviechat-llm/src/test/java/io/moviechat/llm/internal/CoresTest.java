package io.moviechat.llm.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CoresTest {
  @TempDir Path cpus;

  private void cpu(int index, String siblings) throws IOException {
    Path topology = Files.createDirectories(cpus.resolve("cpu" + index + "/topology"));
    Files.writeString(topology.resolve("thread_siblings_list"), siblings + "\n");
  }

  @Test
  void threadsOfOneCoreCountOnce() throws IOException {
    cpu(0, "0,4");
    cpu(1, "1,5");
    cpu(4, "0,4");
    cpu(5, "1,5");
    Files.createDirectories(cpus.resolve("cpufreq"));
    assertThat(Cores.count(cpus, 4)).isEqualTo(2);
  }

  @Test
  void aContainerMayUseFewer() throws IOException {
    for (int i = 0; i < 8; i++) {
      cpu(i, "" + i);
    }
    assertThat(Cores.count(cpus, 3)).isEqualTo(3);
    assertThat(Cores.count(cpus, 64)).isEqualTo(8);
  }

  @Test
  void whereNothingIsKnownTheRuntimeDecides() {
    assertThat(Cores.count(cpus, 4)).isZero();
    assertThat(Cores.count(cpus.resolve("nowhere"), 4)).isZero();
  }

  @Test
  void thisMachineHasAtLeastOneAndNotMoreThanItMayUse() {
    assumeThat(Path.of("/sys/devices/system/cpu/cpu0/topology/thread_siblings_list")).isReadable();
    assertThat(Cores.count()).isBetween(1, Runtime.getRuntime().availableProcessors());
  }
}
