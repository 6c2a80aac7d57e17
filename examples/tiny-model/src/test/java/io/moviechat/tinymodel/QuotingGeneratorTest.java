package io.moviechat.tinymodel;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.FinishReason;
import io.moviechat.GenerationOptions;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.speech.Cue;
import io.moviechat.speech.Cues;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Questions about words are answered by quotes, the others as if nothing were said. */
class QuotingGeneratorTest {
  private static Cue cue(int second, String text) {
    return Cue.of(
        Duration.ofSeconds(second), Duration.ofSeconds(second + 2), text, Cue.Origin.SPEECH);
  }

  private static final Cues CUES =
      Cues.of(
          List.of(
              cue(1, "Good morning."),
              cue(12, "Look, there is the red fish."),
              cue(30, "I see seven stars in the sky."),
              cue(65, "Goodbye, see you tomorrow.")));

  private static MovieView view() {
    TokenShape shape = new TokenShape(4, 192);
    MemorySlot slot =
        MemorySlot.of(
            MemorySlot.Tier.SHORT_TERM,
            Duration.ZERO,
            Duration.ofSeconds(70),
            1,
            Duration.ZERO,
            1,
            shape,
            FloatBuffer.allocate(shape.floats()));
    return MovieView.of(new MemorySnapshot(shape, List.of(slot), 1, 0));
  }

  private static GeneratedAnswer ask(AnswerSession session, String question) {
    GenerationOptions options = GenerationOptions.builder().maxTokens(8).build();
    return session.answer(
        AnswerRequest.of(question, options).withCues(CUES.list()), TokenListener.NONE);
  }

  @Test
  void wordsAreQuotedAndPicturesAreSeen(@TempDir Path cache) {
    try (AnswerGenerator generator = new EmbeddedModel(cache).model().openGenerator();
        AnswerSession silent = generator.open(view());
        AnswerSession session = generator.open(view().withCues(CUES))) {
      GeneratedAnswer fish = ask(session, "Who speaks of the red fish?");
      assertThat(fish.text()).isEqualTo("At 0:12: \"Look, there is the red fish.\"");
      assertThat(fish.cues()).containsExactly(CUES.list().get(1));
      assertThat(fish.finishReason()).isEqualTo(FinishReason.STOP);
      assertThat(ask(session, "What is said at the end?").text())
          .isEqualTo("At 1:05: \"Goodbye, see you tomorrow.\"");
      assertThat(ask(session, "What is said first?").text()).contains("Good morning");
      assertThat(ask(session, "Who mentions stars?").text()).contains("seven stars");
      assertThat(ask(session, "Does anybody talk about elephants?").text())
          .isEqualTo("Nothing that is said fits this question.");
      assertThat(ask(session, "What is said?").cues()).hasSize(3);
      String seen = "What colour is the fish?";
      assertThat(ask(session, seen).text()).isEqualTo(ask(silent, seen).text());
      assertThat(ask(session, seen).cues()).isEmpty();
      assertThat(ask(silent, "What is said?").cues()).isEmpty();
    }
  }
}
