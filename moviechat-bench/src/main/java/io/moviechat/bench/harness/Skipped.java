package io.moviechat.bench.harness;

/**
 * Something that was not measured.
 *
 * @param what a benchmark or a peer
 * @param reason why not
 */
public record Skipped(String what, String reason) {}
