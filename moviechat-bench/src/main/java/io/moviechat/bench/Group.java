package io.moviechat.bench;

import java.util.Locale;

/** A group of benchmarks: those whose class name starts with its prefix. */
enum Group {
  /** Strategies of moviechat-memory. */
  MEMORY("Memory", "cost of remembering: consolidation, bytes over frames, files"),
  /** Decoding of moviechat-video. */
  VIDEO("Video", "decoding, sampling, seeking, scaling"),
  /** Models of moviechat-llm. */
  LLM("Llm", "encoding frames, prefill, tokens per second, prefix reuse"),
  /** The whole way from video to answer. */
  PIPELINE("Pipeline", "overlap of the stages, watch once and ask often, load, faults"),
  /** Whether the answers are right. */
  ACCURACY("Accuracy", "right answers over length and memory budget, per strategy");

  private final String prefix;
  private final String summary;

  Group(String prefix, String summary) {
    this.prefix = prefix;
    this.summary = summary;
  }

  /** The word on the command line. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  String summary() {
    return summary;
  }

  /** Whether a class of this simple name belongs to the group. */
  boolean holds(String simpleName) {
    return simpleName.startsWith(prefix);
  }
}
