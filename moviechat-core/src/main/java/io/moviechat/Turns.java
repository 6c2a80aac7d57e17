package io.moviechat;

import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.GeneratedAnswer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** The turns that a conversation remembers, and how many it has forgotten. Not thread-safe. */
final class Turns {
  private List<Conversation.Turn> remembered = List.of();
  private int forgotten;

  List<Conversation.Turn> remembered() {
    return remembered;
  }

  /** What was asked last, empty at first: "it" in the next question means something of it. */
  String latestQuestion() {
    return remembered.isEmpty() ? "" : remembered.get(remembered.size() - 1).question();
  }

  int forgotten() {
    return forgotten;
  }

  /**
   * Answers with as many of the latest turns as fit the model's context. What did not fit once is
   * forgotten, so that the next question does not try it again.
   *
   * @throws AnswerSession.ContextExceededException if the question alone does not fit; nothing is
   *     forgotten then
   */
  Answered answer(Function<List<Conversation.Turn>, GeneratedAnswer> answer) {
    List<Conversation.Turn> fitting = remembered;
    while (true) {
      try {
        GeneratedAnswer generated = answer.apply(fitting);
        forgotten += remembered.size() - fitting.size();
        remembered = fitting;
        return new Answered(generated, forgotten);
      } catch (AnswerSession.ContextExceededException e) {
        if (fitting.isEmpty()) {
          throw e;
        }
        fitting = fitting.subList(1, fitting.size());
      }
    }
  }

  void add(Conversation.Turn turn) {
    List<Conversation.Turn> longer = new ArrayList<>(remembered);
    longer.add(turn);
    remembered = List.copyOf(longer);
  }

  /** What came of a question, and how many turns it was not shown. */
  record Answered(GeneratedAnswer generated, int forgotten) {}
}
