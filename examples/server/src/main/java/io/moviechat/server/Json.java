package io.moviechat.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;

/** JSON of the HTTP API. */
final class Json {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final TypeReference<Map<String, Object>> OBJECT = new TypeReference<>() {};

  private Json() {}

  static String text(Object value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Reads an object.
   *
   * @throws Refusal if it is none, or longer than allowed
   */
  static Map<String, Object> object(InputStream in, int maxBytes) throws IOException {
    byte[] bytes = in.readNBytes(maxBytes + 1);
    if (bytes.length > maxBytes) {
      throw new Refusal(
          Refusal.TOO_LARGE, "the request's JSON is longer than " + maxBytes + " bytes");
    }
    try {
      Map<String, Object> object = MAPPER.readValue(bytes, OBJECT);
      if (object != null) {
        return object;
      }
    } catch (JsonProcessingException e) {
      throw new Refusal(
          Refusal.BAD_REQUEST, "the request is no JSON object: " + e.getOriginalMessage(), e);
    }
    throw new Refusal(Refusal.BAD_REQUEST, "the request is no JSON object");
  }
}
