package io.moviechat.llm;

import io.moviechat.llm.internal.DataFlow;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * How a step of a decoder can write its states beside those that it reads without a second block of
 * memory: states of one size lie in a ring with one place more than there are states, and each is
 * written where the one of the layer before lay, which has been read by then. Afterwards another
 * place is free, and the next step goes on from there.
 *
 * <p>A state whose turn the graph's order does not prove begins a ring of its own, with two places
 * that take turns. Immutable.
 */
final class CacheRings {
  private final int[] first;
  private final int[] place;
  private final int[] members;

  private CacheRings(int[] first, int[] place, int[] members) {
    this.first = first;
    this.place = place;
    this.members = members;
  }

  /**
   * The rings of a decoder's states.
   *
   * @param flow knows each state's input
   * @return empty if they save no memory to speak of
   */
  static Optional<CacheRings> of(List<CacheSpec> caches, DataFlow flow) {
    int count = caches.size();
    int[] first = new int[count];
    int[] place = new int[count];
    int[] members = new int[count];
    // Keys and values of one layer are read in any order, so each have rings of their own.
    record Kind(String half, int heads, int headDim, int bytes) {}
    Map<Kind, Integer> last = new HashMap<>();
    for (int i : byLayer(caches)) {
      CacheSpec cache = caches.get(i);
      first[i] = i;
      if (cache.grows()) {
        String half = cache.past().substring(cache.past().lastIndexOf('.') + 1);
        Kind kind = new Kind(half, cache.heads(), cache.headDim(), cache.type().bytes());
        Integer before = last.put(kind, i);
        if (before != null && flow.isReadBefore(caches.get(before).past(), cache.present())) {
          first[i] = first[before];
        }
      }
      place[i] = members[first[i]]++;
    }
    long bytes = 0;
    long inRings = 0;
    for (int i = 0; i < count; i++) {
      CacheSpec cache = caches.get(i);
      if (cache.grows()) {
        bytes += cache.bytes();
        inRings += cache.bytes() + (place[i] == 0 ? cache.bytes() : 0);
      }
    }
    return 2 * inRings <= 3 * bytes
        ? Optional.of(new CacheRings(first, place, members))
        : Optional.empty();
  }

  /** Graphs may declare their inputs in another order than they use them. */
  private static int[] byLayer(List<CacheSpec> caches) {
    return IntStream.range(0, caches.size())
        .boxed()
        .sorted(Comparator.comparingInt(i -> caches.get(i).layer()))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** The state that is the first of a state's ring. */
  int first(int cache) {
    return first[cache];
  }

  /** Places of a state's ring. */
  int places(int cache) {
    return members[first[cache]] + 1;
  }

  /**
   * The place of a state in its ring.
   *
   * @param steps that were written so far
   */
  int place(int cache, long steps) {
    return Math.floorMod(place[cache] - steps, places(cache));
  }
}
