package io.moviechat.bench.eval;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moviechat.tinyworld.Examiner;
import io.moviechat.tinyworld.MovieWriter;
import io.moviechat.tinyworld.Movies;
import io.moviechat.tinyworld.QuestionType;
import io.moviechat.tinyworld.Script;
import io.moviechat.tinyworld.ScriptQuestion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;

/**
 * Films of the synthetic world in the layout of MovieChat-1K, every answer known from the script: a
 * benchmark that needs no download. Three questions about each film and ten about moments of it, as
 * in the real set. A few scenes take turns, and among them is one event of about a second.
 */
public final class GeneratedFilms {
  private static final int GLOBAL = 3;
  private static final int BREAKPOINTS = 10;
  private static final int SIDE = 64;
  private static final long FIRST_SEED = 700_000;
  private static final double SECONDS_PER_SCENE = 25;
  private static final double FRAMES_PER_SECOND = 4; // the interval that scenes are planned in

  private GeneratedFilms() {}

  /**
   * Writes {@code jsons/} and {@code videos/}; films that are there already are kept. The same
   * arguments always make the same films. Their lengths are spread evenly on a logarithmic scale.
   *
   * @param shortest length of the first film, at least ten seconds
   * @param longest length of the last one
   * @param done told the number of films after each
   * @throws IOException if they cannot be written
   */
  public static void write(
      Path folder, int films, Duration shortest, Duration longest, IntConsumer done)
      throws IOException {
    if (films < 1 || shortest.toSeconds() < 10 || longest.compareTo(shortest) < 0) {
      throw new IllegalArgumentException(
          "no %d films of %s to %s can be made: at least 1, of at least 10 seconds"
              .formatted(films, shortest, longest));
    }
    Path jsons = Files.createDirectories(folder.resolve("jsons"));
    Path videos = Files.createDirectories(folder.resolve("videos"));
    for (int i = 0; i < films; i++) {
      String name = "film%03d".formatted(i + 1);
      Path json = jsons.resolve(name + ".json");
      if (!Files.exists(json)) {
        double part = films == 1 ? 0 : (double) i / (films - 1);
        double ratio = (double) longest.toSeconds() / shortest.toSeconds();
        Script script = script(shortest.toSeconds() * Math.pow(ratio, part), FIRST_SEED + i);
        MovieWriter.write(script, videos.resolve(name + ".mp4"), SIDE);
        Path partial = jsons.resolve(name + ".part");
        Files.writeString(
            partial,
            Json.MAPPER
                .writerWithDefaultPrettyPrinter()
                .writeValueAsString(annotation(script, name + ".mp4", FIRST_SEED + i)));
        Files.move(partial, json, StandardCopyOption.REPLACE_EXISTING);
      }
      done.accept(i + 1);
    }
  }

  private static Script script(double seconds, long seed) {
    int scenes = (int) Math.max(6, Math.round(seconds / SECONDS_PER_SCENE));
    return Movies.needle((int) Math.round(seconds * FRAMES_PER_SECOND), scenes, seed);
  }

  private static ObjectNode annotation(Script script, String video, long seed) {
    ObjectNode json = Json.MAPPER.createObjectNode();
    json.putObject("info")
        .put("video_path", video)
        .put("fps", (double) MovieWriter.FRAMES_PER_SECOND)
        .put("num_frame", script.millis() * MovieWriter.FRAMES_PER_SECOND / 1000)
        .put("class", script.millis() < 15 * 60_000 ? "under 15 minutes" : "15 minutes and more");
    Set<QuestionType> types = EnumSet.copyOf(Examiner.GLOBAL);
    types.remove(QuestionType.FOLLOW_UP);
    var global = json.putArray("global");
    for (ScriptQuestion question : Examiner.questions(script, types, false, GLOBAL, seed)) {
      put(global.addObject(), question, script);
    }
    var breakpoints = json.putArray("breakpoint");
    for (ScriptQuestion question : moments(script, seed)) {
      ObjectNode each = breakpoints.addObject();
      each.put("time", question.atMillis() * MovieWriter.FRAMES_PER_SECOND / 1000);
      put(each, question, script);
    }
    return json;
  }

  /** Ten, whatever types the film allows a question of. */
  private static List<ScriptQuestion> moments(Script script, long seed) {
    List<ScriptQuestion> moments = new ArrayList<>();
    SplittableRandom seeds = new SplittableRandom(seed);
    for (int attempt = 0; attempt < 50 && moments.size() < BREAKPOINTS; attempt++) {
      moments.addAll(
          Examiner.questions(
              script, Examiner.BREAKPOINT, true, BREAKPOINTS - moments.size(), seeds.nextLong()));
    }
    return moments;
  }

  private static void put(ObjectNode json, ScriptQuestion question, Script script) {
    json.put("question", question.text())
        .put("answer", question.answer())
        .put("type", question.type().name().toLowerCase(Locale.ROOT));
    evidence(question, script).ifPresent(span -> Span.write(json, "evidence", List.of(span)));
  }

  /** Where the answer can be seen, of the types that are about one scene that is known. */
  private static Optional<Span> evidence(ScriptQuestion question, Script script) {
    List<Script.Segment> segments = script.segments();
    int now = indexAt(script, question.atMillis());
    return switch (question.type()) {
      case FIRST -> Optional.of(span(segments.get(0), Long.MAX_VALUE));
      case LAST -> Optional.of(span(segments.get(segments.size() - 1), Long.MAX_VALUE));
      case NOW -> Optional.of(span(segments.get(now), question.atMillis()));
      case JUST_BEFORE -> Optional.of(span(segments.get(now - 1), question.atMillis()));
      default -> Optional.empty();
    };
  }

  private static int indexAt(Script script, long millis) {
    int index = 0;
    for (Script.Segment segment : script.segments()) {
      if (millis >= segment.endMillis()) {
        index++;
      }
    }
    return Math.min(index, script.segments().size() - 1);
  }

  private static Span span(Script.Segment segment, long until) {
    return new Span(segment.startMillis() / 1e3, Math.min(segment.endMillis(), until) / 1e3);
  }
}
