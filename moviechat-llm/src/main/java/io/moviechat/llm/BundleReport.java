package io.moviechat.llm;

import io.moviechat.TokenShape;
import java.util.List;
import java.util.Optional;

/**
 * What a bundle is, for people.
 *
 * @param name the folder's name
 * @param family {@code SmolVLM} for instance
 * @param graphs its graphs as they would be opened
 * @param context the longest prompt with its answer, in tokens
 * @param frameTokens visual tokens of a frame, empty if only running the encoder tells
 * @param layers layers of the language model
 * @param cacheBytesPerToken bytes of the caches for each token of the prompt
 */
public record BundleReport(
    String name,
    String family,
    List<GraphReport> graphs,
    int context,
    Optional<TokenShape> frameTokens,
    int layers,
    long cacheBytesPerToken) {
  /**
   * A graph of a bundle.
   *
   * @param file relative to the bundle
   * @param bytes with its external data
   */
  public record GraphReport(String file, long bytes) {}

  /** Copies the list. */
  public BundleReport {
    graphs = List.copyOf(graphs);
  }
}
