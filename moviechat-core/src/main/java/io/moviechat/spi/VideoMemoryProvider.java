package io.moviechat.spi;

import io.moviechat.VideoMemoryFactory;
import java.util.List;

/** Offers memory strategies by name. Found by {@link java.util.ServiceLoader}. Thread-safe. */
public interface VideoMemoryProvider {
  /** Names of the strategies, the default one first. */
  List<String> strategies();

  /**
   * A strategy with settings that suit a model.
   *
   * @param defaults the model's wishes; what it leaves open takes the strategy's own default
   * @throws IllegalArgumentException if there is no such strategy, naming those that exist
   */
  VideoMemoryFactory factory(ModelDefaults defaults);
}
