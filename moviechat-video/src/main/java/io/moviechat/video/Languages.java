package io.moviechat.video;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.MissingResourceException;

/** ISO 639 codes of two and three letters, which containers mix. */
final class Languages {
  /** Bibliographic codes of ISO 639-2 that are not the terminological ones. */
  private static final Map<String, String> BIBLIOGRAPHIC =
      Map.ofEntries(
          Map.entry("alb", "sqi"),
          Map.entry("arm", "hye"),
          Map.entry("baq", "eus"),
          Map.entry("bur", "mya"),
          Map.entry("chi", "zho"),
          Map.entry("cze", "ces"),
          Map.entry("dut", "nld"),
          Map.entry("fre", "fra"),
          Map.entry("geo", "kat"),
          Map.entry("ger", "deu"),
          Map.entry("gre", "ell"),
          Map.entry("ice", "isl"),
          Map.entry("mac", "mkd"),
          Map.entry("mao", "mri"),
          Map.entry("may", "msa"),
          Map.entry("per", "fas"),
          Map.entry("rum", "ron"),
          Map.entry("slo", "slk"),
          Map.entry("tib", "bod"),
          Map.entry("wel", "cym"));

  private static final Map<String, String> TWO_LETTERS = twoLetters();

  private Languages() {}

  /** The same for all codes of a language. */
  static String key(String code) {
    String lower = code.toLowerCase(Locale.ROOT);
    String known = BIBLIOGRAPHIC.get(lower);
    if (known != null) {
      return known;
    }
    try {
      String three = Locale.forLanguageTag(lower).getISO3Language();
      return three.isEmpty() ? lower : three;
    } catch (MissingResourceException e) {
      return lower;
    }
  }

  /** The code of two letters where there is one: {@code de} for {@code ger} and {@code de-AT}. */
  static String shortest(String code) {
    String key = key(code);
    return TWO_LETTERS.getOrDefault(key, key);
  }

  private static Map<String, String> twoLetters() {
    Map<String, String> codes = new HashMap<>();
    for (String two : Locale.getISOLanguages()) {
      codes.putIfAbsent(Locale.forLanguageTag(two).getISO3Language(), two);
    }
    return Map.copyOf(codes);
  }
}
