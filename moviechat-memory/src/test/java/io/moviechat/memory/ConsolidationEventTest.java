package io.moviechat.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.FrameTokens;
import io.moviechat.TokenShape;
import io.moviechat.spi.VideoMemory;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConsolidationEventTest {
  @Test
  void everyConsolidationIsAFlightRecorderEvent(@TempDir Path folder) throws IOException {
    TokenShape shape = new TokenShape(1, 2);
    Path file = folder.resolve("recording.jfr");
    try (Recording recording = new Recording()) {
      recording.enable("io.moviechat.Consolidation");
      recording.start();
      try (VideoMemory memory =
          MemoryStrategies.moviechatStartEmpty()
              .shortTermFrames(4)
              .longTermSlots(3)
              .build()
              .open(shape)) {
        for (int i = 0; i < 12; i++) {
          float[] values = {i, 1};
          memory.add(FrameTokens.of(Duration.ofSeconds(i), shape, FloatBuffer.wrap(values)));
        }
        assertThat(memory.stats().merges()).isEqualTo(3 * 2 + 3);
      }
      recording.dump(file);
    }
    List<RecordedEvent> events = RecordingFile.readAllEvents(file);
    assertThat(events).hasSize(3);
    RecordedEvent last = events.get(2);
    assertThat(last.getString("strategy")).isEqualTo("moviechat-start-empty");
    assertThat(last.getInt("before")).isEqualTo(4);
    assertThat(last.getInt("after")).isEqualTo(2);
    assertThat(last.getInt("longTermSlots")).isEqualTo(3);
    assertThat(last.getLong("longTermMerges")).isEqualTo(2);
    assertThat(last.getLong("framesSeen")).isEqualTo(12);
  }
}
