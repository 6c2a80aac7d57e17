package io.moviechat.cli;

import io.moviechat.ModelException;
import io.moviechat.llm.Precision;
import io.moviechat.llm.hub.ModelHub;
import io.moviechat.llm.hub.ModelHub.CachedModel;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The subcommands of {@code moviechat model} that look after downloaded models. */
final class HubCommands {
  private HubCommands() {}

  /** The model that a command is about. */
  static final class Repository {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Parameters(
        paramLabel = "OWNER/NAME[@REV]",
        description = "The model's name on the hub, with a branch, tag or commit if wanted.")
    private String name;

    @SuppressWarnings("NullAway.Init") // picocli sets the fields
    Repository() {}

    /** Does something with the model; a name or an option that cannot be is a wrong usage. */
    <T> T use(Function<String, T> action) {
      try {
        return action.apply(name);
      } catch (IllegalArgumentException e) {
        throw new ParameterException(command.commandLine(), e.getMessage(), e);
      }
    }

    boolean is(String other) {
      return name.equals(other);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /** {@code moviechat model pull}. */
  @Command(
      name = "pull",
      description = "Fetch a model from the hub; nothing else ever downloads anything.",
      sortOptions = false)
  static final class Pull implements Callable<Integer> {
    private final Context context;

    @Mixin private Repository repository;

    @Option(
        names = "--precision",
        paramLabel = "NAME",
        defaultValue = "AUTO",
        description = "Which variant of the graphs: ${COMPLETION-CANDIDATES} (default: AUTO).")
    private Precision precision;

    @Option(
        names = "--mirror",
        paramLabel = "URL",
        description =
            "A hub other than https://huggingface.co (which alone is sent $HF_TOKEN, if set).")
    private @Nullable URI mirror;

    @Option(names = "--offline", description = "Only look whether the model is there already.")
    private boolean offline;

    @SuppressWarnings("NullAway.Init") // picocli sets the fields
    Pull(Context context) {
      this.context = context;
    }

    @Override
    public Integer call() {
      try (StatusLine status = new StatusLine(context.terminal())) {
        repository.use(name -> hub(status).pull(name, precision));
      }
      ModelHub.create().list().stream()
          .filter(model -> repository.is(model.repository()))
          .filter(model -> model.precision() == precision)
          .findFirst()
          .ifPresent(model -> context.terminal().out().println(model.folder()));
      return CommandLine.ExitCode.OK;
    }

    private ModelHub hub(StatusLine status) {
      ModelHub.Builder hub =
          ModelHub.builder()
              .offline(offline)
              .progress((file, done, size) -> status.show(line(file, done, size)));
      String token = System.getenv("HF_TOKEN");
      if (mirror != null) {
        hub.endpoint(mirror); // which is not told the token of another
      } else if (token != null && !token.isBlank()) {
        hub.token(token);
      }
      return hub.build();
    }

    private static String line(String file, long done, long size) {
      return String.format(
          Locale.ROOT, "fetching %s: %,.1f of %,.1f MB", file, done / 1e6, size / 1e6);
    }
  }

  /** {@code moviechat model list}. */
  @Command(
      name = "list",
      description = "Show the models that were fetched, and those in Python's cache.")
  static final class ListModels implements Callable<Integer> {
    private final Context context;

    ListModels(Context context) {
      this.context = context;
    }

    @Override
    public Integer call() {
      List<CachedModel> models = ModelHub.create().list();
      if (models.isEmpty()) {
        context.terminal().note("no models in " + ModelHub.defaultCache());
      }
      for (CachedModel model : models) {
        context
            .terminal()
            .out()
            .printf(
                Locale.ROOT,
                "%s  %s  %,.1f MB  %s%n",
                model.repository(),
                model.precision().name().toLowerCase(Locale.ROOT),
                model.bytes() / 1e6,
                model.folder());
      }
      return CommandLine.ExitCode.OK;
    }
  }

  /** {@code moviechat model check}. */
  @Command(
      name = "check",
      description = "Compare a fetched model's files with their sizes and hashes on the hub.")
  static final class Check implements Callable<Integer> {
    private final Context context;

    @Mixin private Repository repository;

    @SuppressWarnings("NullAway.Init") // picocli sets the fields
    Check(Context context) {
      this.context = context;
    }

    @Override
    public Integer call() {
      List<String> problems = repository.use(ModelHub.create()::check);
      if (!problems.isEmpty()) {
        throw new ModelException(
            repository
                + " is damaged: "
                + String.join("; ", problems)
                + ". Pull it again: whole files are kept.");
      }
      context.terminal().out().println(repository + " is whole");
      return CommandLine.ExitCode.OK;
    }
  }

  /** {@code moviechat model remove}. */
  @Command(name = "remove", description = "Delete a fetched model.")
  static final class Remove implements Callable<Integer> {
    private final Context context;

    @Mixin private Repository repository;

    @SuppressWarnings("NullAway.Init") // picocli sets the fields
    Remove(Context context) {
      this.context = context;
    }

    @Override
    public Integer call() {
      if (!repository.use(ModelHub.create()::remove)) {
        throw new ModelException(
            repository + " is not in " + ModelHub.defaultCache() + "; 'model list' shows what is");
      }
      context.terminal().out().println(repository + " is removed");
      return CommandLine.ExitCode.OK;
    }
  }
}
