package io.moviechat.internal;

import java.util.LinkedHashMap;
import java.util.Map;

/** Keeps the entries that were looked at last, and forgets the others. Not thread-safe. */
public final class RecentMap<K, V> extends LinkedHashMap<K, V> {
  private static final long serialVersionUID = 1L;

  private final int most;

  /**
   * @param most entries kept
   */
  public RecentMap(int most) {
    super(most, 0.75f, true);
    this.most = most;
  }

  @Override
  protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
    return size() > most;
  }
}
