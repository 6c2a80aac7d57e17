package io.moviechat.bench.harness;

/** Which way a figure should go. */
public enum Better {
  /** Time, bytes. */
  LOWER,
  /** Throughput, accuracy. */
  HIGHER,
  /** Only told: neither way is a regression. */
  NEITHER
}
