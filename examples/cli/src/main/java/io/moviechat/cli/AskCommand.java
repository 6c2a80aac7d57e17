package io.moviechat.cli;

import io.moviechat.Answer;
import io.moviechat.Conversation;
import io.moviechat.FinishReason;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code moviechat ask}: one question, one answer. */
@Command(name = "ask", description = "Answer one question about a video.", sortOptions = false)
final class AskCommand implements Callable<Integer> {
  private final Context context;

  @Spec private CommandSpec spec;
  @Mixin private Models models;
  @Mixin private MovieSettings movieSettings;

  @Option(
      names = {"-q", "--question"},
      required = true,
      paramLabel = "TEXT",
      description = "The question.")
  private String question;

  @Option(
      names = "--at",
      paramLabel = "TIME",
      converter = MomentConverter.class,
      description = "Ask about this moment (HH:MM:SS, MM:SS or seconds), not the whole video.")
  private @Nullable Duration at;

  @Option(names = "--json", description = "Print one JSON object instead of the streamed answer.")
  private boolean json;

  @Mixin private GenerationSettings generation;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  AskCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    try {
      movieSettings.validate();
      generation.validate();
      models.validate();
      if (question.isBlank()) {
        throw new IllegalArgumentException(
            "the question is empty; give --question some text, as in --question 'What happens?'");
      }
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    Optional<Duration> moment = Optional.ofNullable(at);
    try (Session session =
            Session.open(context, movieSettings, models::chosen, generation::of, moment);
        Conversation conversation = session.conversation(moment)) {
      Speaker speaker = new Speaker(context);
      Answer answer =
          json ? speaker.quietly(conversation, question) : speaker.aloud(conversation, question);
      if (context.interruption().requested() || answer.finishReason() == FinishReason.CANCELLED) {
        throw new CancellationException();
      }
      if (json) {
        context.terminal().out().println(AnswerJson.of(answer, conversation.memory()));
      }
      context.sayTimes(spec, answer);
    }
    return CommandLine.ExitCode.OK;
  }
}
