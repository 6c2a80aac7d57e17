package io.moviechat.llm.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import io.moviechat.Answer;
import io.moviechat.Conversation;
import io.moviechat.FinishReason;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.GenerationOptions;
import io.moviechat.TokenListener;
import io.moviechat.internal.Nanos;
import io.moviechat.llm.internal.Pictures;
import io.moviechat.llm.internal.StopFilter;
import io.moviechat.speech.Cue;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Answers with a chat model of LangChain4j. As thread-safe as the model. */
final class LangChainGenerator implements AnswerGenerator {
  private static final long STEP_MILLIS = 20;

  /** Starts an answer. */
  private interface Model {
    void chat(ChatRequest request, StreamingChatResponseHandler handler);
  }

  private final String name;
  private final Model model;
  private final int maxImages;
  private volatile boolean closed;

  private LangChainGenerator(String name, Model model, int maxImages) {
    this.name = Objects.requireNonNull(name, "name");
    this.model = model;
    if (maxImages < 1) {
      throw new IllegalArgumentException("maxImages must be at least 1, was " + maxImages);
    }
    this.maxImages = maxImages;
  }

  static LangChainGenerator of(String name, StreamingChatModel model, int maxImages) {
    return new LangChainGenerator(name, model::chat, maxImages);
  }

  static LangChainGenerator of(String name, ChatModel model, int maxImages) {
    return new LangChainGenerator(
        name,
        (request, handler) -> {
          ChatResponse response = model.chat(request);
          String text = response.aiMessage().text();
          if (text != null && !text.isEmpty()) {
            handler.onPartialResponse(text);
          }
          handler.onCompleteResponse(response);
        },
        maxImages);
  }

  @Override
  public String id() {
    return name;
  }

  @Override
  public AnswerSession open(MovieView view) {
    requireOpen();
    return new Session(view);
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("answer generator " + name + " is closed");
    }
  }

  /** Sessions end; the model is left to its owner. */
  @Override
  public void close() {
    closed = true;
  }

  /** What came from the model: text, the end, or a failure. */
  private record Event(String text, Optional<ChatResponse> end, Optional<Throwable> failure) {}

  private static final class Events implements StreamingChatResponseHandler {
    private final BlockingQueue<Event> queue = new LinkedBlockingQueue<>();
    private volatile boolean cancelled;

    @Override
    public void onPartialResponse(String text) {
      queue.add(new Event(text, Optional.empty(), Optional.empty()));
    }

    @Override
    public void onPartialResponse(PartialResponse partial, PartialResponseContext context) {
      if (cancelled) {
        context.streamingHandle().cancel();
      }
      onPartialResponse(partial.text());
    }

    @Override
    public void onCompleteResponse(ChatResponse response) {
      queue.add(new Event("", Optional.of(response), Optional.empty()));
    }

    @Override
    public void onError(Throwable error) {
      queue.add(new Event("", Optional.empty(), Optional.of(error)));
    }
  }

  private final class Session implements AnswerSession {
    private final MovieView view;
    private @Nullable List<Pictures.Picture> pictures;
    private volatile boolean ended;

    Session(MovieView view) {
      this.view = view;
    }

    @Override
    public synchronized GeneratedAnswer answer(AnswerRequest request, TokenListener listener) {
      requireOpen();
      if (ended) {
        throw new IllegalStateException("a session of " + name + " is closed");
      }
      if (request.question().isBlank()) {
        throw new IllegalArgumentException("the question is empty");
      }
      GenerationOptions options = request.options();
      if (options.beams() > 1 || options.repetitionPenalty() != 1 || options.minP() > 0) {
        throw new IllegalArgumentException(
            "LangChain4j's requests have no beams, repetition penalty or min-p: " + options);
      }
      long begin = System.nanoTime();
      StopFilter text = new StopFilter(options.stopStrings(), listener);
      if (request.cancelled().getAsBoolean()) {
        return answer(request, text, FinishReason.CANCELLED, Optional.empty(), begin, begin);
      }
      List<Pictures.Picture> shown = pictures;
      if (shown == null) {
        shown = Pictures.of(view, maxImages, FrameFormat.inside(512, 512, Resampling.BICUBIC));
        pictures = shown;
      }
      Events events = new Events();
      try {
        model.chat(chatRequest(request, shown), events);
      } catch (RuntimeException e) {
        throw LangChain.failed(name, e);
      }
      return collect(request, events, text, begin);
    }

    private GeneratedAnswer collect(
        AnswerRequest request, Events events, StopFilter text, long begin) {
      long allowed = Nanos.saturated(request.options().timeout().orElse(Duration.ofDays(1)));
      long first = 0;
      try {
        while (true) {
          if (ended || closed || request.cancelled().getAsBoolean()) {
            return answer(request, text, FinishReason.CANCELLED, Optional.empty(), begin, first);
          }
          if (System.nanoTime() - begin >= allowed) {
            return answer(request, text, FinishReason.TIMEOUT, Optional.empty(), begin, first);
          }
          Event event = events.queue.poll(STEP_MILLIS, TimeUnit.MILLISECONDS);
          if (event == null) {
            continue;
          }
          if (event.failure().isPresent()) {
            throw LangChain.failed(name, event.failure().get());
          }
          if (!event.text().isEmpty()) {
            first = first == 0 ? System.nanoTime() : first;
            if (text.take(event.text())) {
              return answer(request, text, FinishReason.STOP, Optional.empty(), begin, first);
            }
          }
          if (event.end().isPresent()) {
            boolean cut =
                event.end().get().finishReason()
                    == dev.langchain4j.model.output.FinishReason.LENGTH;
            return answer(
                request,
                text,
                cut ? FinishReason.LENGTH : FinishReason.STOP,
                event.end(),
                begin,
                first);
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return answer(request, text, FinishReason.CANCELLED, Optional.empty(), begin, first);
      } finally {
        events.cancelled = true;
      }
    }

    private GeneratedAnswer answer(
        AnswerRequest request,
        StopFilter text,
        FinishReason reason,
        Optional<ChatResponse> response,
        long begin,
        long first) {
      text.end(); // What waited in case a stop string came: nothing that was written is lost.
      int promptTokens =
          response.map(ChatResponse::tokenUsage).map(usage -> usage.inputTokenCount()).orElse(0);
      long end = System.nanoTime();
      Duration untilFirst = Duration.ofNanos((first == 0 ? end : first) - begin);
      return GeneratedAnswer.builder(text.text(), reason)
          .promptTokens(promptTokens)
          .cues(view.memory().slots().isEmpty() ? List.of() : Pictures.said(request))
          .timings(Answer.Timings.of(untilFirst, untilFirst, Duration.ofNanos(end - begin), 0))
          .build();
    }

    @Override
    public void close() {
      ended = true;
    }
  }

  private static ChatRequest chatRequest(AnswerRequest request, List<Pictures.Picture> pictures) {
    List<ChatMessage> messages = new ArrayList<>();
    request.systemPrompt().ifPresent(text -> messages.add(SystemMessage.from(text)));
    List<Cue> said = Pictures.said(request);
    boolean first = true;
    for (Conversation.Turn turn : request.history()) {
      messages.add(question(turn.question(), first ? pictures : List.of(), said));
      messages.add(AiMessage.from(turn.answer()));
      first = false;
    }
    messages.add(question(request.question(), first ? pictures : List.of(), said));
    GenerationOptions options = request.options();
    ChatRequest.Builder builder =
        ChatRequest.builder()
            .messages(messages)
            .maxOutputTokens(options.maxTokens())
            .temperature(options.temperature());
    if (options.topP() < 1) {
      builder.topP(options.topP());
    }
    if (options.topK() > 0) {
      builder.topK(options.topK());
    }
    if (!options.stopStrings().isEmpty()) {
      builder.stopSequences(options.stopStrings());
    }
    return builder.build();
  }

  private static UserMessage question(
      String question, List<Pictures.Picture> pictures, List<Cue> said) {
    List<Content> content = new ArrayList<>();
    List<String> captions = Pictures.captions(pictures, said);
    for (int i = 0; i < pictures.size(); i++) {
      Pictures.Picture picture = pictures.get(i);
      content.add(TextContent.from(captions.get(i)));
      content.add(ImageContent.from(picture.jpegBase64(), "image/jpeg"));
    }
    content.add(TextContent.from(question));
    return UserMessage.from(content);
  }
}
