package io.moviechat.tinymodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.Answer;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.Question;
import io.moviechat.TokenListener;
import io.moviechat.WatchOptions;
import io.moviechat.recall.Alert;
import io.moviechat.recall.AlertOptions;
import io.moviechat.recall.SearchHit;
import io.moviechat.recall.SlotScorer;
import io.moviechat.tinyworld.Actor;
import io.moviechat.tinyworld.Movies;
import io.moviechat.tinyworld.Script;
import io.moviechat.tinyworld.ScriptVideos;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Recall with the embedded model's own scorer, on a film of more scene changes than slots. */
class RecallTest {
  private final ScriptVideos videos = new ScriptVideos();
  private final Script script = Movies.needle(3000, 120, 4711);
  private final Script.Segment event = Movies.event(script);
  private final Actor actor = event.scene().actors().get(0);

  @MustBeClosed
  private Movie watch(MovieChat chat) {
    return chat.watch(videos.add("needle", script), WatchOptions.DEFAULT);
  }

  @Test
  void whatIsAskedForStaysSharp() {
    try (MovieChat chat = MovieChat.builder().video(videos).build();
        Movie movie = watch(chat)) {
      int stored = movie.memory().snapshot().slots().size();
      assertThat(stored).isGreaterThan(200);

      Answer answer =
          movie.ask("Was there a " + actor.colour().word() + " " + actor.kind().word() + "?");

      assertThat(answer.consolidatedSlots()).isEqualTo(stored - answer.evidence().size());
      assertThat(answer.evidence()).hasSize(80);
      Answer.Evidence best =
          answer.evidence().stream()
              .max(java.util.Comparator.comparingDouble(Answer.Evidence::relevance))
              .orElseThrow();
      assertThat(best.relevance()).isGreaterThan(0.5);
      assertThat(best.reason()).contains("picture");
      assertThat(best.start().toMillis()).isLessThan(event.endMillis());
      assertThat(best.end().toMillis()).isGreaterThan(event.startMillis());
      assertThat(best.frames()).isLessThanOrEqualTo(16);
      assertThat(answer.evidence().stream().mapToLong(Answer.Evidence::frames).sum())
          .isEqualTo(movie.memory().snapshot().framesSeen());
    }
  }

  @Test
  void momentsAreFoundWithoutTheLanguageModel() {
    try (MovieChat chat = MovieChat.builder().video(videos).build();
        Movie movie = watch(chat)) {
      List<SearchHit> hits = movie.search(actor.colour().word() + " " + actor.kind().word(), 3);

      assertThat(hits).isNotEmpty();
      assertThat(hits.get(0).start().toMillis()).isLessThan(event.endMillis());
      assertThat(hits.get(0).end().toMillis()).isGreaterThan(event.startMillis());
      assertThat(movie.search("at the end", 1).get(0).end()).isEqualTo(movie.duration());
      assertThat(movie.search("anything else", 5)).isEmpty();
      assertThatThrownBy(() -> movie.search(" ", 5)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void anAlertTellsOfTheEventAndOfNothingElse() {
    List<Alert> alerts = new ArrayList<>();
    String noun = actor.colour().word() + " " + actor.kind().word();
    WatchOptions options = WatchOptions.DEFAULT.when(noun, AlertOptions.DEFAULT, alerts::add);
    try (MovieChat chat = MovieChat.builder().video(videos).build();
        Movie movie = chat.watch(videos.add("needle", script), options)) {
      assertThat(movie.duration()).isPositive();
    }
    assertThat(alerts).hasSize(1);
    assertThat(alerts.get(0).start().toMillis())
        .isBetween(event.startMillis() - 250, event.endMillis());
    assertThat(alerts.get(0).picture().width()).isPositive();
  }

  @Test
  void aMomentRecallsOnlyWhatEndsByIt() {
    try (MovieChat chat = MovieChat.builder().video(videos).build();
        Movie movie = watch(chat)) {
      Duration moment = Duration.ofMillis(script.millis() * 3 / 4);
      Answer answer = movie.at(moment).ask("Was there a red fish?");
      assertThat(answer.evidence())
          .allSatisfy(slot -> assertThat(slot.end()).isLessThanOrEqualTo(moment));
    }
  }

  @Test
  void withoutAScorerTheMemoryIsWhatThePromptHolds() {
    try (MovieChat chat = MovieChat.builder().video(videos).recall().build();
        Movie movie = watch(chat)) {
      assertThat(movie.memory().snapshot().slots().size()).isLessThanOrEqualTo(80);
      Answer answer = movie.ask("Was there a red fish?");
      assertThat(answer.consolidatedSlots()).isZero();
      assertThatThrownBy(() -> movie.search("red fish", 5))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("recall");
    }
  }

  @Test
  void aScorerThatBreaksItsContractIsNamed() {
    SlotScorer wrong = new Wrong(memory -> new float[1]);
    SlotScorer nothing =
        new Wrong(
            memory -> {
              float[] values = new float[memory];
              values[3] = Float.NaN;
              return values;
            });
    for (SlotScorer scorer : List.of(wrong, nothing)) {
      try (MovieChat chat = MovieChat.builder().video(videos).recall(scorer).build();
          Movie movie = watch(chat)) {
        assertThatThrownBy(() -> movie.ask(Question.of("What is there?"), TokenListener.NONE))
            .isInstanceOf(io.moviechat.InferenceException.class)
            .hasMessageContaining("the scorer 'wrong'");
      }
    }
  }

  private record Wrong(java.util.function.IntFunction<float[]> values) implements SlotScorer {
    @Override
    public String name() {
      return "wrong";
    }

    @Override
    public java.util.Optional<float[]> score(String question, io.moviechat.MemorySnapshot memory) {
      return java.util.Optional.of(values.apply(memory.slots().size()));
    }

    @Override
    public void close() {}
  }
}
