package io.moviechat.video;

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
}
