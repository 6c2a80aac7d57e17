package io.moviechat.memory;

import io.moviechat.MemorySnapshot;
import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoMemoryProvider;
import java.lang.ref.WeakReference;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** This module's strategies by name, for {@link java.util.ServiceLoader}. Thread-safe. */
public final class MovieChatMemoryProvider implements VideoMemoryProvider {
  private static final Map<String, Function<ModelDefaults, VideoMemory.Factory>> STRATEGIES =
      strategiesByName();

  private volatile @Nullable Latest latest;

  /** For {@link java.util.ServiceLoader}. */
  public MovieChatMemoryProvider() {}

  private static Map<String, Function<ModelDefaults, VideoMemory.Factory>> strategiesByName() {
    Map<String, Function<ModelDefaults, VideoMemory.Factory>> strategies = new LinkedHashMap<>();
    for (Variant variant : Variant.values()) {
      if (variant != Variant.PLUS) { // which needs a question
        strategies.put(
            variant.strategy,
            model -> new MemoryStrategies.Builder(variant, null).defaults(model).build());
      }
    }
    strategies.put(MemoryStrategies.HYBRID, model -> MemoryStrategies.hybrid(slots(model), false));
    strategies.put(MemoryStrategies.EVENTS, model -> MemoryStrategies.events(slots(model), false));
    strategies.put(
        MemoryStrategies.CLUSTERS, model -> MemoryStrategies.clusters(slots(model), false));
    strategies.put(
        MemoryStrategies.BANK, model -> MemoryStrategies.memoryBank(slots(model), false));
    strategies.put(
        MemoryStrategies.UNIFORM, model -> MemoryStrategies.uniform(slots(model), false));
    strategies.put(MemoryStrategies.RECENT, model -> MemoryStrategies.recent(slots(model), false));
    strategies.put(
        MemoryStrategies.RESERVOIR, model -> MemoryStrategies.reservoir(slots(model), 0, false));
    return strategies;
  }

  private static int slots(ModelDefaults model) {
    return model.longTermSlots().orElse(MemoryStrategies.DEFAULT_SLOTS);
  }

  @Override
  public List<String> strategies() {
    return List.copyOf(STRATEGIES.keySet());
  }

  @Override
  public VideoMemory.Factory factory(ModelDefaults defaults) {
    String name = defaults.memoryStrategy().orElse(Variant.MOVIECHAT.strategy);
    Function<ModelDefaults, VideoMemory.Factory> strategy = STRATEGIES.get(name);
    if (strategy == null) {
      throw new IllegalArgumentException(
          "there is no memory strategy '" + name + "'; those known are " + strategies());
    }
    return strategy.apply(defaults);
  }

  @Override
  public MemorySnapshot recall(MemorySnapshot memory, float[] relevance, int slots) {
    return Recall.consolidate(memory, () -> kept(memory), relevance, slots);
  }

  @SuppressWarnings("ReferenceEquality") // comparing the tokens would cost more than they save
  private Recall.Kept kept(MemorySnapshot memory) {
    Latest known = latest;
    if (known == null || known.memory.get() != memory) {
      known = new Latest(new WeakReference<>(memory), Recall.Kept.of(memory));
      latest = known;
    }
    return known.kept;
  }

  /** What is kept of the store that was asked last: questions about one follow each other. */
  private record Latest(WeakReference<MemorySnapshot> memory, Recall.Kept kept) {}
}
