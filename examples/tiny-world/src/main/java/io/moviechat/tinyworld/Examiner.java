package io.moviechat.tinyworld;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.Answer;
import io.moviechat.Conversation;
import io.moviechat.Movie;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;

/**
 * Asks questions about watched movies and counts exact matches, each type of question on its own.
 * Not thread-safe.
 */
public final class Examiner {
  /** Types that are asked of whole movies. */
  public static final Set<QuestionType> GLOBAL =
      EnumSet.complementOf(EnumSet.of(QuestionType.NOW, QuestionType.JUST_BEFORE));

  /** Types that are asked of moments. */
  public static final Set<QuestionType> BREAKPOINT =
      EnumSet.of(
          QuestionType.NOW,
          QuestionType.JUST_BEFORE,
          QuestionType.COLOUR,
          QuestionType.YES_NO,
          QuestionType.COUNT_SCENES);

  /**
   * How one type of question went.
   *
   * @param asked questions
   * @param right exact matches
   * @param chance share that a guesser would get who knows the form of the answer
   */
  public record Score(int asked, int right, double chance) {
    /** Share of right answers; 0 if nothing was asked. */
    public double accuracy() {
      return asked == 0 ? 0 : (double) right / asked;
    }

    Score plus(boolean isRight, int choices) {
      double all = chance * asked + 1.0 / choices;
      return new Score(asked + 1, right + (isRight ? 1 : 0), all / (asked + 1));
    }
  }

  private final Map<QuestionType, Score> global = new EnumMap<>(QuestionType.class);
  private final Map<QuestionType, Score> breakpoint = new EnumMap<>(QuestionType.class);

  /** Creates an examiner that has asked nothing. */
  public Examiner() {}

  /**
   * Draws questions about a movie.
   *
   * @param types which types, in turn; those that the movie has no single answer for are left out
   * @param moments whether to ask of moments instead of the whole movie
   * @param count at most so many
   */
  public static List<ScriptQuestion> questions(
      Script script, Set<QuestionType> types, boolean moments, int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<ScriptQuestion> questions = new ArrayList<>();
    List<QuestionType> order = new ArrayList<>(types);
    for (int i = order.size() - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      QuestionType swap = order.get(i);
      order.set(i, order.get(j));
      order.set(j, swap);
    }
    for (int i = 0; i < order.size() * 3 && questions.size() < count; i++) {
      long at = moments ? QuestionMaker.breakpoint(script, random) : -1;
      if (moments && at < 0) {
        continue;
      }
      Optional<ScriptQuestion> question =
          new QuestionMaker(script, at, random).ask(order.get(i % order.size()));
      question.ifPresent(questions::add);
    }
    return questions;
  }

  /**
   * Asks all questions of a movie. Each is asked in a conversation of its own; of a question with
   * several turns the last one counts.
   *
   * @param listener told each question and its last answer
   */
  public void examine(
      Movie movie, List<ScriptQuestion> questions, BiConsumer<ScriptQuestion, Answer> listener) {
    for (ScriptQuestion question : questions) {
      Answer answer = ask(movie, question);
      count(question, answer.text());
      listener.accept(question, answer);
    }
  }

  /** Asks one question, with all its turns, in a conversation of its own. */
  public static Answer ask(Movie movie, ScriptQuestion question) {
    try (Conversation conversation = conversation(movie, question)) {
      return ask(conversation, question);
    }
  }

  @MustBeClosed
  private static Conversation conversation(Movie movie, ScriptQuestion question) {
    return question.atMillis() < 0
        ? movie.conversation()
        : movie.at(Duration.ofMillis(question.atMillis())).conversation();
  }

  private static Answer ask(Conversation conversation, ScriptQuestion question) {
    Answer answer = conversation.ask(question.turns().get(0).question());
    for (ScriptQuestion.Turn turn : question.turns().subList(1, question.turns().size())) {
      answer = conversation.ask(turn.question());
    }
    return answer;
  }

  /** Counts an answer that was got in another way. */
  public void count(ScriptQuestion question, String answer) {
    Map<QuestionType, Score> scores = question.atMillis() < 0 ? global : breakpoint;
    Score before = scores.getOrDefault(question.type(), new Score(0, 0, 0));
    scores.put(question.type(), before.plus(question.isAnsweredBy(answer), question.choices()));
  }

  /** Scores of questions about whole movies. */
  public Map<QuestionType, Score> global() {
    return Map.copyOf(global);
  }

  /** Scores of questions about moments. */
  public Map<QuestionType, Score> breakpoint() {
    return Map.copyOf(breakpoint);
  }

  /** All questions together. */
  public Score all() {
    int asked = 0;
    int right = 0;
    double chance = 0;
    for (Map<QuestionType, Score> scores : List.of(global, breakpoint)) {
      for (Score score : scores.values()) {
        asked += score.asked();
        right += score.right();
        chance += score.chance() * score.asked();
      }
    }
    return new Score(asked, right, asked == 0 ? 0 : chance / asked);
  }
}
