package io.moviechat.bench;

import java.util.Locale;

/** A group of benchmarks: those whose class name starts with its prefix. */
enum Group {
  /** Strategies of moviechat-memory. */
  MEMORY("Memory", 120, "cost of remembering: consolidation, bytes over frames, files"),
  /** Decoding of moviechat-video. */
  VIDEO("Video", 110, "decoding, sampling, seeking, scaling"),
  /** Models of moviechat-llm. */
  LLM("Llm", 100, "encoding frames, prefill, tokens per second, prefix reuse"),
  /** The whole way from video to answer. */
  PIPELINE("Pipeline", 150, "overlap of the stages, watch once and ask often, load, faults"),
  /** Whether the answers are right. */
  ACCURACY("Accuracy", 120, "right answers over length and memory budget, per strategy");

  private final String prefix;
  private final int quickSeconds;
  private final String summary;

  Group(String prefix, int quickSeconds, String summary) {
    this.prefix = prefix;
    this.quickSeconds = quickSeconds;
    this.summary = summary;
  }

  /** The word on the command line. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  String summary() {
    return summary;
  }

  /** Its share of the ten minutes that all groups have at the quick size. */
  int quickSeconds() {
    return quickSeconds;
  }

  /** Whether a class of this simple name belongs to the group. */
  boolean holds(String simpleName) {
    return simpleName.startsWith(prefix);
  }
}
