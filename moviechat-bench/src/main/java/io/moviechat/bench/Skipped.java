package io.moviechat.bench;

/**
 * Something that was not measured.
 *
 * @param what a benchmark or a peer
 * @param reason why not
 */
record Skipped(String what, String reason) {}
