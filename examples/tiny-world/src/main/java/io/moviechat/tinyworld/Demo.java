package io.moviechat.tinyworld;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What a demonstration shows: a movie of three minutes and five questions with their truth, two of
 * them about moments. The answers are the model's business.
 *
 * @param script the movie
 * @param questions five, the first three about the whole movie
 */
public record Demo(Script script, List<ScriptQuestion> questions) {
  /** Copies the questions. */
  public Demo {
    questions = List.copyOf(questions);
  }

  /** Draws up a demonstration; the same seed gives the same one. */
  public static Demo of(long seed) {
    Script script = Movies.demo(seed);
    SplittableRandom random = new SplittableRandom(seed);
    List<ScriptQuestion> questions = new ArrayList<>();
    QuestionMaker whole = new QuestionMaker(script, -1, random);
    for (QuestionType type : List.of(QuestionType.COLOUR, QuestionType.MOVE, QuestionType.YES_NO)) {
      questions.add(ask(whole, type));
    }
    long middle = momentIn(script, 4, random);
    questions.add(ask(new QuestionMaker(script, middle, random), QuestionType.NOW));
    long late = momentIn(script, 7, random);
    questions.add(ask(new QuestionMaker(script, late, random), QuestionType.JUST_BEFORE));
    return new Demo(script, questions);
  }

  private static ScriptQuestion ask(QuestionMaker maker, QuestionType type) {
    for (int attempt = 0; attempt < 50; attempt++) {
      var question = maker.ask(type);
      if (question.isPresent()) {
        return question.get();
      }
    }
    throw new IllegalStateException("this movie allows no question of type " + type);
  }

  private static long momentIn(Script script, int segment, SplittableRandom random) {
    Script.Segment wanted = script.segments().get(segment);
    for (int attempt = 0; attempt < 10_000; attempt++) {
      long at = QuestionMaker.breakpoint(script, random);
      if (at >= wanted.startMillis() + 2000 && at < wanted.endMillis()) {
        return at;
      }
    }
    throw new IllegalStateException("segment " + segment + " has no moment to ask about");
  }
}
