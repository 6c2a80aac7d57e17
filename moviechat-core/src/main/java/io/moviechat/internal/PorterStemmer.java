package io.moviechat.internal;

/**
 * Takes the endings off English words, so that "fishes" and "fishing" meet "fish": the algorithm of
 * M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980. Thread-safe: there is no
 * state.
 */
public final class PorterStemmer {
  private static final String[][] STEP_2 = {
    {"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"}, {"anci", "ance"}, {"izer", "ize"},
    {"abli", "able"}, {"alli", "al"}, {"entli", "ent"}, {"eli", "e"}, {"ousli", "ous"},
    {"ization", "ize"}, {"ation", "ate"}, {"ator", "ate"}, {"alism", "al"}, {"iveness", "ive"},
    {"fulness", "ful"}, {"ousness", "ous"}, {"aliti", "al"}, {"iviti", "ive"}, {"biliti", "ble"}
  };
  private static final String[][] STEP_3 = {
    {"icate", "ic"},
    {"ative", ""},
    {"alize", "al"},
    {"iciti", "ic"},
    {"ical", "ic"},
    {"ful", ""},
    {"ness", ""}
  };
  private static final String[] STEP_4 = {
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "sion", "tion",
    "ou", "ism", "ate", "iti", "ous", "ive", "ize"
  };

  private PorterStemmer() {}

  /**
   * The stem of a word.
   *
   * @param word in lower case; one with other letters than a to z is its own stem
   */
  public static String stem(String word) {
    if (word.length() < 3 || !word.chars().allMatch(c -> c >= 'a' && c <= 'z')) {
      return word;
    }
    String stem = plural(word);
    stem = past(stem);
    if (stem.endsWith("y") && hasVowel(cut(stem, 1))) {
      stem = cut(stem, 1) + "i";
    }
    stem = replaced(stem, STEP_2);
    stem = replaced(stem, STEP_3);
    String ending = longestEnding(stem);
    // "ion" goes, and only behind s and t.
    int length = ending.equals("sion") || ending.equals("tion") ? 3 : ending.length();
    if (measure(cut(stem, length)) > 1) {
      stem = cut(stem, length);
    }
    if (stem.endsWith("e")) {
      String rest = cut(stem, 1);
      if (measure(rest) > 1 || (measure(rest) == 1 && !endsInShortSyllable(rest))) {
        stem = rest;
      }
    }
    return stem.endsWith("ll") && measure(stem) > 1 ? cut(stem, 1) : stem;
  }

  private static String plural(String word) {
    if (word.endsWith("sses") || word.endsWith("ies")) {
      return cut(word, 2);
    }
    return word.endsWith("s") && !word.endsWith("ss") ? cut(word, 1) : word;
  }

  private static String past(String word) {
    if (word.endsWith("eed")) {
      return measure(cut(word, 3)) > 0 ? cut(word, 1) : word;
    }
    int length = word.endsWith("ed") ? 2 : word.endsWith("ing") ? 3 : 0;
    String rest = cut(word, length);
    if (length == 0 || !hasVowel(rest)) {
      return word;
    }
    if (rest.endsWith("at") || rest.endsWith("bl") || rest.endsWith("iz")) {
      return rest + "e";
    }
    int last = rest.length() - 1;
    boolean doubled =
        last > 0 && rest.charAt(last) == rest.charAt(last - 1) && isConsonant(rest, last);
    if (doubled && "lsz".indexOf(rest.charAt(last)) < 0) {
      return cut(rest, 1);
    }
    return measure(rest) == 1 && endsInShortSyllable(rest) ? rest + "e" : rest;
  }

  private static String replaced(String word, String[][] rules) {
    String[] best = {"", ""};
    for (String[] rule : rules) {
      if (word.endsWith(rule[0]) && rule[0].length() > best[0].length()) {
        best = rule;
      }
    }
    String rest = cut(word, best[0].length());
    return !best[0].isEmpty() && measure(rest) > 0 ? rest + best[1] : word;
  }

  /** Of the fourth step; empty if there is none. */
  private static String longestEnding(String word) {
    String longest = "";
    for (String ending : STEP_4) {
      if (word.endsWith(ending) && ending.length() > longest.length()) {
        longest = ending;
      }
    }
    return longest;
  }

  private static String cut(String word, int letters) {
    return word.substring(0, word.length() - letters);
  }

  private static boolean isConsonant(String word, int index) {
    char c = word.charAt(index);
    if (c == 'y') {
      return index == 0 || !isConsonant(word, index - 1);
    }
    return "aeiou".indexOf(c) < 0;
  }

  private static boolean hasVowel(String word) {
    for (int i = 0; i < word.length(); i++) {
      if (!isConsonant(word, i)) {
        return true;
      }
    }
    return false;
  }

  /** How often vowels are followed by consonants: m of the paper. */
  private static int measure(String word) {
    int count = 0;
    boolean vowel = false;
    for (int i = 0; i < word.length(); i++) {
      boolean consonant = isConsonant(word, i);
      count += vowel && consonant ? 1 : 0;
      vowel = !consonant;
    }
    return count;
  }

  /** Consonant, vowel, consonant that is not w, x or y: *o of the paper. */
  private static boolean endsInShortSyllable(String word) {
    int last = word.length() - 1;
    return last >= 2
        && isConsonant(word, last)
        && !isConsonant(word, last - 1)
        && isConsonant(word, last - 2)
        && "wxy".indexOf(word.charAt(last)) < 0;
  }
}
