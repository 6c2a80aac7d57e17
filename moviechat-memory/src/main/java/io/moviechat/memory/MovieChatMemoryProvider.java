package io.moviechat.memory;

import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.VideoMemoryFactory;
import io.moviechat.spi.VideoMemoryProvider;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** This module's strategies by name, for {@link java.util.ServiceLoader}. Thread-safe. */
public final class MovieChatMemoryProvider implements VideoMemoryProvider {
  private static final Map<String, Function<ModelDefaults, VideoMemoryFactory>> STRATEGIES =
      strategiesByName();

  /** For {@link java.util.ServiceLoader}. */
  public MovieChatMemoryProvider() {}

  private static Map<String, Function<ModelDefaults, VideoMemoryFactory>> strategiesByName() {
    Map<String, Function<ModelDefaults, VideoMemoryFactory>> strategies = new LinkedHashMap<>();
    strategies.put(
        MovieChatMemory.PUBLISHED, model -> MovieChatMemory.published().defaults(model).build());
    strategies.put(
        MovieChatMemory.RELEASED, model -> MovieChatMemory.released().defaults(model).build());
    strategies.put(
        MovieChatMemory.ONE_VISION, model -> MovieChatMemory.oneVision().defaults(model).build());
    return strategies;
  }

  @Override
  public List<String> strategies() {
    return List.copyOf(STRATEGIES.keySet());
  }

  @Override
  public VideoMemoryFactory factory(ModelDefaults defaults) {
    String name = defaults.memoryStrategy().orElse(MovieChatMemory.PUBLISHED);
    Function<ModelDefaults, VideoMemoryFactory> strategy = STRATEGIES.get(name);
    if (strategy == null) {
      throw new IllegalArgumentException(
          "there is no memory strategy '" + name + "'; those known are " + strategies());
    }
    return strategy.apply(defaults);
  }
}
