package io.moviechat.bench.harness;

/**
 * How much a run measures.
 *
 * <p>A round runs every benchmark with every peer once, in turn, each in a JVM of its own; a slow
 * minute of the machine so hits a round, not a peer.
 */
public enum Size {
  /** Only to see that everything works: one call each, in the calling JVM. */
  SMOKE(1, 0, 1, 1),
  /** All groups together in about ten minutes on two cores. The default. */
  QUICK(2, 2, 3, 500),
  /** More rounds and larger inputs: hours. */
  FULL(5, 3, 5, 1000);

  private final int rounds;
  private final int warmups;
  private final int iterations;
  private final int iterationMillis;

  Size(int rounds, int warmups, int iterations, int iterationMillis) {
    this.rounds = rounds;
    this.warmups = warmups;
    this.iterations = iterations;
    this.iterationMillis = iterationMillis;
  }

  public int rounds() {
    return rounds;
  }

  int warmups() {
    return warmups;
  }

  int iterations() {
    return iterations;
  }

  int iterationMillis() {
    return iterationMillis;
  }

  /** One of three values. */
  public <T> T pick(T smoke, T quick, T full) {
    return switch (this) {
      case SMOKE -> smoke;
      case QUICK -> quick;
      case FULL -> full;
    };
  }
}
