package io.moviechat.bench.harness;

/**
 * A measurement that is not a loop that JMH could time: bytes over frames, a soak, a peer in
 * another language. Found by its class name ({@link Group}); needs a constructor without
 * parameters.
 */
public interface Study {
  /** What it wants to know, in one sentence. */
  String question();

  /**
   * Measures.
   *
   * @param size how much; {@link Size#SMOKE} takes at most a second or two
   * @param findings where the figures go
   * @throws Exception what went wrong; the other benchmarks of the group still run
   */
  void run(Size size, Findings findings) throws Exception;
}
