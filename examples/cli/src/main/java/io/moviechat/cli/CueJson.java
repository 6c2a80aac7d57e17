package io.moviechat.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import io.moviechat.speech.Cue;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/** What a movie says, in JSON. */
final class CueJson {
  private CueJson() {}

  /** Writes an array, unless nothing is said. */
  static void write(String field, List<Cue> cues, JsonGenerator json) throws IOException {
    if (cues.isEmpty()) {
      return;
    }
    json.writeArrayFieldStart(field);
    for (Cue cue : cues) {
      json.writeStartObject();
      json.writeNumberField("start", Moment.seconds(cue.start()));
      json.writeNumberField("end", Moment.seconds(cue.end()));
      json.writeStringField("text", cue.text());
      json.writeStringField("origin", cue.origin().name().toLowerCase(Locale.ROOT));
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
