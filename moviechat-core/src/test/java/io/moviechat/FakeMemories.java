package io.moviechat;

import io.moviechat.spi.ModelDefaults;
import io.moviechat.spi.VideoMemory;
import io.moviechat.spi.VideoMemoryProvider;
import io.moviechat.spi.testing.FakeMemory;
import java.util.List;

/** The fake memory by name, for chats that look for a strategy on the class path. */
public final class FakeMemories implements VideoMemoryProvider {
  @Override
  public List<String> strategies() {
    return List.of("fake");
  }

  @Override
  public VideoMemory.Factory factory(ModelDefaults defaults) {
    return FakeMemory.factory(defaults.longTermSlots().orElse(10));
  }
}
