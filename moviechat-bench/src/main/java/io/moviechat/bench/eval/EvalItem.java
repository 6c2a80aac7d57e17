package io.moviechat.bench.eval;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** One question of a benchmark with its truth. Immutable. */
final class EvalItem {
  /** What kind of reply is asked for. */
  enum Form {
    /** One of the options. */
    CHOICE,
    /** A word or a sentence, compared with the truth by a judge. */
    OPEN,
    /** A number. */
    NUMBER,
    /** Yes or no. */
    YES_NO,
    /** A long text that a judge gives marks from 1 to 5 for two criteria. */
    MARKED
  }

  private final String id;
  private final String video;
  private final Form form;
  private final String question;
  private final List<String> options;
  private final List<String> answers;
  private final OptionalInt answerIndex;
  private final Optional<Duration> askAt;
  private final OptionalLong askAtFrame;
  private final Map<String, List<String>> categories;
  private final List<Span> evidence;
  private final List<String> criteria;
  private final List<String> points;

  private EvalItem(Builder b) {
    id = b.id;
    video = b.video;
    form = b.form;
    question = b.question;
    options = List.copyOf(b.options);
    answers = List.copyOf(b.answers);
    answerIndex = b.answerIndex;
    askAt = Optional.ofNullable(b.askAt);
    askAtFrame = b.askAtFrame;
    Map<String, List<String>> copy = new LinkedHashMap<>();
    b.categories.forEach((dimension, values) -> copy.put(dimension, List.copyOf(values)));
    categories = java.util.Collections.unmodifiableMap(copy);
    evidence = List.copyOf(b.evidence);
    criteria = List.copyOf(b.criteria);
    points = List.copyOf(b.points);
  }

  static Builder builder(String id, String video, Form form) {
    return new Builder(id, video, form);
  }

  /** Unique in a dataset. */
  String id() {
    return id;
  }

  /** Path below the folder of videos, with or without ending: films are told apart by it. */
  String video() {
    return video;
  }

  Form form() {
    return form;
  }

  String question() {
    return question;
  }

  /** Options without letters; empty unless the form is {@link Form#CHOICE}. */
  List<String> options() {
    return options;
  }

  /** Texts of which each is a right answer; empty if the truth is hidden. */
  List<String> answers() {
    return answers;
  }

  /** Position of the right option, from 0; empty if there are no options or the truth is hidden. */
  OptionalInt answerIndex() {
    return answerIndex;
  }

  boolean hasTruth() {
    return answerIndex.isPresent() || !answers.isEmpty();
  }

  /** The moment of the question: nothing later may be seen. Empty asks about the whole film. */
  Optional<Duration> askAt() {
    return askAt;
  }

  /** The same item with a moment, once the frame rate is known. */
  EvalItem withAskAt(Duration moment) {
    ObjectNode json = toJson();
    json.remove("askAtFrame");
    json.put("askAt", Json.seconds(moment));
    return fromJson(json);
  }

  /** The moment as the number of a frame, where the set does not tell the frame rate. */
  OptionalLong askAtFrame() {
    return askAtFrame;
  }

  /** Values by dimension ({@code task}, {@code duration}), in the order of the set's own tables. */
  Map<String, List<String>> categories() {
    return categories;
  }

  /** Where in the film the answer can be seen; empty if the set does not tell. */
  List<Span> evidence() {
    return evidence;
  }

  /** What {@link Form#MARKED} replies are given marks for. */
  List<String> criteria() {
    return criteria;
  }

  /** What a {@link Form#MARKED} reply ought to mention. */
  List<String> points() {
    return points;
  }

  /** Share of right answers that guessing gives; 0 where no list of answers is known. */
  double chance() {
    return switch (form) {
      case CHOICE -> 1.0 / options.size();
      case YES_NO -> 0.5;
      default -> 0;
    };
  }

  ObjectNode toJson() {
    ObjectNode json = Json.MAPPER.createObjectNode();
    json.put("id", id).put("video", video).put("form", form.name()).put("question", question);
    strings(json, "options", options);
    strings(json, "answers", answers);
    answerIndex.ifPresent(index -> json.put("answerIndex", index));
    askAt.ifPresent(at -> json.put("askAt", Json.seconds(at)));
    askAtFrame.ifPresent(frame -> json.put("askAtFrame", frame));
    if (!categories.isEmpty()) {
      ObjectNode all = json.putObject("categories");
      categories.forEach((dimension, values) -> values.forEach(all.putArray(dimension)::add));
    }
    Span.write(json, "evidence", evidence);
    strings(json, "criteria", criteria);
    strings(json, "points", points);
    return json;
  }

  static EvalItem fromJson(JsonNode json) {
    Builder item =
        builder(
                json.path("id").asText(),
                json.path("video").asText(),
                Form.valueOf(json.path("form").asText()))
            .question(json.path("question").asText())
            .options(strings(json.path("options")))
            .answers(strings(json.path("answers")));
    if (json.has("answerIndex")) {
      item.answerIndex(json.get("answerIndex").asInt());
    }
    if (json.has("askAt")) {
      item.askAt(Json.duration(json.get("askAt").asDouble()));
    }
    if (json.has("askAtFrame")) {
      item.askAtFrame(json.get("askAtFrame").asLong());
    }
    json.path("categories")
        .properties()
        .forEach(
            entry ->
                strings(entry.getValue()).forEach(value -> item.category(entry.getKey(), value)));
    Span.read(json.path("evidence")).forEach(item::evidence);
    item.criteria(strings(json.path("criteria")));
    item.points(strings(json.path("points")));
    return item.build();
  }

  private static void strings(ObjectNode json, String name, List<String> values) {
    if (!values.isEmpty()) {
      values.forEach(json.putArray(name)::add);
    }
  }

  private static List<String> strings(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(node -> texts.add(node.asText()));
    return texts;
  }

  /** Collects an item. Not thread-safe. */
  static final class Builder {
    private final String id;
    private final String video;
    private final Form form;
    private String question = "";
    private List<String> options = List.of();
    private List<String> answers = List.of();
    private OptionalInt answerIndex = OptionalInt.empty();
    private @Nullable Duration askAt;
    private OptionalLong askAtFrame = OptionalLong.empty();
    private final Map<String, List<String>> categories = new LinkedHashMap<>();
    private final List<Span> evidence = new ArrayList<>();
    private List<String> criteria = List.of();
    private List<String> points = List.of();

    private Builder(String id, String video, Form form) {
      this.id = id;
      this.video = video;
      this.form = form;
    }

    Builder question(String value) {
      question = value.strip();
      return this;
    }

    Builder options(List<String> values) {
      options = values;
      return this;
    }

    Builder answers(List<String> values) {
      answers = values;
      return this;
    }

    Builder answerIndex(int value) {
      answerIndex = OptionalInt.of(value);
      return this;
    }

    Builder askAt(Duration value) {
      askAt = value;
      return this;
    }

    Builder askAtFrame(long value) {
      askAtFrame = OptionalLong.of(value);
      return this;
    }

    /** Adds a value of a dimension; blank ones are left out. */
    Builder category(String dimension, String value) {
      if (!value.isBlank()) {
        categories.computeIfAbsent(dimension, key -> new ArrayList<>()).add(value);
      }
      return this;
    }

    Builder evidence(Span span) {
      evidence.add(span);
      return this;
    }

    Builder criteria(List<String> values) {
      criteria = values;
      return this;
    }

    Builder points(List<String> values) {
      points = values;
      return this;
    }

    /**
     * @throws IllegalArgumentException saying what is wrong with the item
     */
    EvalItem build() {
      if (id.isBlank() || video.isBlank()) {
        throw new IllegalArgumentException("it has no " + (id.isBlank() ? "id" : "video"));
      }
      if (question.isEmpty()) {
        throw new IllegalArgumentException("its question is empty");
      }
      if (form == Form.CHOICE) {
        if (options.size() < 2 || options.size() > Letters.MOST) {
          throw new IllegalArgumentException("it has " + options.size() + " options");
        }
        if (answerIndex.isPresent()
            && (answerIndex.getAsInt() < 0 || answerIndex.getAsInt() >= options.size())) {
          throw new IllegalArgumentException(
              "its answer is option "
                  + answerIndex.getAsInt()
                  + " (counted from 0) of "
                  + options.size());
        }
      }
      if (askAt != null && askAt.isNegative()) {
        throw new IllegalArgumentException("it is asked at " + askAt);
      }
      return new EvalItem(this);
    }
  }
}
