package io.moviechat.recall;

import io.moviechat.internal.PorterStemmer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Texts ranked by the words that they share with a query: Okapi BM25 (Robertson and Zaragoza, "The
 * probabilistic relevance framework", 2009; k1 = 1.2, b = 0.75) over stemmed English words. Words
 * of other languages are compared as they are, scripts without spaces letter by letter. Immutable.
 */
final class Bm25 {
  private static final double K1 = 1.2;
  private static final double B = 0.75;
  private static final String LETTERS = "\\p{IsHan}\\p{IsHiragana}\\p{IsKatakana}\\p{IsThai}";
  private static final Pattern WORD =
      Pattern.compile("[" + LETTERS + "]|[\\p{L}\\p{M}\\p{N}&&[^" + LETTERS + "]]+");
  private static final Set<String> STOP_WORDS = // and what is left of "rabbit's"
      Set.of(
          "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is",
          "it", "no", "not", "of", "on", "or", "s", "such", "that", "the", "their", "then", "there",
          "these", "they", "this", "to", "was", "will", "with");

  /** What questions are made of beside what they are about. */
  private static final Set<String> ASKING =
      Set.of(
          "who",
          "what",
          "when",
          "where",
          "which",
          "why",
          "how",
          "many",
          "much",
          "do",
          "does",
          "did",
          "has",
          "have",
          "say",
          "says",
          "said",
          "saying",
          "speak",
          "speaks",
          "spoke",
          "spoken",
          "speaking",
          "talk",
          "talks",
          "talked",
          "talking",
          "tell",
          "tells",
          "told",
          "mention",
          "mentions",
          "mentioned",
          "hear",
          "heard",
          "about",
          "anybody",
          "anyone",
          "anything",
          "somebody",
          "someone",
          "something",
          "i",
          "me",
          "he",
          "him",
          "she",
          "her",
          "we",
          "us",
          "you",
          "them",
          "word",
          "words",
          "voice",
          "voices",
          "end",
          "beginning",
          "start",
          "first",
          "last",
          "film",
          "movie",
          "video");

  private final Map<String, Integer> terms = new HashMap<>();
  private final int[][] texts;
  private final double meanLength;

  Bm25(List<String> list) {
    texts = new int[list.size()][];
    long length = 0;
    for (int i = 0; i < texts.length; i++) {
      texts[i] =
          words(list.get(i))
              .map(PorterStemmer::stem)
              .mapToInt(word -> terms.computeIfAbsent(word, w -> terms.size()))
              .toArray();
      length += texts[i].length;
    }
    meanLength = Math.max(1e-9, length / (double) Math.max(1, texts.length));
  }

  private static Stream<String> words(String text) {
    return WORD.matcher(text.toLowerCase(Locale.ROOT))
        .results()
        .map(MatchResult::group)
        .filter(word -> !STOP_WORDS.contains(word));
  }

  /** The words that a query looks for, which may be none. */
  static Set<String> wanted(String query) {
    return words(query)
        .filter(word -> !ASKING.contains(word))
        .map(PorterStemmer::stem)
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  /**
   * How well each text fits: BM25 over what a text of mean length has that holds each word once, at
   * most 1.
   */
  double[] scores(String query) {
    Set<String> wanted = wanted(query);
    double[] scores = new double[texts.length];
    double all = 0;
    for (String word : wanted) {
      Integer term = terms.get(word);
      int[] counts = new int[texts.length];
      int holding = 0;
      for (int i = 0; term != null && i < texts.length; i++) {
        counts[i] = (int) Arrays.stream(texts[i]).filter(t -> t == term).count();
        holding += counts[i] > 0 ? 1 : 0;
      }
      double idf = Math.log(1 + (texts.length - holding + 0.5) / (holding + 0.5));
      all += idf;
      for (int i = 0; i < texts.length; i++) {
        double length = 1 - B + B * texts[i].length / meanLength;
        scores[i] += idf * counts[i] * (K1 + 1) / (counts[i] + K1 * length);
      }
    }
    for (int i = 0; i < scores.length; i++) {
      scores[i] = all > 0 ? Math.min(1, scores[i] / all) : 0;
    }
    return scores;
  }
}
