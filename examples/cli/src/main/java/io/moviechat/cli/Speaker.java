package io.moviechat.cli;

import io.moviechat.Answer;
import io.moviechat.Asking;
import io.moviechat.Conversation;
import io.moviechat.FinishReason;
import io.moviechat.Question;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Asks a question and writes the answer while it grows. */
final class Speaker {
  private final Context context;

  Speaker(Context context) {
    this.context = context;
  }

  /** Writes the answer to standard output, piece by piece, and ends the line. */
  Answer aloud(Conversation conversation, String question) {
    Terminal terminal = context.terminal();
    AtomicReference<@Nullable Asking> asking = new AtomicReference<>();
    try (StatusLine status = new StatusLine(terminal)) {
      status.show(reading(conversation));
      Asking started =
          conversation.start(
              Question.of(question),
              text -> {
                status.clear();
                terminal.out().print(text);
                terminal.out().flush();
                Asking running = asking.get();
                if (terminal.readerGone() && running != null) {
                  running.cancel();
                }
              });
      asking.set(started);
      Answer answer = context.interruption().during(started::cancel, started::join);
      status.clear();
      terminal.out().println();
      if (terminal.shows()) {
        remark(answer);
      }
      answer.recallProblem().ifPresent(terminal::note);
      return answer;
    }
  }

  /** Writes nothing but a status line. */
  Answer quietly(Conversation conversation, String question) {
    try (StatusLine status = new StatusLine(context.terminal())) {
      status.show(reading(conversation));
      Asking started = conversation.start(Question.of(question), text -> {});
      Answer answer = context.interruption().during(started::cancel, started::join);
      answer.recallProblem().ifPresent(context.terminal()::note);
      return answer;
    }
  }

  private static String reading(Conversation conversation) {
    return String.format(
        "reading %,d memory slots (%,d visual tokens)",
        conversation.memory().slots().size(), conversation.memory().visualTokens());
  }

  private void remark(Answer answer) {
    if (answer.finishReason() == FinishReason.LENGTH) {
      context
          .terminal()
          .note("(cut after " + answer.tokens().length + " tokens; --max-new-tokens sets that)");
    } else if (answer.finishReason() == FinishReason.TIMEOUT) {
      context.terminal().note("(cut by --timeout)");
    }
  }
}
