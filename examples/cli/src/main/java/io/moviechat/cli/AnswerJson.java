package io.moviechat.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.moviechat.Answer;
import io.moviechat.MemorySnapshot;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Locale;

/**
 * An answer as one JSON object. Times of the movie are seconds, timings milliseconds.
 *
 * <pre>{@code
 * {"answer","tokens":[ids],"finishReason","promptTokens","frames","slots","memoryBytes",
 *  "evidence":[{"start","end","frames","relevance","reason"}],"recallProblem",
 *  "timings":{"watchMs","decodeMs","encodeMs","memoryMs","prefillMs","firstTokenMs","generateMs"}}
 * }</pre>
 */
final class AnswerJson {
  private static final JsonFactory FACTORY = new JsonFactory();

  private AnswerJson() {}

  /**
   * @param memory what the model was given
   */
  static String of(Answer answer, MemorySnapshot memory) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(text)) {
      json.writeStartObject();
      json.writeStringField("answer", answer.text());
      json.writeFieldName("tokens");
      int[] tokens = answer.tokens();
      json.writeArray(tokens, 0, tokens.length);
      json.writeStringField("finishReason", answer.finishReason().name().toLowerCase(Locale.ROOT));
      json.writeNumberField("promptTokens", answer.promptTokens());
      json.writeNumberField("frames", memory.framesSeen());
      json.writeNumberField("slots", memory.slots().size());
      json.writeNumberField("memoryBytes", memory.bytes());
      json.writeArrayFieldStart("evidence");
      for (Answer.Evidence evidence : answer.evidence()) {
        json.writeStartObject();
        json.writeNumberField("start", Moment.seconds(evidence.start()));
        json.writeNumberField("end", Moment.seconds(evidence.end()));
        json.writeNumberField("frames", evidence.frames());
        if (evidence.reason().isPresent()) {
          json.writeNumberField("relevance", evidence.relevance());
          json.writeStringField("reason", evidence.reason().get());
        }
        json.writeEndObject();
      }
      json.writeEndArray();
      CueJson.write("cues", answer.cues(), json);
      if (answer.recallProblem().isPresent()) {
        json.writeStringField("recallProblem", answer.recallProblem().get());
      }
      json.writeObjectFieldStart("timings");
      json.writeNumberField("watchMs", Moment.millis(answer.watch().wall()));
      json.writeNumberField("decodeMs", Moment.millis(answer.watch().decode()));
      json.writeNumberField("encodeMs", Moment.millis(answer.watch().encode()));
      json.writeNumberField("memoryMs", Moment.millis(answer.watch().memory()));
      json.writeNumberField("prefillMs", Moment.millis(answer.timings().prefill()));
      json.writeNumberField("firstTokenMs", Moment.millis(answer.timings().firstToken()));
      json.writeNumberField("generateMs", Moment.millis(answer.timings().generate()));
      json.writeEndObject();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a StringWriter does not fail
    }
    return text.toString();
  }
}
