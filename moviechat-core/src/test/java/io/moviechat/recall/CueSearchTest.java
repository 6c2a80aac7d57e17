package io.moviechat.recall;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import io.moviechat.speech.Cue;
import io.moviechat.speech.Cues;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CueSearchTest {
  private static Cue cue(int second, String text) {
    return Cue.of(
        Duration.ofSeconds(second), Duration.ofSeconds(second + 2), text, Cue.Origin.SPEECH);
  }

  private static final Cues FILM =
      Cues.of(
          List.of(
              cue(0, "Good morning, everybody."),
              cue(20, "Have you seen the blue square?"),
              cue(23, "The red fish was swimming to the left."),
              cue(60, "Seven stars are in the sky."),
              cue(90, "That is all for today."),
              cue(93, "Good night.")));

  private static List<String> found(String query) {
    return CueSearch.of(FILM).best(query, 3).stream().map(hit -> hit.cue().text()).toList();
  }

  @Test
  void wordsAreFoundWhateverTheirEnding() {
    assertThat(found("Who speaks of the red fish?")).first().asString().contains("red fish");
    assertThat(found("What is said about swimming fishes?")).first().asString().contains("fish");
    assertThat(found("a star")).containsExactly("Seven stars are in the sky.");
    assertThat(found("elephants")).isEmpty();
    assertThat(found("What is said?")).isEmpty();
  }

  @Test
  void timesThatAreNamedAreFoundToo() {
    assertThat(found("What is said at the end?")).containsExactly("Good night.");
    assertThat(found("What is said first?")).containsExactly("Good morning, everybody.");
    assertThat(found("What is said at 1:01?")).containsExactly("Seven stars are in the sky.");
  }

  @Test
  void neighboursWithoutAPauseAreOnePassage() {
    CueSearch.Hit hit = CueSearch.of(FILM).best("red fish", 3).get(0);
    assertThat(hit.passage()).hasSize(2);
    assertThat(hit.start()).isEqualTo(Duration.ofSeconds(20));
    assertThat(hit.end()).isEqualTo(Duration.ofSeconds(25));
    assertThat(hit.score()).isBetween(0.25, 1.0);
    assertThat(CueSearch.of(FILM).best("red fish and blue square", 3))
        .as("hits side by side")
        .hasSize(1);
  }

  @Test
  void allCuesAreOrderedByWhatTheQuestionWants() {
    List<Cue> order = CueSearch.of(FILM).inOrder("Who speaks of the red fish?");
    assertThat(order.get(0).text()).contains("red fish");
    assertThat(order.get(1).text()).contains("blue square");
    assertThat(order).containsExactlyInAnyOrderElementsOf(FILM.list());
    assertThat(CueSearch.of(FILM).inOrder("Why?")).hasSize(6).startsWith(FILM.list().get(0));
    assertThat(CueSearch.of(Cues.NONE).inOrder("Why?")).isEmpty();
    assertThat(CueSearch.of(Cues.of(List.of(cue(1, "Alone")))).inOrder("Why?")).hasSize(1);
  }

  @Test
  void slotsInWhichItIsSaidAreWanted() {
    List<MemorySlot> slots = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      slots.add(
          MemorySlot.of(
              MemorySlot.Tier.LONG_TERM,
              Duration.ofSeconds(10L * i),
              Duration.ofSeconds(10L * i + 10),
              1,
              Duration.ofSeconds(10L * i),
              1,
              new TokenShape(1, 1),
              FloatBuffer.allocate(1)));
    }
    MemorySnapshot memory = new MemorySnapshot(new TokenShape(1, 1), slots, 10, 0);
    SlotScorer scorer = CueSearch.of(FILM).scorer();
    assertThat(scorer.name()).isEqualTo("words");
    float[] relevance = scorer.score("the stars", memory).orElseThrow();
    assertThat(IntStream.range(0, 10).filter(i -> relevance[i] > 0)).containsExactly(6);
    assertThat(scorer.score("elephants", memory)).isEmpty();
  }

  @Test
  void byMeaningWithNeighbours() {
    List<String> embedded = new ArrayList<>();
    TextEmbedder embedder =
        new TextEmbedder() {
          @Override
          public String name() {
            return "first letters";
          }

          @Override
          public List<float[]> embed(List<String> texts) {
            embedded.addAll(texts);
            return texts.stream()
                .map(text -> text.contains("Seven") || text.contains("many") ? 1f : 0f)
                .map(seven -> new float[] {seven, 1 - seven})
                .toList();
          }

          @Override
          public void close() {}
        };
    CueSearch search = CueSearch.of(FILM, embedder);
    assertThat(search.best("How many?", 1).get(0).cue().text()).startsWith("Seven");
    assertThat(embedded)
        .contains("Have you seen the blue square? The red fish was swimming to the left.");
    int count = embedded.size();
    assertThat(search.best("So many!", 1)).hasSize(1);
    assertThat(embedded).hasSize(count + 1);
  }

  @Test
  void refusesWhatIsNoSearch() {
    assertThatIllegalArgumentException().isThrownBy(() -> CueSearch.of(FILM).best(" ", 1));
    assertThatIllegalArgumentException().isThrownBy(() -> CueSearch.of(FILM).best("a", 0));
  }
}
