package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.Answer;
import io.moviechat.FinishReason;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.Movie;
import io.moviechat.TokenShape;
import io.moviechat.spi.GeneratedAnswer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class AnswerJsonTest {
  @Test
  void has_every_field_in_one_line() {
    TokenShape shape = new TokenShape(2, 3);
    MemorySlot slot =
        MemorySlot.of(
            MemorySlot.Tier.LONG_TERM,
            Duration.ZERO,
            Duration.ofMillis(2500),
            7,
            Duration.ofSeconds(1),
            0.5,
            shape,
            FloatBuffer.allocate(6));
    Answer answer =
        Answer.of(
                GeneratedAnswer.builder("A \"rabbit\"\n🐇", FinishReason.LENGTH)
                    .tokens(5, 6)
                    .promptTokens(42)
                    .timings(
                        Answer.Timings.of(
                            Duration.ofMillis(4), Duration.ofMillis(5), Duration.ofMillis(6), 10.0))
                    .build(),
                new MemorySnapshot(shape, List.of(slot), 7, 0))
            .withWatch(
                Movie.Timings.of(
                    Duration.ofMillis(9),
                    Duration.ofMillis(1),
                    Duration.ofMillis(2),
                    Duration.ofMillis(3)));

    String json = AnswerJson.of(answer, new MemorySnapshot(shape, List.of(slot), 7, 0));

    assertThat(json)
        .isEqualTo(
            "{\"answer\":\"A \\\"rabbit\\\"\\n🐇\",\"tokens\":[5,6],\"finishReason\":\"length\","
                + "\"promptTokens\":42,\"frames\":7,\"slots\":1,\"memoryBytes\":24,"
                + "\"evidence\":[{\"start\":0,\"end\":2.5,\"frames\":7}],"
                + "\"timings\":{\"watchMs\":9,\"decodeMs\":1,\"encodeMs\":2,\"memoryMs\":3,"
                + "\"prefillMs\":4,\"firstTokenMs\":5,\"generateMs\":6}}");
  }
}
