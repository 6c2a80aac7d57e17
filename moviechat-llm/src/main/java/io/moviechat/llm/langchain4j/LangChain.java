package io.moviechat.llm.langchain4j;

import com.google.common.base.Throwables;
import dev.langchain4j.exception.RetriableException;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.rag.content.retriever.ContentRetriever;
import io.moviechat.Answer;
import io.moviechat.InferenceException;
import io.moviechat.recall.TextEmbedder;
import io.moviechat.spi.AnswerGenerator;
import java.util.function.Function;

/**
 * LangChain4j's models for MovieChat, and movies for LangChain4j's applications.
 *
 * <pre>{@code
 * MovieChat chat = MovieChat.builder().generator(LangChain.generator("name", model, 16)).build();
 * ContentRetriever retriever = LangChain.retriever(movie::ask);
 * }</pre>
 *
 * <p>Models stay the caller's: closing what is made here leaves them as they are. What is made here
 * is as thread-safe as what it was made of. Needs {@code dev.langchain4j:langchain4j-core} on the
 * class path.
 */
public final class LangChain {
  private LangChain() {}

  /**
   * Answers with a chat model that sees pictures, streamed. The memory's slots are shown as {@link
   * io.moviechat.llm.remote.OpenAiChat} shows them.
   *
   * <p>What of {@link io.moviechat.GenerationOptions} LangChain4j's requests know is passed on
   * (length, temperature, top-p, top-k, stop strings); beams and penalties are refused with an
   * {@link IllegalArgumentException} by the question that wants them.
   *
   * @param name for messages
   * @param maxImages most pictures of a question
   * @throws IllegalArgumentException if {@code maxImages} is below 1
   */
  public static AnswerGenerator generator(String name, StreamingChatModel model, int maxImages) {
    return LangChainGenerator.of(name, model, maxImages);
  }

  /**
   * Like {@link #generator(String, StreamingChatModel, int)} with answers that come in one piece;
   * while the model works, cancelling has no effect.
   */
  public static AnswerGenerator generator(String name, ChatModel model, int maxImages) {
    return LangChainGenerator.of(name, model, maxImages);
  }

  /**
   * Finds what is said by the meaning that an embedding model gives: {@code
   * AllMiniLmL6V2QuantizedEmbeddingModel} for one, which runs in the process, or a server's.
   */
  public static TextEmbedder embedder(EmbeddingModel model) {
    return new LangChainEmbedder(model);
  }

  /**
   * Lets an application ask a movie: each query is a question, its content the answer. The
   * segment's metadata holds {@code start} and {@code end} of the time that the answer rests on, in
   * milliseconds, and, where the model was shown words of the film, these in {@code cues}: a line
   * for each, with its times.
   *
   * @param ask whatever answers questions: {@code movie::ask}, or {@code movie.at(moment)::ask},
   *     each of which takes every query by itself, so that one user's queries never colour
   *     another's answers; what is asked stays the caller's to close
   */
  public static ContentRetriever retriever(Function<String, Answer> ask) {
    return new MovieRetriever(ask);
  }

  /** What LangChain4j thinks worth another try stays so. */
  static InferenceException failed(String name, Throwable cause) {
    String message = name + " failed: " + cause.getMessage();
    return Throwables.getCausalChain(cause).stream().anyMatch(RetriableException.class::isInstance)
        ? InferenceException.retriable(message, cause)
        : new InferenceException(message, cause);
  }
}
