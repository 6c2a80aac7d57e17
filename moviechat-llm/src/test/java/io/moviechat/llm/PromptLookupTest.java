package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PromptLookupTest {
  private static PromptLookup after(int most, int... ids) {
    PromptLookup lookup = new PromptLookup(new int[0], most);
    for (int id : ids) {
      lookup.add(id);
    }
    return lookup;
  }

  @Test
  void guessesWhatFollowedTheLastTokensBefore() {
    assertThat(after(3, 1, 2, 3, 4, 5, 9, 1, 2).guess(10)).containsExactly(3, 4, 5);
    assertThat(after(10, 1, 2, 3, 4, 5, 9, 1, 2).guess(2)).containsExactly(3, 4);
  }

  @Test
  void theLongerMatchAndThenTheLaterPlaceWins() {
    assertThat(after(1, 1, 2, 3, 7, 2, 3, 8, 1, 2, 3).guess(10)).containsExactly(7);
    assertThat(after(1, 2, 3, 7, 2, 3, 8, 0, 2, 3).guess(10)).containsExactly(8);
  }

  @Test
  void anAnswerThatRepeatsItselfIsGuessedToGoOn() {
    assertThat(after(4, 6, 6, 6, 6).guess(10)).containsExactly(6);
    assertThat(after(4, 1, 2, 1, 2, 1, 2).guess(10)).containsExactly(1, 2);
  }

  @Test
  void oneTokenAloneIsNoReason() {
    assertThat(after(4, 1, 2, 3, 1).guess(10)).isEmpty();
    assertThat(after(4).guess(10)).isEmpty();
    assertThat(after(4, 1).guess(10)).isEmpty();
  }

  @Test
  void pictureRowsAreNoText() {
    PromptLookup lookup = new PromptLookup(new int[] {1, 2, -1, -1, 5, -1, -1, 7}, 4);
    lookup.add(1);
    lookup.add(2);
    assertThat(lookup.guess(10)).isEmpty();
    PromptLookup rows = new PromptLookup(new int[] {-1, -1, 5, -1, -1}, 4);
    assertThat(rows.guess(10)).isEmpty();
  }

  @Test
  void noneAreGuessedWhereThereIsNoRoomOrNoWish() {
    assertThat(after(4, 1, 2, 1, 2).guess(0)).isEmpty();
    assertThat(after(4, 1, 2, 1, 2).guess(-1)).isEmpty();
    assertThat(after(0, 1, 2, 1, 2).guess(10)).isEmpty();
  }
}
