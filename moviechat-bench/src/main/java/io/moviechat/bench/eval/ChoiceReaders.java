package io.moviechat.bench.eval;

import static io.moviechat.bench.eval.OpenReaders.clock;
import static io.moviechat.bench.eval.OpenReaders.number;
import static io.moviechat.bench.eval.OpenReaders.text;

import com.fasterxml.jackson.databind.JsonNode;
import io.moviechat.bench.eval.EvalItem.Form;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/** Readers of the sets with options. */
final class ChoiceReaders {
  private static final Pattern RANGE = Pattern.compile("\\s*([0-9:.]+)\\s*-\\s*([0-9:.]+)\\s*");

  private ChoiceReaders() {}

  /** Video-MME: the official layout (questions within films) or one record per question. */
  static void videoMme(Annotations files) throws IOException {
    Dataset dataset = files.dataset();
    for (Path file : files.files(name -> name.endsWith(".json") || name.endsWith(".jsonl"))) {
      files.records(
          file,
          (where, json) -> {
            if (json.has("questions")) {
              for (JsonNode question : json.get("questions")) {
                dataset.add(where, () -> videoMme(question, json));
              }
            } else {
              dataset.add(where, () -> videoMme(json, json));
            }
          });
    }
  }

  private static EvalItem videoMme(JsonNode question, JsonNode film) {
    String video = film.has("videoID") ? text(film, "videoID") : text(film, "video_id");
    return lettered(
            EvalItem.builder(text(question, "question_id"), video, Form.CHOICE)
                .question(text(question, "question")),
            question)
        .category("duration", film.path("duration").asText(""))
        .category("domain", film.path("domain").asText(""))
        .category("sub_category", film.path("sub_category").asText(""))
        .category("task", question.path("task_type").asText(""))
        .build();
  }

  /** Takes {@code options} and the letter in {@code answer}. */
  private static EvalItem.Builder lettered(EvalItem.Builder item, JsonNode json) {
    List<String> options = Letters.bare(strings(json.path("options")));
    item.options(options);
    String answer = text(json, "answer");
    OptionalInt index = Letters.indexOf(answer, options.size());
    if (index.isEmpty()) {
      throw new IllegalArgumentException(
          "its answer '" + answer + "' is no letter of its " + options.size() + " options");
    }
    return item.answerIndex(index.getAsInt());
  }

  /** MLVU's multiple choice: files with {@code candidates}, whose answer is an option's text. */
  static void mlvu(Annotations files) throws IOException {
    mlvu(
        files,
        (task, id, json) -> {
          if (!json.has("candidates")) {
            return Optional.empty();
          }
          List<String> options = strings(json.path("candidates"));
          return Optional.of(
              textual(EvalItem.builder(id, video(task, json), Form.CHOICE), json, options)
                  .question(text(json, "question"))
                  .category("task", json.path("question_type").asText(task))
                  .build());
        });
  }

  /** MLVU's two generation tasks, whose replies a judge gives marks. */
  static void mlvuGeneration(Annotations files) throws IOException {
    mlvu(
        files,
        (task, id, json) -> {
          if (json.has("candidates")) {
            return Optional.empty();
          }
          boolean scene = json.has("scoring_points");
          return Optional.of(
              EvalItem.builder(id, video(task, json), Form.MARKED)
                  .question(text(json, "question"))
                  .answers(List.of(text(json, "answer")))
                  .points(strings(json.path("scoring_points")))
                  .criteria(
                      scene
                          ? List.of("accuracy", "relevance")
                          : List.of("completeness", "reliability"))
                  .category("task", json.path("question_type").asText(task))
                  .build());
        });
  }

  private interface MlvuItem {
    Optional<EvalItem> of(String task, String id, JsonNode json);
  }

  private static void mlvu(Annotations files, MlvuItem maker) throws IOException {
    Dataset dataset = files.dataset();
    boolean any = false;
    for (Path file : files.files(name -> name.endsWith(".json"))) {
      String task = String.valueOf(file.getFileName()).replaceFirst("\\.json$", "");
      int[] n = new int[1];
      files.records(
          file,
          (where, json) -> {
            String id = json.path("question_id").asText(task + "#" + n[0]++);
            if (!json.has("video") || !json.has("question")) {
              dataset.problem(where + ": left out, it has no video or no question");
              return;
            }
            try {
              Optional<EvalItem> made = maker.of(task, id, json);
              made.ifPresent(item -> dataset.add(where, () -> item));
            } catch (IllegalArgumentException e) {
              dataset.problem(where + ": left out, " + e.getMessage());
            }
          });
      any = true;
    }
    if (!any) {
      files.needed("1_plotQA.json");
    }
  }

  /** Films of the development set lie in a folder per task. */
  private static String video(String task, JsonNode json) {
    String video = text(json, "video");
    return task.matches("\\d_.*") ? task + "/" + video : video;
  }

  private static EvalItem.Builder textual(
      EvalItem.Builder item, JsonNode json, List<String> options) {
    item.options(options);
    if (!json.hasNonNull("answer")) {
      return item;
    }
    String answer = text(json, "answer");
    OptionalInt index = Letters.positionOf(answer, options);
    if (index.isEmpty()) {
      throw new IllegalArgumentException(
          "its answer '" + answer + "' is not exactly one of the options " + options);
    }
    return item.answerIndex(index.getAsInt());
  }

  /** LVBench: a line per film with {@code qa}, options within the question. */
  static void lvBench(Annotations files) throws IOException {
    Dataset dataset = files.dataset();
    for (Path file : files.files(name -> name.endsWith(".jsonl"))) {
      files.records(
          file,
          (where, film) -> {
            for (JsonNode qa : film.path("qa")) {
              dataset.add(where, () -> lvBench(film, qa));
            }
          });
    }
    if (dataset.items().isEmpty() && dataset.problems().isEmpty()) {
      files.needed("video_info.meta.jsonl");
    }
  }

  private static EvalItem lvBench(JsonNode film, JsonNode qa) {
    EvalItem.Builder item =
        embedded(EvalItem.builder(text(qa, "uid"), text(film, "key"), Form.CHOICE), qa);
    qa.path("question_type").forEach(type -> item.category("task", type.asText()));
    timeReference(item, qa);
    return item.category("type", film.path("type").asText("")).build();
  }

  /** Takes a question that carries its options; the answer is a letter or a number from 0. */
  private static EvalItem.Builder embedded(EvalItem.Builder item, JsonNode json) {
    Letters.Embedded parts =
        Letters.embedded(text(json, "question"))
            .orElseThrow(() -> new IllegalArgumentException("its question carries no options"));
    item.question(parts.question()).options(parts.options());
    if (json.path("answer").isInt()) {
      return item.answerIndex(json.get("answer").asInt());
    }
    String answer = text(json, "answer");
    OptionalInt index = Letters.indexOf(answer, parts.options().size());
    if (index.isEmpty()) {
      throw new IllegalArgumentException(
          "its answer '" + answer + "' is no letter of its " + parts.options().size() + " options");
    }
    return item.answerIndex(index.getAsInt());
  }

  private static void timeReference(EvalItem.Builder item, JsonNode json) {
    var range = RANGE.matcher(json.path("time_reference").asText(""));
    if (range.matches()) {
      double start = Json.seconds(clock(range.group(1)));
      double end = Json.seconds(clock(range.group(2)));
      if (end >= start) { // a few references of the set run backwards
        item.evidence(new Span(start, end));
      }
    }
  }

  /** LongVideoBench: {@code lvb_val.json}, or records with option0 to option4. */
  static void longVideoBench(Annotations files) throws IOException {
    Dataset dataset = files.dataset();
    for (Path file : files.files(name -> name.endsWith(".json") || name.endsWith(".jsonl"))) {
      files.records(
          file,
          (where, json) ->
              dataset.add(
                  where,
                  () -> {
                    List<String> options = strings(json.path("candidates"));
                    for (int i = 0; options.size() == i && json.has("option" + i); i++) {
                      String option = text(json, "option" + i);
                      if (!option.equals("N/A")) {
                        options.add(option);
                      }
                    }
                    EvalItem.Builder item =
                        EvalItem.builder(text(json, "id"), text(json, "video_path"), Form.CHOICE)
                            .question(text(json, "question"))
                            .options(options)
                            .category("duration", json.path("duration_group").asText(""))
                            .category("task", json.path("question_category").asText(""));
                    if (json.hasNonNull("correct_choice")) {
                      item.answerIndex((int) number(json, "correct_choice"));
                    }
                    return item.build();
                  }));
    }
  }

  /** EgoSchema: {@code questions.json}; {@code subset_answers.json} has the truth of 500. */
  static void egoSchema(Annotations files) throws IOException {
    Dataset dataset = files.dataset();
    Map<String, Integer> answers = new HashMap<>();
    Optional<Path> known = files.file("subset_answers.json");
    if (known.isPresent()) {
      files
          .json(known.get())
          .ifPresent(
              json ->
                  json.properties()
                      .forEach(each -> answers.put(each.getKey(), each.getValue().asInt(-1))));
    }
    files.records(
        files.needed("questions.json"),
        (where, json) ->
            dataset.add(
                where,
                () -> {
                  String id = text(json, "q_uid");
                  List<String> options = new ArrayList<>();
                  for (int i = 0; json.has("option " + i); i++) {
                    options.add(text(json, "option " + i));
                  }
                  EvalItem.Builder item =
                      EvalItem.builder(id, id, Form.CHOICE)
                          .question(text(json, "question"))
                          .options(options);
                  if (answers.containsKey(id)) {
                    item.answerIndex(answers.get(id));
                  }
                  return item.category("truth", answers.containsKey(id) ? "known" : "hidden")
                      .build();
                }));
  }

  /** NExT-QA's multiple choice: a CSV file, and the map from numbers to paths where it is there. */
  static void nextQa(Annotations files) throws IOException {
    Dataset dataset = files.dataset();
    Map<String, String> paths = new HashMap<>();
    Optional<Path> map = files.file("map_vid_vidorID.json");
    if (map.isPresent()) {
      files
          .json(map.get())
          .ifPresent(
              json ->
                  json.properties()
                      .forEach(each -> paths.put(each.getKey(), each.getValue().asText())));
    }
    Path csv =
        files.file("test.csv").isPresent() ? files.needed("test.csv") : files.needed("val.csv");
    files.rows(
        csv,
        (where, row) ->
            dataset.add(
                where,
                () -> {
                  String video = cell(row, "video");
                  List<String> options = new ArrayList<>();
                  for (int i = 0; row.containsKey("a" + i); i++) {
                    options.add(cell(row, "a" + i));
                  }
                  String type = cell(row, "type");
                  return EvalItem.builder(
                          video + "_" + cell(row, "qid"),
                          paths.getOrDefault(video, video),
                          Form.CHOICE)
                      .question(cell(row, "question"))
                      .options(options)
                      .answerIndex(Integer.parseInt(cell(row, "answer")))
                      .category("type", type)
                      .category("group", nextGroup(type))
                      .build();
                }));
  }

  private static String nextGroup(String type) {
    return switch (type.isEmpty() ? ' ' : type.charAt(0)) {
      case 'C' -> "causal";
      case 'T' -> "temporal";
      case 'D' -> "descriptive";
      default -> throw new IllegalArgumentException("its type is '" + type + "'");
    };
  }

  static String cell(Map<String, String> row, String column) {
    String value = row.get(column);
    if (value == null || value.isBlank()) {
      throw new IllegalArgumentException("its column '" + column + "' is empty");
    }
    return value;
  }

  /** Perception Test: films by name, each with {@code mc_question}. */
  static void perceptionTest(Annotations files) throws IOException {
    Dataset dataset = files.dataset();
    for (Path file : files.files(name -> name.endsWith(".json"))) {
      Optional<JsonNode> json = files.json(file);
      if (json.isEmpty()) {
        continue;
      }
      json.get()
          .properties()
          .forEach(
              film -> {
                for (JsonNode qa : film.getValue().path("mc_question")) {
                  String id = film.getKey() + "_" + qa.path("id").asText();
                  dataset.add(
                      files.name(file) + " " + id,
                      () -> {
                        EvalItem.Builder item =
                            EvalItem.builder(id, film.getKey(), Form.CHOICE)
                                .question(text(qa, "question"))
                                .options(strings(qa.path("options")))
                                .category("area", qa.path("area").asText(""))
                                .category("reasoning", qa.path("reasoning").asText(""));
                        qa.path("tag").forEach(tag -> item.category("tag", tag.asText()));
                        if (qa.hasNonNull("answer_id")) {
                          item.answerIndex((int) number(qa, "answer_id"));
                        }
                        return item.build();
                      });
                }
              });
    }
  }

  /** StreamingBench: entries with questions that each have a moment. Proactive ones are named. */
  static void streamingBench(Annotations files) throws IOException {
    Dataset dataset = files.dataset();
    for (Path file : files.files(StreamFiles::wanted)) {
      int[] n = new int[1];
      int[] proactive = new int[1];
      String set = String.valueOf(file.getFileName()).replaceAll("^questions_|\\.json$", "");
      files.records(
          file,
          (where, entry) -> {
            for (JsonNode clip : entry.isArray() ? entry : List.of(entry)) {
              for (JsonNode question : clip.path("questions")) {
                String id = set + "#" + n[0]++;
                if (question.has("ground_truth_time_stamp")) {
                  proactive[0]++;
                } else {
                  dataset.add(where, () -> streaming(id, set, clip, question));
                }
              }
            }
          });
      if (proactive[0] > 0) {
        dataset.problem(
            files.name(file)
                + ": "
                + proactive[0]
                + " questions are left out: they ask to speak up in time, which is not supported");
      }
    }
  }

  private static EvalItem streaming(String id, String set, JsonNode clip, JsonNode question) {
    return lettered(
            EvalItem.builder(
                    id, text(clip, "video_path").replaceFirst("^\\./(videos/)?", ""), Form.CHOICE)
                .question(text(question, "question")),
            question)
        .askAt(clock(text(question, "time_stamp")))
        .category("set", set)
        .category("task", question.path("task_type").asText(""))
        .build();
  }

  private static final class StreamFiles {
    static boolean wanted(String name) {
      return name.startsWith("questions_")
          && name.endsWith(".json")
          && !name.endsWith("_stream.json");
    }
  }

  /** OVO-Bench: {@code ovo_bench_new.json}; forward tasks are asked at several moments each. */
  static void ovoBench(Annotations files) throws IOException {
    Dataset dataset = files.dataset();
    for (Path file : files.files(name -> name.startsWith("ovo_bench") && name.endsWith(".json"))) {
      files.records(
          file,
          (where, json) -> {
            if (!json.has("test_info")) {
              dataset.add(where, () -> ovoChoice(json));
              return;
            }
            int n = 0;
            for (JsonNode test : json.get("test_info")) {
              String id = json.path("id").asText() + "_" + n++;
              dataset.add(where, () -> ovoForward(id, json, test));
            }
          });
    }
    if (dataset.items().isEmpty() && dataset.problems().isEmpty()) {
      files.needed("ovo_bench_new.json");
    }
  }

  private static EvalItem ovoChoice(JsonNode json) {
    String task = text(json, "task");
    String mode =
        switch (task) {
          case "EPM", "ASI", "HLD" -> "backward";
          case "OCR", "ACR", "ATR", "STU", "FPD", "OJR" -> "real-time";
          default -> throw new IllegalArgumentException("its task is '" + task + "'");
        };
    return EvalItem.builder(text(json, "id"), text(json, "video"), Form.CHOICE)
        .question(text(json, "question"))
        .options(strings(json.path("options")))
        .answerIndex((int) number(json, "gt"))
        .askAt(Json.duration(number(json, "realtime")))
        .category("mode", mode)
        .category("task", task)
        .build();
  }

  private static EvalItem ovoForward(String id, JsonNode json, JsonNode test) {
    String task = text(json, "task");
    boolean count = task.equals("REC");
    EvalItem.Builder item =
        EvalItem.builder(id, text(json, "video"), count ? Form.NUMBER : Form.YES_NO)
            .askAt(Json.duration(number(test, "realtime")))
            .category("mode", "forward")
            .category("task", task);
    return switch (task) {
      case "REC" ->
          item.question(
                  "How many times altogether has anyone in the video done this so far: "
                      + text(json, "activity")
                      + "?")
              .answers(List.of(String.valueOf((long) number(test, "count"))))
              .build();
      case "SSR" ->
          item.question(
                  "Is this step of the procedure being carried out right now: "
                      + text(test, "step")
                      + "?")
              .answers(List.of(yesNo(test)))
              .build();
      case "CRR" ->
          item.question(
                  "A question about the video: "
                      + text(json, "question")
                      + " Does what has been shown until now suffice to answer it?")
              .answers(List.of(yesNo(test)))
              .build();
      default -> throw new IllegalArgumentException("its task is '" + task + "'");
    };
  }

  private static String yesNo(JsonNode test) {
    return number(test, "type") == 0 ? "No" : "Yes";
  }

  /** Flash-VStream's layout of five sets: options in the question, the answer's number. */
  static void flashVstream(Annotations files) throws IOException {
    Dataset dataset = files.dataset();
    for (Path file : files.files("test_qa.json"::equals)) {
      Path folder = file.toAbsolutePath().getParent();
      String set = folder == null ? "" : String.valueOf(folder.getFileName());
      files.records(
          file,
          (where, json) ->
              dataset.add(
                  where,
                  () -> {
                    EvalItem.Builder item =
                        embedded(
                            EvalItem.builder(
                                set + "/" + text(json, "id"), text(json, "video_id"), Form.CHOICE),
                            json);
                    item.category("set", set);
                    for (String field : List.of("task_type", "type", "question_type")) {
                      JsonNode value = json.path(field);
                      for (JsonNode each : value.isArray() ? value : List.of(value)) {
                        item.category(field.equals("type") ? "type" : "task", each.asText(""));
                      }
                    }
                    if (json.path("duration").isTextual()) {
                      item.category("duration", json.get("duration").asText());
                    }
                    timeReference(item, json);
                    return item.build();
                  }));
    }
    if (dataset.items().isEmpty() && dataset.problems().isEmpty()) {
      files.needed("test_qa.json");
    }
  }

  /**
   * One's own questions as CSV with a heading or as JSON Lines: {@code id}, {@code video}, {@code
   * question}, {@code answer}, and where wanted {@code options} (in CSV apart by {@code |}), {@code
   * at}, {@code category}, {@code evidence} ({@code 10-12.5}, several apart by a blank).
   */
  static void own(Annotations files) throws IOException {
    Dataset dataset = files.dataset();
    for (Path file :
        files.files(
            name -> name.endsWith(".csv") || name.endsWith(".tsv") || name.endsWith(".jsonl"))) {
      if (files.name(file).endsWith(".jsonl")) {
        files.records(
            file,
            (where, json) ->
                dataset.add(
                    where,
                    () -> {
                      Map<String, String> row = new HashMap<>();
                      json.properties()
                          .forEach(
                              each ->
                                  row.put(
                                      each.getKey(),
                                      each.getValue().isArray()
                                          ? String.join("|", strings(each.getValue()))
                                          : each.getValue().asText()));
                      return own(where, row);
                    }));
      } else {
        files.rows(file, (where, row) -> dataset.add(where, () -> own(where, row)));
      }
    }
    if (dataset.items().isEmpty() && dataset.problems().isEmpty()) {
      files.needed("questions.csv");
    }
  }

  private static EvalItem own(String where, Map<String, String> row) {
    String id = row.getOrDefault("id", where);
    String options = row.getOrDefault("options", "");
    String answer = row.getOrDefault("answer", "");
    EvalItem.Builder item =
        EvalItem.builder(id, cell(row, "video"), options.isBlank() ? Form.OPEN : Form.CHOICE)
            .question(cell(row, "question"))
            .category("category", row.getOrDefault("category", ""));
    if (!options.isBlank()) {
      List<String> bare = Letters.bare(List.of(options.split("\\|", -1)));
      OptionalInt index = Letters.positionOf(answer, bare);
      if (index.isEmpty()) {
        index = Letters.indexOf(answer, bare.size());
      }
      if (index.isEmpty()) {
        throw new IllegalArgumentException(
            "its answer '" + answer + "' is neither one of the options " + bare + " nor a letter");
      }
      item.options(bare).answerIndex(index.getAsInt());
    } else if (!answer.isBlank()) {
      item.answers(List.of(answer));
    }
    String at = row.getOrDefault("at", "");
    if (!at.isBlank()) {
      item.askAt(clock(at));
    }
    for (String span : row.getOrDefault("evidence", "").split("[\\s|]+", -1)) {
      if (!span.isBlank()) {
        var range = RANGE.matcher(span);
        if (!range.matches()) {
          throw new IllegalArgumentException("'" + span + "' is no span of time");
        }
        item.evidence(
            new Span(Json.seconds(clock(range.group(1))), Json.seconds(clock(range.group(2)))));
      }
    }
    return item.build();
  }

  private static List<String> strings(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(node -> texts.add(node.asText()));
    return texts;
  }
}
