package io.moviechat.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableMap;
import com.google.common.primitives.ImmutableIntArray;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The tokens by which a speech model is led, as its tokenizer names them. What the configuration
 * repeats of them is not needed.
 *
 * @param end of a text; smaller ids are words
 * @param start begins what is to be written
 * @param transcribe asks for the language that is spoken
 * @param before begins what was said earlier; empty if the model knows no such
 * @param noTimestamps asks for words alone
 * @param firstTime the time 0.00; the others, by {@value #STEP_MILLIS} ms, follow it
 * @param languages by ISO 639 code, in the order of ids
 * @param suppressed never written
 * @param firstSuppressed not written first; empty for the blank and the end
 * @param latestFirst steps of the latest first time
 * @param count of ids that the model scores
 */
record WhisperTokens(
    int end,
    int start,
    int transcribe,
    OptionalInt before,
    int noTimestamps,
    int firstTime,
    ImmutableMap<String, Integer> languages,
    ImmutableIntArray suppressed,
    Optional<ImmutableIntArray> firstSuppressed,
    int latestFirst,
    int count) {
  /** Milliseconds from one time to the next. */
  static final int STEP_MILLIS = 20;

  /** Steps of a window of 30 seconds. */
  static final int STEPS = 1500;

  private static final Pattern LANGUAGE = Pattern.compile("<\\|([a-z]{2,3})\\|>");

  /** The end of GPT-2's vocabulary, on which English-only models were trained. */
  private static final int ENGLISH_END = 50256;

  private static final int LATEST_FIRST = 50;

  /** Collects the tokens; what is missing is a problem. */
  static Optional<WhisperTokens> of(
      TokenizerFile tokenizer, JsonNode config, JsonNode generation, int count, Problems problems) {
    ImmutableMap<String, Integer> ids = tokenizer.addedIds();
    int end = ids.getOrDefault("<|endoftext|>", -1);
    int start = ids.getOrDefault("<|startoftranscript|>", -1);
    int transcribe = ids.getOrDefault("<|transcribe|>", -1);
    int noTimestamps = ids.getOrDefault("<|notimestamps|>", -1);
    int firstTime = ids.getOrDefault("<|0.00|>", -1);
    if (end < 0 || start < 0) {
      problems.add(
          "tokenizer.json has no <|endoftext|> and <|startoftranscript|>: it is no speech model's");
      return Optional.empty();
    }
    ImmutableMap.Builder<String, Integer> languages = ImmutableMap.builder();
    ids.forEach(
        (content, id) -> {
          Matcher matcher = LANGUAGE.matcher(content);
          if (matcher.matches() && id > start) {
            languages.put(matcher.group(1), id);
          }
        });
    ImmutableMap<String, Integer> known = languages.buildKeepingLast();
    if (!generation.path("is_multilingual").asBoolean(true)
        || end == ENGLISH_END
        || transcribe < 0
        || known.isEmpty()) {
      problems.add(
          "it is an English-only model, whose prompts are others; take the multilingual one of the"
              + " same size");
      return Optional.empty();
    }
    if (noTimestamps < 0 || !hasTimes(ids, firstTime)) {
      problems.add(
          "tokenizer.json has no timestamps <|0.00|> to <|30.00|> in one row; take the"
              + " tokenizer.json of a newer export of this model");
      return Optional.empty();
    }
    if (start < end || noTimestamps < start || firstTime < noTimestamps) {
      problems.add(
          "tokenizer.json: the ids of <|endoftext|> (%d), <|startoftranscript|> (%d),"
              + " <|notimestamps|> (%d), <|0.00|> (%d) are not in this order, by which words are"
              + " told from times",
          end, start, noTimestamps, firstTime);
      return Optional.empty();
    }
    int largest = Math.max(tokenizer.largestId(), firstTime + STEPS);
    if (count <= largest) {
      problems.add(
          "the decoder scores %d tokens, but tokenizer.json has ids up to %d; take both from one"
              + " export",
          count, largest);
      return Optional.empty();
    }
    ImmutableIntArray.Builder suppressed = ImmutableIntArray.builder();
    suppressed.addAll(list(generation, config, "suppress_tokens", count).orElse(none()));
    for (String name :
        new String[] {
          "<|startoftranscript|>",
          "<|translate|>",
          "<|transcribe|>",
          "<|startoflm|>",
          "<|startofprev|>"
        }) {
      Optional.ofNullable(ids.get(name)).ifPresent(suppressed::add);
    }
    // Its name changed between exports, its place did not.
    suppressed.add(noTimestamps - 1);
    for (int id = firstTime + STEPS + 1; id < count; id++) {
      suppressed.add(id);
    }
    Integer before = ids.get("<|startofprev|>");
    return Optional.of(
        new WhisperTokens(
            end,
            start,
            transcribe,
            before == null ? OptionalInt.empty() : OptionalInt.of(before),
            noTimestamps,
            firstTime,
            known,
            suppressed.build(),
            list(generation, config, "begin_suppress_tokens", count),
            Json.integer(generation.path("max_initial_timestamp_index")).stream()
                .filter(index -> index >= 0 && index <= STEPS)
                .findFirst()
                .orElse(LATEST_FIRST),
            count));
  }

  private static boolean hasTimes(ImmutableMap<String, Integer> ids, int first) {
    for (int i = 0; i <= STEPS; i++) {
      String name = String.format(Locale.ROOT, "<|%.2f|>", i * STEP_MILLIS / 1000.0);
      if (ids.getOrDefault(name, -1) != first + i) {
        return false;
      }
    }
    return first >= 0;
  }

  private static ImmutableIntArray none() {
    return ImmutableIntArray.of();
  }

  /** A list of ids of the newer file, else of the older one; what is no id is left out. */
  private static Optional<ImmutableIntArray> list(
      JsonNode generation, JsonNode config, String key, int count) {
    JsonNode list = generation.path(key).isArray() ? generation.path(key) : config.path(key);
    if (!list.isArray()) {
      return Optional.empty();
    }
    ImmutableIntArray.Builder ids = ImmutableIntArray.builder();
    for (JsonNode node : list) {
      Json.integer(node).stream().filter(id -> id >= 0 && id < count).forEach(ids::add);
    }
    return Optional.of(ids.build());
  }

  /** The token of a language that is known. */
  int language(String code) {
    return Objects.requireNonNull(languages.get(code), code);
  }

  boolean isTime(int id) {
    return id >= firstTime;
  }

  /** Whether an id is a word or a part of one. */
  boolean isWord(int id) {
    return id < end;
  }

  /** The id whose probability at the start says that nobody speaks. */
  int noSpeech() {
    return noTimestamps - 1;
  }
}
