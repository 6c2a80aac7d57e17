package io.moviechat.cli;

import io.moviechat.Answer;
import io.moviechat.Conversation;
import io.moviechat.MemorySlot;
import io.moviechat.MovieChatException;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code moviechat chat}: many questions about one watched movie. */
@Command(
    name = "chat",
    description = "Watch a video, then answer questions typed one per line.",
    sortOptions = false,
    footerHeading = "%nWhile chatting:%n",
    footer = {
      "  /at 00:01:05   ask about this moment from now on",
      "  /all           ask about the whole video again",
      "  /memory        show what is remembered",
      "  /save FILE     save the memory, for --memory-file",
      "  /help          show this list",
      "  /quit          end (so does the end of the input)",
    })
final class ChatCommand implements Callable<Integer> {
  static final List<String> COMMANDS =
      List.of("/at ", "/all", "/memory", "/save ", "/help", "/quit");

  private final Context context;

  @Spec private CommandSpec spec;
  @Mixin private Models models;
  @Mixin private MovieSettings movieSettings;
  @Mixin private GenerationSettings generation;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  ChatCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() throws IOException {
    try {
      movieSettings.validate();
      generation.validate();
      models.validate();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    try (Input lines = context.terminal().in();
        Session session =
            Session.open(context, movieSettings, models::chosen, generation::of, Optional.empty());
        Dialog dialog = new Dialog(session)) {
      if (context.terminal().asks()) {
        context.terminal().note("ask about the video; /help lists commands, /quit ends");
      }
      boolean goOn = true;
      while (goOn && !context.interruption().requested() && !context.terminal().readerGone()) {
        @Nullable String line = lines.readLine(dialog.prompt());
        goOn = line != null && dialog.handle(line.strip());
      }
    }
    return CommandLine.ExitCode.OK;
  }

  /** What is being talked about. */
  @SuppressWarnings("MustBeClosedChecker") // owns the conversation of now, closes the one before
  private final class Dialog implements AutoCloseable {
    private final Session session;
    private final Speaker speaker = new Speaker(context);
    private Conversation conversation;

    Dialog(Session session) {
      this.session = session;
      this.conversation = session.conversation(Optional.empty());
    }

    String prompt() {
      return conversation.breakpoint().map(Moment::format).orElse("") + "> ";
    }

    /** Does what a line says; false ends the chat. A failure ends the line, not the chat. */
    boolean handle(String line) {
      try {
        return line.startsWith("/") ? command(line) : question(line);
      } catch (MovieChatException | IllegalArgumentException e) {
        context.terminal().note("moviechat: " + Failures.lineOf(e));
        return true;
      }
    }

    private boolean question(String line) {
      if (!line.isEmpty()) {
        Answer answer = speaker.aloud(conversation, line);
        context.sayTimes(spec, answer);
      }
      return true;
    }

    private boolean command(String line) {
      String[] words = line.split("\\s+", 2);
      String argument = words.length > 1 ? words[1] : "";
      switch (words[0]) {
        case "/quit", "/exit" -> {
          return false;
        }
        case "/help" -> List.of(spec.usageMessage().footer()).forEach(context.terminal()::note);
        case "/at" -> talkAbout(session.conversation(Optional.of(Moment.parse(argument))));
        case "/all" -> talkAbout(session.conversation(Optional.empty()));
        case "/memory" -> describeMemory();
        case "/save" -> save(argument);
        default ->
            throw new IllegalArgumentException(
                "there is no command " + words[0] + "; /help lists them");
      }
      return true;
    }

    private void talkAbout(Conversation next) {
      conversation.close();
      conversation = next;
    }

    private void save(String name) {
      if (name.isEmpty()) {
        throw new IllegalArgumentException("/save needs a file name, as in /save movie.memory");
      }
      try {
        session.movie().memory().save(Path.of(name));
      } catch (InvalidPathException e) {
        throw new IllegalArgumentException("'" + name + "' is not a file name: " + e.getReason());
      }
      context.terminal().note("saved to " + name);
    }

    private void describeMemory() {
      context
          .terminal()
          .out()
          .printf(
              Locale.ROOT,
              "%,d frames in %,d slots of %s tokens, %,d bytes, strategy %s%n",
              conversation.memory().framesSeen(),
              conversation.memory().slots().size(),
              conversation.memory().shape(),
              conversation.memory().bytes(),
              session.movie().memory().strategy());
      for (MemorySlot slot : conversation.memory().slots()) {
        context
            .terminal()
            .out()
            .printf(
                Locale.ROOT,
                "%s - %s  %,6d frames  %s%n",
                Moment.format(slot.start()),
                Moment.format(slot.end()),
                slot.frames(),
                slot.tier().name().toLowerCase(Locale.ROOT).replace('_', '-'));
      }
    }

    @Override
    public void close() {
      conversation.close();
    }
  }
}
