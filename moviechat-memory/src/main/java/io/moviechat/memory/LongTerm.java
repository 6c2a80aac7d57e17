package io.moviechat.memory;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Long-term memory: at most so many slots, in time order. When it is full, the most similar
 * adjacent slots merge, weighted by the frames that they stand for; the earlier pair on a tie.
 */
final class LongTerm {
  private final SlotMemory owner;
  private final Similarity similarity;
  private final Consolidator merger;
  private final int capacity;
  private final List<Slot> slots;
  private final List<Slot> view;

  LongTerm(SlotMemory owner, TokenStore store, Similarity similarity, int capacity) {
    this.owner = owner;
    this.similarity = similarity;
    this.merger = new Consolidator(store, similarity, true, 2);
    this.capacity = capacity;
    this.slots = new ArrayList<>(capacity);
    this.view = Collections.unmodifiableList(slots);
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
    if (slots.size() < capacity || makeRoomBefore(slot)) {
      slots.add(slot);
    } else {
      mergeInto(slots.size() - 1, slot);
      owner.giveBack(slot);
    }
  }

  /** Appends a copy of a slot that its owner keeps. */
  void appendCopy(Slot slot) {
    double carriedWeight = slot.weight;
    slot.weight = slot.frames;
    if (slots.size() < capacity || makeRoomBefore(slot)) {
      Slot copy = owner.takeFree();
      owner.store.copy(slot.row, copy.row);
      copy.copyFrom(slot);
      if (!slots.isEmpty()) {
        slots.get(slots.size() - 1).nextBecame(slot, copy);
      }
      slots.add(copy);
    } else {
      mergeInto(slots.size() - 1, slot);
    }
    slot.weight = carriedWeight;
  }

  /**
   * Merges the most similar pair, if it is not the one of the last slot and the coming one.
   *
   * @return whether there is room now
   */
  private boolean makeRoomBefore(Slot coming) {
    int best = -1;
    double most = Double.NEGATIVE_INFINITY;
    for (int i = 0; i + 1 < slots.size(); i++) {
      double likeness = similarity.known(slots.get(i), slots.get(i + 1));
      if (best < 0 || likeness > most) {
        best = i;
        most = likeness;
      }
    }
    if (best < 0 || similarity.known(slots.get(slots.size() - 1), coming) > most) {
      return false;
    }
    Slot other = slots.remove(best + 1);
    mergeInto(best, other);
    owner.giveBack(other);
    return true;
  }

  private void mergeInto(int index, Slot other) {
    merger.merge(slots.get(index), other);
    if (index > 0) {
      slots.get(index - 1).next = null; // what it remembers of this slot is no longer true
    }
  }

  void forget() {
    slots.forEach(owner::giveBack);
    slots.clear();
    merger.forgetCounts();
  }
}
