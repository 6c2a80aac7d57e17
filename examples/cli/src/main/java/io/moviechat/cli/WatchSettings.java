package io.moviechat.cli;

import io.moviechat.MemoryBudget;
import io.moviechat.MovieChat;
import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoMemoryProvider;
import io.moviechat.spi.VisionLanguageModel;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** Options that say how movies are watched, whichever they are. */
final class WatchSettings {
  @ArgGroup(exclusive = true)
  private @Nullable SamplingSettings sampling;

  @Option(
      names = "--memory",
      paramLabel = "NAME",
      description = "Memory strategy (default: the model's wish, else moviechat).")
  private @Nullable String memory;

  @Option(
      names = "--memory-slots",
      paramLabel = "N",
      description = "Most memory slots (default: the strategy's, and what the model can read).")
  private @Nullable Integer memorySlots;

  /**
   * Checks the options as far as no model is needed.
   *
   * @throws IllegalArgumentException naming the option and what it takes
   */
  void validate() {
    if (sampling != null) {
      Object unused = sampling.sampling();
    }
    if (memory != null) {
      memoryFactory(memory, ModelDefaults.NONE);
    }
    if (memorySlots != null) {
      MemoryBudget unused = MemoryBudget.ofSlots(memorySlots);
    }
  }

  MovieChat.Builder builder(VisionLanguageModel chosen) {
    return configure(MovieChat.builder().model(chosen), chosen.defaults());
  }

  MovieChat.Builder configure(MovieChat.Builder builder, ModelDefaults defaults) {
    if (sampling != null) {
      builder.sampling(sampling.sampling());
    }
    if (memory != null) {
      builder.memory(memoryFactory(memory, defaults));
    }
    if (memorySlots != null) {
      builder.memoryBudget(MemoryBudget.ofSlots(memorySlots));
    }
    return builder;
  }

  private static VideoMemory.Factory memoryFactory(String strategy, ModelDefaults defaults) {
    List<String> names = new ArrayList<>();
    for (VideoMemoryProvider provider : ServiceLoader.load(VideoMemoryProvider.class)) {
      if (provider.strategies().contains(strategy)) {
        return provider.factory(defaults.toBuilder().memoryStrategy(strategy).build());
      }
      names.addAll(provider.strategies());
    }
    throw new IllegalArgumentException(
        "there is no memory strategy '" + strategy + "'; there are " + String.join(", ", names));
  }
}
