package io.moviechat.spark;

import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/** What is done with films, in a form that is sent to the executors. Immutable. */
public final class BatchSpec implements Serializable {
  private static final long serialVersionUID = 1L;

  private final ChatOpener chat;
  private final String out;
  private final List<String> questions;
  private final Duration checkpointEvery;

  private BatchSpec(Builder settings) {
    this.chat = settings.chat;
    this.out = settings.out;
    this.questions = settings.questions;
    this.checkpointEvery = settings.checkpointEvery;
  }

  /**
   * Collects settings.
   *
   * @param chat how an executor opens its model
   * @param out folder for memories and answers; every executor sees it under this name (a mount,
   *     say). Its layout is that of {@link io.moviechat.batch.MovieBatch}
   */
  public static Builder builder(ChatOpener chat, String out) {
    return new Builder(chat, out);
  }

  ChatOpener chat() {
    return chat;
  }

  String out() {
    return out;
  }

  List<String> questions() {
    return questions;
  }

  Duration checkpointEvery() {
    return checkpointEvery;
  }

  /** Settings of a {@link BatchSpec}. */
  public static final class Builder {
    private final ChatOpener chat;
    private final String out;
    private List<String> questions = List.of();
    private Duration checkpointEvery = Duration.ofMinutes(1);

    private Builder(ChatOpener chat, String out) {
      this.chat = Objects.requireNonNull(chat, "chat");
      this.out = Objects.requireNonNull(out, "out");
    }

    /** What each film is asked after it was watched. Default: nothing. */
    public Builder questions(List<String> values) {
      questions = List.copyOf(values);
      return this;
    }

    /** Least time between two checkpoints of a film. Default: a minute. */
    public Builder checkpointEvery(Duration value) {
      checkpointEvery = Objects.requireNonNull(value, "value");
      return this;
    }

    /** The settings; executors check them. */
    public BatchSpec build() {
      return new BatchSpec(this);
    }
  }
}
