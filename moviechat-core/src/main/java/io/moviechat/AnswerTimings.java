package io.moviechat;

import java.time.Duration;

/**
 * Where the time of one answer went.
 *
 * @param prefill running the prompt and the memory through the model
 * @param firstToken from the question to the first token
 * @param generate from the question to the last token
 * @param tokensPerSecond new tokens per second after the first; 0 if there was at most one
 */
public record AnswerTimings(
    Duration prefill, Duration firstToken, Duration generate, double tokensPerSecond) {}
