package io.moviechat.llm.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.rag.content.Content;
import dev.langchain4j.rag.content.retriever.ContentRetriever;
import dev.langchain4j.rag.query.Query;
import io.moviechat.Answer;
import io.moviechat.Conversation;
import io.moviechat.FinishReason;
import io.moviechat.Frame;
import io.moviechat.GenerationOptions;
import io.moviechat.InferenceException;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenListener;
import io.moviechat.TokenShape;
import io.moviechat.llm.Views;
import io.moviechat.speech.Cue;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class LangChainTest {
  private final AtomicReference<ChatRequest> asked = new AtomicReference<>();

  private static MovieView view() {
    MovieView view =
        Views.of(
            Optional.empty(),
            Views.slot(MemorySlot.Tier.LONG_TERM, 0, 70, 12, 1),
            Views.slot(MemorySlot.Tier.SHORT_TERM, 70, 95, 1, 2));
    return view.with(
        (moment, format) -> Optional.of(Frame.of(moment, 4, 4, ByteBuffer.wrap(new byte[48]))));
  }

  private StreamingChatModel streaming(String... pieces) {
    return new StreamingChatModel() {
      @Override
      public void chat(ChatRequest request, StreamingChatResponseHandler handler) {
        asked.set(request);
        for (String piece : pieces) {
          handler.onPartialResponse(piece);
        }
        handler.onCompleteResponse(
            ChatResponse.builder()
                .aiMessage(AiMessage.from(String.join("", pieces)))
                .finishReason(dev.langchain4j.model.output.FinishReason.LENGTH)
                .build());
      }
    };
  }

  @Test
  void showsPicturesAndHandsOnTheStream() {
    AnswerRequest request =
        AnswerRequest.of("What now?", GenerationOptions.builder().maxTokens(5).build())
            .withSystemPrompt("Be brief.")
            .withHistory(List.of(new Conversation.Turn("Who?", "Nobody.")));
    List<String> pieces = new ArrayList<>();
    try (AnswerGenerator generator = LangChain.generator("test", streaming("A ", "dog."), 8);
        AnswerSession session = generator.open(view())) {
      GeneratedAnswer answer = session.answer(request, pieces::add);
      assertThat(answer.text()).isEqualTo("A dog.");
      assertThat(answer.finishReason()).isEqualTo(FinishReason.LENGTH);
      assertThat(pieces).containsExactly("A ", "dog.");
    }
    ChatRequest sent = asked.get();
    assertThat(sent.parameters().maxOutputTokens()).isEqualTo(5);
    assertThat(sent.messages().get(0)).isEqualTo(SystemMessage.from("Be brief."));
    UserMessage first = (UserMessage) sent.messages().get(1);
    assertThat(first.contents()).hasSize(5);
    assertThat(((TextContent) first.contents().get(0)).text())
        .isEqualTo("Frames from 00:00:00 to 00:01:10:");
    assertThat(((ImageContent) first.contents().get(1)).image().mimeType()).isEqualTo("image/jpeg");
    assertThat(sent.messages().get(2)).isEqualTo(AiMessage.from("Nobody."));
  }

  private static final Cue SAID =
      Cue.of(Duration.ofSeconds(3), Duration.ofSeconds(5), "Hello", Cue.Origin.SPEECH);

  @Test
  void foreverIsATimeout() {
    GenerationOptions forever =
        GenerationOptions.builder().timeout(ChronoUnit.FOREVER.getDuration()).build();
    try (AnswerGenerator generator = LangChain.generator("test", streaming("A ", "dog."), 8);
        AnswerSession session = generator.open(view())) {
      GeneratedAnswer answer =
          session.answer(AnswerRequest.of("What now?", forever), TokenListener.NONE);
      assertThat(answer.text()).isEqualTo("A dog.");
    }
  }

  @Test
  void whatTheFilmSaysStandsBeforeItsPictures() {
    Cue written =
        Cue.of(Duration.ofSeconds(80), Duration.ofSeconds(84), "EXIT", Cue.Origin.SCREEN_TEXT);
    AnswerRequest request =
        AnswerRequest.of("What now?", GenerationOptions.DEFAULT).withCues(List.of(written, SAID));
    try (AnswerGenerator generator = LangChain.generator("test", streaming("A dog."), 8);
        AnswerSession session = generator.open(view())) {
      assertThat(session.answer(request, TokenListener.NONE).cues()).containsExactly(SAID, written);
    }
    UserMessage sent = (UserMessage) asked.get().messages().get(0);
    assertThat(((TextContent) sent.contents().get(0)).text())
        .isEqualTo("Said 00:00:03 to 00:00:05: \"Hello\"\nFrames from 00:00:00 to 00:01:10:");
    assertThat(((TextContent) sent.contents().get(2)).text())
        .startsWith("Written 00:01:20 to 00:01:24: \"EXIT\"\nFrame from 00:01:10");
  }

  @Test
  void nothingThatWasWrittenIsLostAtACancel() {
    // "EN" could become the stop string "END", so it waits; then the question is cancelled.
    StreamingChatModel neverEnds =
        new StreamingChatModel() {
          @Override
          public void chat(ChatRequest request, StreamingChatResponseHandler handler) {
            handler.onPartialResponse("A dog. EN");
          }
        };
    StringBuilder heard = new StringBuilder();
    AnswerRequest request =
        AnswerRequest.of(
                "What now?", GenerationOptions.builder().stopStrings(List.of("END")).build())
            .withCancelled(() -> heard.length() > 0);
    try (AnswerGenerator generator = LangChain.generator("test", neverEnds, 8);
        AnswerSession session = generator.open(view())) {
      GeneratedAnswer answer = session.answer(request, heard::append);
      assertThat(answer.finishReason()).isEqualTo(FinishReason.CANCELLED);
      assertThat(answer.text()).isEqualTo("A dog. EN");
      assertThat(heard.toString()).isEqualTo("A dog. EN");
    }
  }

  @Test
  void asksModelsThatDoNotStream() {
    ChatModel model =
        new ChatModel() {
          @Override
          public ChatResponse chat(ChatRequest request) {
            return ChatResponse.builder().aiMessage(AiMessage.from("Yes.")).build();
          }
        };
    try (AnswerGenerator generator = LangChain.generator("test", model, 8);
        AnswerSession session = generator.open(view())) {
      assertThat(
              session
                  .answer(AnswerRequest.of("Is it?", GenerationOptions.DEFAULT), TokenListener.NONE)
                  .text())
          .isEqualTo("Yes.");
    }
  }

  @Test
  void failuresAndImpossibleWishesAreSpecific() {
    StreamingChatModel failing =
        new StreamingChatModel() {
          @Override
          public void chat(ChatRequest request, StreamingChatResponseHandler handler) {
            handler.onError(new IllegalStateException("no quota"));
          }
        };
    try (AnswerGenerator generator = LangChain.generator("test", failing, 8);
        AnswerSession session = generator.open(view())) {
      assertThatThrownBy(
              () ->
                  session.answer(
                      AnswerRequest.of("Is it?", GenerationOptions.DEFAULT), TokenListener.NONE))
          .isInstanceOf(InferenceException.class)
          .hasMessageContaining("no quota")
          .hasFieldOrPropertyWithValue("retriable", false);
      assertThatIllegalArgumentException()
          .isThrownBy(
              () ->
                  session.answer(
                      AnswerRequest.of("Is it?", GenerationOptions.builder().beams(2).build()),
                      TokenListener.NONE));
    }
  }

  @Test
  void aMovieCanBeRetrievedFrom() {
    TokenShape shape = new TokenShape(1, 1);
    MemorySlot slot =
        MemorySlot.of(
            MemorySlot.Tier.LONG_TERM,
            Duration.ofSeconds(3),
            Duration.ofSeconds(9),
            4,
            Duration.ofSeconds(4),
            1,
            shape,
            FloatBuffer.allocate(1));
    ContentRetriever retriever =
        LangChain.retriever(
            question ->
                Answer.of(
                    GeneratedAnswer.builder("A dog: " + question, FinishReason.STOP)
                        .cues(List.of(SAID))
                        .build(),
                    new MemorySnapshot(shape, List.of(slot), 4, 0)));
    List<Content> found = retriever.retrieve(Query.from("Who?"));
    assertThat(found).hasSize(1);
    assertThat(found.get(0).textSegment().text()).isEqualTo("A dog: Who?");
    assertThat(found.get(0).textSegment().metadata().getLong("end")).isEqualTo(9000);
    assertThat(found.get(0).textSegment().metadata().getString("cues"))
        .isEqualTo("Said 00:00:03 to 00:00:05: \"Hello\"");
  }
}
