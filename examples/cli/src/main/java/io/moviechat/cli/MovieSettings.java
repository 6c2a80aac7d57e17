package io.moviechat.cli;

import io.moviechat.MemoryBudget;
import io.moviechat.MovieChat;
import io.moviechat.VideoMemoryFactory;
import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.VideoMemoryProvider;
import io.moviechat.spi.VisionLanguageModel;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** Options that say which movie is watched, and how. */
final class MovieSettings {
  @Option(names = "--video", paramLabel = "FILE", description = "Video or picture: a file or URL.")
  private @Nullable String video;

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

  @Option(
      names = "--memory-file",
      paramLabel = "FILE",
      description =
          "If the file exists, answer from this memory without watching;"
              + " else watch, and save the memory there.")
  private @Nullable Path memoryFile;

  /**
   * Checks the options as far as neither model nor video is needed.
   *
   * @throws IllegalArgumentException naming the option and what it takes
   */
  void validate() {
    if (sampling != null) {
      Object unused = sampling.sampling();
    }
    location();
    if (memory != null) {
      memoryFactory(memory, ModelDefaults.NONE);
    }
    if (memorySlots != null) {
      MemoryBudget unused = MemoryBudget.ofSlots(memorySlots);
    }
    if (video == null && savedMemory().isEmpty()) {
      throw new IllegalArgumentException(
          memoryFile == null
              ? "no video was given; use --video FILE"
              : "there is no memory file "
                  + memoryFile
                  + " yet, and no video to make it of; use --video FILE");
    }
  }

  /** The video's address; empty if the movie comes from its memory file alone. */
  Optional<URI> location() {
    return video == null ? Optional.empty() : Optional.of(Videos.locate(video));
  }

  /** The video as it was typed, for messages. */
  String videoName() {
    return video == null ? String.valueOf(memoryFile) : video;
  }

  /** The memory file to answer from. */
  Optional<Path> savedMemory() {
    return Optional.ofNullable(memoryFile).filter(Files::exists);
  }

  /** The memory file to write after watching. */
  Optional<Path> memoryToSave() {
    return Optional.ofNullable(memoryFile).filter(file -> !Files.exists(file));
  }

  MovieChat.Builder builder(VisionLanguageModel chosen) {
    MovieChat.Builder builder = MovieChat.builder().model(chosen);
    if (sampling != null) {
      builder.sampling(sampling.sampling());
    }
    if (memory != null) {
      builder.memory(memoryFactory(memory, chosen.defaults()));
    }
    if (memorySlots != null) {
      builder.memoryBudget(MemoryBudget.ofSlots(memorySlots));
    }
    return builder;
  }

  private static VideoMemoryFactory memoryFactory(String strategy, ModelDefaults defaults) {
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
