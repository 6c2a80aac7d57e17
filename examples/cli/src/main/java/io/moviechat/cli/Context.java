package io.moviechat.cli;

/**
 * What every subcommand is given.
 *
 * @param terminal where it reads and writes
 * @param interruption how it is cancelled
 */
record Context(Terminal terminal, Interruption interruption) {}
