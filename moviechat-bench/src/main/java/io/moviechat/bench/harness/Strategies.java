package io.moviechat.bench.harness;

import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoMemoryProvider;
import java.util.List;
import java.util.ServiceLoader;

/** Memory strategies on the class path, by name. */
public final class Strategies {
  private Strategies() {}

  /** Names of all. */
  public static List<String> names() {
    return ServiceLoader.load(VideoMemoryProvider.class).stream()
        .flatMap(provider -> provider.get().strategies().stream())
        .toList();
  }

  /** The strategy with its default settings. */
  public static VideoMemory.Factory of(String name) {
    return of(name, ModelDefaults.NONE);
  }

  /** The strategy with the settings that a model wishes for. */
  public static VideoMemory.Factory of(String name, ModelDefaults model) {
    ModelDefaults wish = model.toBuilder().memoryStrategy(name).build();
    for (VideoMemoryProvider provider : ServiceLoader.load(VideoMemoryProvider.class)) {
      if (provider.strategies().contains(name)) {
        return provider.factory(wish);
      }
    }
    throw new IllegalArgumentException("there is no strategy " + name + "; there are " + names());
  }
}
