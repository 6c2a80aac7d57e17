package io.moviechat.spark;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/** An answer: a bean, as {@link org.apache.spark.sql.Encoders#bean} wants it. */
public final class AnswerRow implements Serializable {
  private static final long serialVersionUID = 1L;

  private String film = "";
  private String question = "";
  private @Nullable String answer;
  private @Nullable String error;

  /** For Spark. */
  public AnswerRow() {}

  /** Where the video is, as it was given. */
  public String getFilm() {
    return film;
  }

  public void setFilm(String value) {
    film = value;
  }

  /** What was asked. */
  public String getQuestion() {
    return question;
  }

  public void setQuestion(String value) {
    question = value;
  }

  /** The answer; null if there is none. */
  public @Nullable String getAnswer() {
    return answer;
  }

  public void setAnswer(@Nullable String value) {
    answer = value;
  }

  /** Why there is no answer; null if there is one. */
  public @Nullable String getError() {
    return error;
  }

  public void setError(@Nullable String value) {
    error = value;
  }
}
