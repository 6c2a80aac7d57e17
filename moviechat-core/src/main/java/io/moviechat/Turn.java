package io.moviechat;

/**
 * A question and its answer, as a conversation remembers them.
 *
 * @param question what was asked
 * @param answer the answer's text
 */
public record Turn(String question, String answer) {}
