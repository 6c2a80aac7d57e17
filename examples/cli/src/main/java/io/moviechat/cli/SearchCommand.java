package io.moviechat.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.moviechat.GenerationOptions;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.recall.SearchHit;
import io.moviechat.recall.SlotScorer;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code moviechat search}: moments of a video by what they show, without a language model. */
@Command(
    name = "search",
    description = "Find moments of a video by what they show, or by their time.",
    sortOptions = false)
final class SearchCommand implements Callable<Integer> {
  private final Context context;

  @Spec private CommandSpec spec;
  @Mixin private Models models;
  @Mixin private MovieSettings movieSettings;

  @Option(
      names = "--query",
      required = true,
      paramLabel = "TEXT",
      description = "What to look for, as in 'red car' or 'in the last minute'.")
  private String query;

  @Option(
      names = "--top",
      paramLabel = "N",
      defaultValue = "5",
      description = "At most so many moments (default: ${DEFAULT-VALUE}).")
  private int top;

  @Option(names = "--json", description = "Print a JSON array instead of lines.")
  private boolean json;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  SearchCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    try {
      movieSettings.validate();
      if (query.isBlank()) {
        throw new IllegalArgumentException("the query is empty; give --query some words");
      }
      if (top < 1) {
        throw new IllegalArgumentException("--top must be at least 1, was " + top);
      }
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    List<SearchHit> hits = search();
    if (json) {
      context.terminal().out().println(json(hits));
    } else {
      for (SearchHit hit : hits) {
        context
            .terminal()
            .out()
            .printf(
                Locale.ROOT,
                "%s to %s  %.2f %s%s%n",
                Moment.format(hit.start()),
                Moment.format(hit.end()),
                hit.score(),
                hit.reason(),
                said(hit));
      }
      if (hits.isEmpty()) {
        context.terminal().note("nothing stands out for '" + query + "'");
      }
    }
    return CommandLine.ExitCode.OK;
  }

  private static String said(SearchHit hit) {
    if (hit.cues().isEmpty()) {
      return "";
    }
    String words =
        hit.cues().stream()
            .map(cue -> cue.text().replace('\n', ' '))
            .collect(Collectors.joining(" "));
    return "  \"" + words + "\"";
  }

  private List<SearchHit> search() {
    Optional<SlotScorer> scorer = movieSettings.openScorer();
    if (scorer.isPresent()) {
      return look(scorer.get());
    }
    try (Session session =
        Session.open(
            context,
            movieSettings,
            models::chosen,
            model -> GenerationOptions.DEFAULT,
            Optional.empty())) {
      return session.movie().search(query, top);
    }
  }

  /** Needs no language model; takes over the scorer. */
  private List<SearchHit> look(SlotScorer scorer) {
    try (scorer;
        StatusLine status = new StatusLine(context.terminal());
        MovieChat chat = movieSettings.searchOnly(scorer).build();
        Movie movie = Session.movie(context, chat, movieSettings, Optional.empty(), status)) {
      return movie.search(query, top);
    }
  }

  private static String json(List<SearchHit> hits) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.writeStartArray();
      for (SearchHit hit : hits) {
        json.writeStartObject();
        json.writeNumberField("start", Moment.seconds(hit.start()));
        json.writeNumberField("end", Moment.seconds(hit.end()));
        json.writeNumberField("representative", Moment.seconds(hit.representative()));
        json.writeNumberField("score", hit.score());
        json.writeStringField("reason", hit.reason());
        CueJson.write("cues", hit.cues(), json);
        json.writeEndObject();
      }
      json.writeEndArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a StringWriter does not fail
    }
    return text.toString();
  }
}
