package io.moviechat.bench.eval;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.io.Files;
import io.moviechat.bench.eval.EvalItem.Form;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Readers of the sets whose answers are words: the original's own evaluation. */
final class OpenReaders {
  private static final List<String> ACTIVITYNET_TYPES =
      List.of(
          "motion",
          "spatial",
          "temporal",
          "yes/no",
          "color",
          "object",
          "location",
          "number",
          "other");

  private OpenReaders() {}

  /**
   * MovieChat-1K: one JSON file per film with {@code info}, {@code global} and {@code breakpoint}
   * (whose time is the number of a frame), or flat records with {@code video_name}, {@code time}.
   */
  static Reader movieChat1k(TimeUnit unit) {
    return files -> {
      for (Path file : files.files(name -> name.endsWith(".json") || name.endsWith(".jsonl"))) {
        files.records(
            file,
            (where, json) -> {
              if (json.has("info") || json.has("global") || json.has("breakpoint")) {
                film(files.dataset(), where, file, json, unit);
              } else {
                flat(files.dataset(), where, json, unit);
              }
            });
      }
    };
  }

  private static void film(Dataset dataset, String where, Path file, JsonNode json, TimeUnit unit) {
    JsonNode info = json.path("info");
    String stem = Files.getNameWithoutExtension(String.valueOf(file.getFileName()));
    String video = info.path("video_path").asText(stem);
    String key = video.isBlank() ? stem : Files.getNameWithoutExtension(video);
    double fps = info.path("fps").asDouble(0);
    long frames = info.path("num_frame").asLong(Long.MAX_VALUE);
    int n = 0;
    for (JsonNode each : json.path("global")) {
      String id = key + "#global" + n++;
      dataset.add(where + " global " + n, () -> open(id, video, info, each, "global").build());
    }
    n = 0;
    for (JsonNode each : json.path("breakpoint")) {
      String id = key + "#breakpoint" + n++;
      dataset.add(
          where + " breakpoint " + n,
          () -> {
            EvalItem.Builder item = open(id, video, info, each, "breakpoint");
            double time = number(each, "time");
            if (unit != TimeUnit.SECONDS && time > frames) {
              throw new IllegalArgumentException(
                  "it is asked at frame " + (long) time + " of " + frames);
            }
            return at(item, time, fps, unit).build();
          });
    }
  }

  private static EvalItem.Builder open(
      String id, String video, JsonNode info, JsonNode json, String mode) {
    EvalItem.Builder item =
        EvalItem.builder(id, video, Form.OPEN)
            .question(text(json, "question"))
            .answers(List.of(text(json, "answer")))
            .category("mode", mode)
            .category("class", info.path("class").asText(""))
            .category("type", json.path("type").asText(""));
    Span.read(json.path("evidence")).forEach(item::evidence);
    return item;
  }

  private static EvalItem.Builder at(
      EvalItem.Builder item, double time, double fps, TimeUnit unit) {
    if (unit == TimeUnit.SECONDS) {
      return item.askAt(Json.duration(time));
    }
    return fps > 0 ? item.askAt(Json.duration(time / fps)) : item.askAtFrame(Math.round(time));
  }

  private static void flat(Dataset dataset, String where, JsonNode json, TimeUnit unit) {
    dataset.add(
        where,
        () -> {
          String video = text(json, json.has("video_name") ? "video_name" : "video");
          boolean moment = json.hasNonNull("time") && json.path("time").asDouble(-1) >= 0;
          EvalItem.Builder item =
              EvalItem.builder(
                      video + "#" + json.path("question_id").asText(where), video, Form.OPEN)
                  .question(text(json, "question"))
                  .answers(List.of(text(json, "answer")))
                  .category("mode", moment ? "breakpoint" : "global");
          return (moment
                  ? at(item, number(json, "time"), json.path("fps").asDouble(0), unit)
                  : item)
              .build();
        });
  }

  /** MSVD-QA: {@code test_qa.json}, and {@code youtube_mapping.txt} for the names of the films. */
  static void msvd(Annotations files) throws IOException {
    Map<String, String> names = new HashMap<>();
    Optional<Path> mapping = files.file("youtube_mapping.txt");
    if (mapping.isPresent()) {
      files
          .text(mapping.get())
          .ifPresent(
              text ->
                  text.lines()
                      .map(line -> line.strip().split("\\s+", -1))
                      .filter(pair -> pair.length == 2)
                      .forEach(pair -> names.put(pair[1], pair[0])));
    }
    qa(files, id -> names.getOrDefault("vid" + id, "vid" + id));
  }

  /** MSRVTT-QA: {@code test_qa.json}; films are called {@code video<id>}. */
  static void msrvtt(Annotations files) throws IOException {
    qa(files, id -> "video" + id);
  }

  private interface Naming {
    String of(String id);
  }

  private static void qa(Annotations files, Naming naming) throws IOException {
    Dataset dataset = files.dataset();
    files.records(
        files.needed("test_qa.json"),
        (where, json) ->
            dataset.add(
                where,
                () -> {
                  String question = text(json, "question");
                  return EvalItem.builder(
                          text(json, "id"), naming.of(text(json, "video_id")), Form.OPEN)
                      .question(question)
                      .answers(List.of(text(json, "answer")))
                      .category("type", question.strip().replaceFirst("(?s)\\s.*", ""))
                      .category("category", json.path("category_id").asText(""))
                      .build();
                }));
  }

  /**
   * ActivityNet-QA: {@code test_q.json} and {@code test_a.json} (or {@code val_}), joined by id.
   */
  static void activityNet(Annotations files) throws IOException {
    Dataset dataset = files.dataset();
    String split = files.file("test_q.json").isPresent() ? "test" : "val";
    Map<String, JsonNode> answers = new HashMap<>();
    files.records(
        files.needed(split + "_a.json"),
        (where, json) -> {
          String id = json.path("question_id").asText();
          if (answers.put(id, json) != null) {
            dataset.problem(where + ": a second answer to " + id + "; the later one is taken");
          }
        });
    files.records(
        files.needed(split + "_q.json"),
        (where, json) ->
            dataset.add(
                where,
                () -> {
                  String id = text(json, "question_id");
                  JsonNode answer = answers.get(id);
                  if (answer == null) {
                    throw new IllegalArgumentException("no answer has the id " + id);
                  }
                  int type = answer.path("type").asInt(-1);
                  if (type < 0 || type >= ACTIVITYNET_TYPES.size()) {
                    throw new IllegalArgumentException("its type is " + answer.path("type"));
                  }
                  return EvalItem.builder(id, text(json, "video_name"), Form.OPEN)
                      .question(sentence(text(json, "question")))
                      .answers(List.of(text(answer, "answer")))
                      .category("type", ACTIVITYNET_TYPES.get(type))
                      .category("group", type < 3 ? ACTIVITYNET_TYPES.get(type) : "free")
                      .build();
                }));
  }

  private static String sentence(String question) {
    String text = question.strip();
    return text.isEmpty()
        ? text
        : Character.toUpperCase(text.charAt(0))
            + text.substring(1)
            + (text.endsWith("?") ? "" : "?");
  }

  /** What a film's times are counted in. */
  enum TimeUnit {
    /** Numbers of frames, as MovieChat-1K has them. */
    FRAMES,
    SECONDS
  }

  static String text(JsonNode json, String field) {
    JsonNode value = json.path(field);
    if (!value.isValueNode() || value.isNull()) {
      throw new IllegalArgumentException("it has no field '" + field + "'");
    }
    return value.asText();
  }

  static double number(JsonNode json, String field) {
    JsonNode value = json.path(field);
    if (value.isNumber()) {
      return value.asDouble();
    }
    try {
      return Double.parseDouble(text(json, field));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("its field '" + field + "' is no number: " + value, e);
    }
  }

  /** {@code HH:MM:SS}, {@code MM:SS} or seconds. */
  static Duration clock(String text) {
    double seconds = 0;
    for (String part : text.strip().split(":", -1)) {
      try {
        seconds = seconds * 60 + Double.parseDouble(part.strip());
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException("'" + text + "' is no time", e);
      }
    }
    return Json.duration(seconds);
  }
}
