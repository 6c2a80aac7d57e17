package io.moviechat.memory;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Long-term memory: at most so many slots, in time order. When it is full, the most similar
 * adjacent slots merge, weighted by the frames that they stand for; the earlier pair on a tie.
 */
final class LongTerm {
  private static final double UNKNOWN = Double.NaN;

  private final SlotMemory owner;
  private final Similarity similarity;
  private final Consolidator merger;
  private final int capacity;
  private final List<Slot> slots;
  private final List<Slot> view;

  /** Similarity of slot i with slot i + 1; computed when first needed. */
  private final double[] similarities;

  /** Similarity of the last slot with the coming one, if it is known. */
  private double withComing = UNKNOWN;

  LongTerm(SlotMemory owner, TokenStore store, Similarity similarity, int capacity) {
    this.owner = owner;
    this.similarity = similarity;
    this.merger = new Consolidator(store, similarity, true, 2);
    this.capacity = capacity;
    this.slots = new ArrayList<>(capacity);
    this.view = Collections.unmodifiableList(slots);
    this.similarities = new double[capacity];
  }

  List<Slot> slots() {
    return view;
  }

  long merges() {
    return merger.merges();
  }

  /**
   * Appends a slot, which belongs to long-term memory from then on.
   *
   * @param slot the newest, in a row of its own
   */
  void append(Slot slot) {
    slot.weight = slot.frames;
    if (slots.size() == capacity && !makeRoomBefore(slot)) {
      mergeInto(slots.size() - 1, slot);
      owner.giveBack(slot);
      return;
    }
    add(slot);
  }

  /** Appends a copy of a slot that its owner keeps. */
  void appendCopy(Slot slot) {
    double carriedWeight = slot.weight;
    slot.weight = slot.frames;
    if (slots.size() == capacity && !makeRoomBefore(slot)) {
      mergeInto(slots.size() - 1, slot);
    } else {
      Slot copy = owner.takeFree();
      owner.store.copy(slot.row, copy.row);
      copy.copyFrom(slot);
      add(copy);
    }
    slot.weight = carriedWeight;
  }

  private void add(Slot slot) {
    if (!slots.isEmpty()) {
      similarities[slots.size() - 1] = withComing;
      slots.get(slots.size() - 1).next = Double.isNaN(withComing) ? null : slot;
    }
    withComing = UNKNOWN;
    slots.add(slot);
  }

  /**
   * Merges the most similar pair, if it is not the one of the last slot and the coming one.
   *
   * @return whether there is room now
   */
  private boolean makeRoomBefore(Slot coming) {
    int best = -1;
    for (int i = 0; i + 1 < slots.size(); i++) {
      if (Double.isNaN(similarities[i])) {
        similarities[i] = similarity.between(slots.get(i), slots.get(i + 1));
      }
      if (best < 0 || similarities[i] > similarities[best]) {
        best = i;
      }
    }
    Slot last = slots.get(slots.size() - 1);
    if (best < 0) {
      return false;
    }
    withComing = similarity.between(last, coming);
    if (withComing > similarities[best]) {
      return false;
    }
    Slot other = slots.remove(best + 1);
    System.arraycopy(
        similarities, best + 1, similarities, best, Math.max(0, slots.size() - 1 - best));
    mergeInto(best, other);
    owner.giveBack(other);
    return true;
  }

  private void mergeInto(int index, Slot other) {
    merger.merge(slots.get(index), other);
    if (index + 1 >= slots.size()) {
      withComing = UNKNOWN;
    }
    if (index > 0) {
      similarities[index - 1] = UNKNOWN;
    }
    if (index + 1 < slots.size()) {
      similarities[index] = UNKNOWN;
    }
  }

  void forget() {
    slots.forEach(owner::giveBack);
    slots.clear();
    merger.forgetCounts();
  }
}
