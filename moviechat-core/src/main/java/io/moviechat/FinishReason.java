package io.moviechat;

/** Why an answer ended. */
public enum FinishReason {
  /** The model ended it, or a stop string came. */
  STOP,
  /** {@link GenerationOptions#maxTokens()} or the model's context was reached. */
  LENGTH,
  /** The asker cancelled. The text so far is kept. */
  CANCELLED,
  /** {@link GenerationOptions#timeout()} passed. The text so far is kept. */
  TIMEOUT
}
