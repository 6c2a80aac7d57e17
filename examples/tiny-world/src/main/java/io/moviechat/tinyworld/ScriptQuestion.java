package io.moviechat.tinyworld;

import java.util.List;

/**
 * A question with the one right answer.
 *
 * @param type what is asked
 * @param turns the conversation; the last turn is the one that counts
 * @param atMillis the moment asked about, or -1 for the whole movie
 * @param choices how many answers a guesser who knows the type has to choose from
 */
public record ScriptQuestion(QuestionType type, List<Turn> turns, long atMillis, int choices) {
  /** One question and its true answer. */
  public record Turn(String question, String answer) {}

  /** Copies the turns. */
  public ScriptQuestion {
    turns = List.copyOf(turns);
  }

  /** What is asked last. */
  public String text() {
    return turns.get(turns.size() - 1).question();
  }

  /** The true answer to {@link #text()}. */
  public String answer() {
    return turns.get(turns.size() - 1).answer();
  }

  /** Whether an answer is right: equal to the truth after {@link #normalise}. */
  public boolean isAnsweredBy(String given) {
    return normalise(given).equals(normalise(answer()));
  }

  /**
   * Lower case, without punctuation and articles, with single blanks: what an exact match compares.
   */
  public static String normalise(String text) {
    return text.toLowerCase(java.util.Locale.ROOT)
        .replaceAll("[^\\p{L}\\p{N} ]", " ")
        .replaceAll("\\b(a|an|the)\\b", " ")
        .strip()
        .replaceAll(" +", " ");
  }
}
