package io.moviechat.bench.eval;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Keeps a judge's verdicts in a file, so that scoring again asks nobody. Failures are not kept. */
final class CachedJudge implements Judge, AutoCloseable {
  private final Judge judge;
  private final LineLog log;
  private final Map<String, JsonNode> known = new ConcurrentHashMap<>();

  CachedJudge(Judge judge, Path file) throws IOException {
    this.judge = judge;
    this.log = LineLog.open(file);
    log.lines().forEach(line -> known.put(line.path("key").asText(), line));
  }

  @Override
  public String id() {
    return judge.id();
  }

  @Override
  public boolean isModel() {
    return judge.isModel();
  }

  @Override
  public Optional<Verdict> judge(String question, String truth, String prediction) {
    String key = key(List.of("verdict", judge.id(), question, truth, prediction));
    JsonNode line = known.get(key);
    if (line != null) {
      return Optional.of(
          new Verdict(line.path("correct").asBoolean(), line.path("score").asDouble()));
    }
    Optional<Verdict> verdict = judge.judge(question, truth, prediction);
    verdict.ifPresent(
        v -> {
          ObjectNode json = Json.MAPPER.createObjectNode().put("key", key);
          keep(key, json.put("correct", v.correct()).put("score", v.score()));
        });
    return verdict;
  }

  @Override
  public Optional<List<Integer>> mark(
      String question,
      String truth,
      List<String> points,
      List<String> criteria,
      String prediction) {
    List<String> all = new ArrayList<>(List.of("marks", judge.id(), question, truth, prediction));
    all.addAll(points);
    all.addAll(criteria);
    String key = key(all);
    JsonNode line = known.get(key);
    if (line != null) {
      List<Integer> marks = new ArrayList<>();
      line.path("marks").forEach(mark -> marks.add(mark.asInt()));
      return Optional.of(marks);
    }
    Optional<List<Integer>> marks = judge.mark(question, truth, points, criteria, prediction);
    marks.ifPresent(
        given -> {
          ObjectNode json = Json.MAPPER.createObjectNode().put("key", key);
          given.forEach(json.putArray("marks")::add);
          keep(key, json);
        });
    return marks;
  }

  private void keep(String key, ObjectNode line) {
    known.put(key, line);
    try {
      log.append(line);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String key(List<String> parts) {
    Hasher hasher = Hashing.sha256().newHasher();
    for (String part : parts) {
      hasher.putInt(part.length()).putString(part, StandardCharsets.UTF_8);
    }
    return hasher.hash().toString();
  }

  @Override
  public void close() throws IOException {
    log.close();
  }
}
