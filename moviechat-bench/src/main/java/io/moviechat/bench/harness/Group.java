package io.moviechat.bench.harness;

import java.util.Locale;

/** A group of benchmarks: those of the package that is called like it. */
public enum Group {
  /** Strategies of moviechat-memory. */
  MEMORY(120, "cost of remembering: consolidation, bytes over frames, files"),
  /** Decoding of moviechat-video. */
  VIDEO(110, "decoding, sampling, seeking, scaling"),
  /** Models of moviechat-llm. */
  LLM(100, "encoding frames, prefill, tokens per second, prefix reuse"),
  /** The whole way from video to answer. */
  PIPELINE(150, "overlap of the stages, watch once and ask often, load, faults"),
  /** Whether the answers are right. */
  ACCURACY(120, "right answers over length and memory budget, per strategy");

  private final int quickSeconds;
  private final String summary;

  Group(int quickSeconds, String summary) {
    this.quickSeconds = quickSeconds;
    this.summary = summary;
  }

  /** The word on the command line. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  public String summary() {
    return summary;
  }

  /** Its share of the ten minutes that all groups have at the quick size. */
  int quickSeconds() {
    return quickSeconds;
  }

  /** Where its benchmarks are. */
  String packageName() {
    return "io.moviechat.bench." + word();
  }
}
