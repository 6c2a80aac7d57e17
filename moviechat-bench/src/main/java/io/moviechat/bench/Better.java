package io.moviechat.bench;

/** Which way a figure should go. */
enum Better {
  /** Time, bytes. */
  LOWER,
  /** Throughput, accuracy. */
  HIGHER,
  /** Only told: neither way is a regression. */
  NEITHER
}
