package io.moviechat.spring;

import io.micrometer.common.KeyValue;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.moviechat.Answer;
import io.moviechat.library.Film;
import java.util.function.Supplier;

/** All names of observations are here, and are as unstable as the conventions they follow. */
final class ObservedCalls implements Movies.Calls {
  static final String OPERATION = "gen_ai.client.operation";

  private final String model;
  private final ObservationRegistry registry;

  ObservedCalls(String model, ObservationRegistry registry) {
    this.model = model;
    this.registry = registry;
  }

  @Override
  public Answer around(Film film, Supplier<Answer> call) {
    Observation observation =
        Observation.createNotStarted(OPERATION, registry)
            .contextualName("chat " + model)
            .lowCardinalityKeyValue("gen_ai.operation.name", "chat")
            .lowCardinalityKeyValue("gen_ai.system", "moviechat")
            .lowCardinalityKeyValue("gen_ai.request.model", model);
    return observation.observe(
        () -> {
          Answer answer = call.get();
          observation
              .lowCardinalityKeyValue("gen_ai.response.finish_reason", answer.finishReason().name())
              .highCardinalityKeyValue(count("gen_ai.usage.input_tokens", answer.promptTokens()))
              .highCardinalityKeyValue("moviechat.film", film.id())
              .highCardinalityKeyValue(count("moviechat.evidence", answer.evidence().size()));
          return answer;
        });
  }

  private static KeyValue count(String name, long value) {
    return KeyValue.of(name, Long.toString(value));
  }
}
