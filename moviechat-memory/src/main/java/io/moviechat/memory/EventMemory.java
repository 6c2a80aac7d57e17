package io.moviechat.memory;

import io.moviechat.MemorySlot;
import io.moviechat.TokenShape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Cuts the movie into events where the similarity of adjacent frames drops, and gives every event
 * the same budget of slots, so that a long event cannot crowd out short ones.
 *
 * <p>A cut is a similarity (cosine of the token means) more than two standard deviations under its
 * running mean. When all slots are taken, the event with most slots merges its most similar
 * adjacent pair, weighted; if every event is down to one slot, the two most similar adjacent events
 * become one.
 */
final class EventMemory extends SlotMemory {
  private static final double MEMORY_OF_STATISTICS = 1.0 / 32;
  private static final int FRAMES_BEFORE_FIRST_CUT = 8;
  private static final double DEVIATIONS = 2;
  private static final double SMALLEST_DROP = 0.01;

  private final int capacity;
  private final Similarity similarity = Similarity.meanCosine();
  private final Consolidator merger;
  private final List<Slot> slots;
  private final List<Slot> view;

  /** For each slot the number of its event, ascending. */
  private final List<Long> events;

  private final float[] previousMean;
  private long event;
  private double mean;
  private double variance;
  private long pairs;

  EventMemory(TokenShape shape, TokenStore store, int capacity) {
    super(MemoryStrategies.EVENTS, shape, capacity, store);
    this.capacity = capacity;
    this.merger = new Consolidator(store, similarity, true, 2);
    this.slots = new ArrayList<>(capacity);
    this.view = Collections.unmodifiableList(slots);
    this.events = new ArrayList<>(capacity);
    this.previousMean = new float[shape.width()];
  }

  @Override
  void accept(Fresh fresh) {
    if (framesSeen() > 0 && startsEvent(Kernels.cosine(previousMean, frameMean()))) {
      event++;
    }
    System.arraycopy(frameMean(), 0, previousMean, 0, previousMean.length);
    if (slots.size() == capacity) {
      makeRoom();
    }
    slots.add(fresh.take());
    events.add(event);
  }

  private boolean startsEvent(double likeness) {
    double drop = mean - likeness;
    boolean cut =
        pairs >= FRAMES_BEFORE_FIRST_CUT
            && drop > Math.max(SMALLEST_DROP, DEVIATIONS * Math.sqrt(variance));
    pairs++;
    if (!cut) {
      double share = Math.max(MEMORY_OF_STATISTICS, 1.0 / pairs);
      variance = (1 - share) * (variance + share * drop * drop);
      mean -= share * drop;
    }
    return cut;
  }

  private void makeRoom() {
    int from = 0;
    int to = 0;
    for (int start = 0, end; start < capacity; start = end) {
      end = start + 1;
      while (end < capacity && events.get(end).equals(events.get(start))) {
        end++;
      }
      if (end - start > to - from) {
        from = start;
        to = end;
      }
    }
    if (to - from == 1) {
      from = 0;
      to = capacity;
    }
    int best = from;
    double bestLikeness = Double.NEGATIVE_INFINITY;
    for (int i = from; i + 1 < to; i++) {
      double likeness = similarity.between(slots.get(i), slots.get(i + 1));
      if (likeness > bestLikeness) {
        best = i;
        bestLikeness = likeness;
      }
    }
    long joined = events.get(best + 1);
    long into = events.remove(best);
    Slot other = slots.remove(best + 1);
    merger.merge(slots.get(best), other);
    giveBack(other);
    if (joined != into) {
      // The earlier event goes on under the later one's number.
      for (int i = best - 1; i >= 0 && events.get(i) == into; i--) {
        events.set(i, joined);
      }
    }
  }

  @Override
  List<Slot> longTerm() {
    return view;
  }

  @Override
  List<Slot> shortTerm() {
    return List.of();
  }

  @Override
  long merges() {
    return merger.merges();
  }

  /** Where events were cut is not told by a snapshot; each slot starts as an event of its own. */
  @Override
  void takeOver(List<MemorySlot> earlier) {
    requireRoomFor(earlier, capacity);
    for (MemorySlot slot : earlier) {
      slots.add(restore(slot));
      events.add(++event);
    }
    if (!slots.isEmpty()) {
      System.arraycopy(slots.get(slots.size() - 1).mean, 0, previousMean, 0, previousMean.length);
    }
  }

  @Override
  void forget() {
    slots.forEach(this::giveBack);
    slots.clear();
    events.clear();
    merger.forgetCounts();
    event = 0;
    mean = 0;
    variance = 0;
    pairs = 0;
  }
}
