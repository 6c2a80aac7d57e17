package io.moviechat.memory;

import io.moviechat.MemorySlot;
import io.moviechat.TokenShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * The memory bank of MA-LMM (He et al., CVPR 2024, section 3.2), in our own words: when the bank is
 * full, each token position on its own merges its most similar adjacent pair in time (cosine,
 * averages weighted by the frames merged; the earlier pair on a tie).
 *
 * <p>So different positions of one slot may stand for different frames. A slot's span, weight and
 * representative follow the pair that most positions chose.
 *
 * <p>Nothing is moved when positions shift: a table says which row holds the token of a slot at a
 * position.
 */
final class BankMemory extends SlotMemory {
  private final int capacity;
  private final int tokens;
  private final List<Slot> slots;
  private final List<Slot> view;

  /** Row of the token at position p of slot s, {@code [p][s]}; of a free cell at the end. */
  private final int[][] cells;

  /** Frames merged into it, {@code [p][s]}. */
  private final double[][] weights;

  /** Cosine of the token at position p of slot s with that of slot s + 1, {@code [p][s]}. */
  private final double[][] similarities;

  private final JavaStore bank;
  private final int[] votes;
  private long merges;

  BankMemory(TokenShape shape, JavaStore store, int capacity) {
    super(MemoryStrategies.BANK, shape, capacity, store);
    this.bank = store;
    this.capacity = capacity;
    this.tokens = shape.tokens();
    this.slots = new ArrayList<>(capacity);
    this.view = Collections.unmodifiableList(slots);
    this.cells = new int[tokens][capacity];
    this.weights = new double[tokens][capacity];
    this.similarities = new double[tokens][capacity];
    this.votes = new int[capacity];
    forgetCells();
  }

  private void forgetCells() {
    for (int[] rows : cells) {
      for (int slot = 0; slot < capacity; slot++) {
        rows[slot] = slot;
      }
    }
  }

  @Override
  void accept(Fresh fresh) {
    if (slots.size() == capacity) {
      merge();
    }
    Slot slot = takeFree();
    slot.startWith(fresh.timestamp(), frameMean());
    slot.embed(fresh.frame().embedding());
    var values = fresh.frame().values();
    int last = slots.size();
    for (int position = 0; position < tokens; position++) {
      bank.putToken(cells[position][last], position, values);
      weights[position][last] = 1;
    }
    append(slot);
  }

  /** None: rows of this memory are not those of its slots. */
  @Override
  int rowForIncoming() {
    return -1;
  }

  private void append(Slot slot) {
    slots.add(slot);
    for (int position = 0; position < tokens; position++) {
      compare(position, slots.size() - 2);
    }
  }

  private void compare(int position, int slot) {
    if (slot >= 0 && slot + 1 < slots.size()) {
      similarities[position][slot] =
          bank.tokenCosine(cells[position][slot], cells[position][slot + 1], position);
    }
  }

  private void merge() {
    Arrays.fill(votes, 0);
    for (int position = 0; position < tokens; position++) {
      double[] likeness = similarities[position];
      int best = 0;
      for (int slot = 1; slot + 1 < capacity; slot++) {
        if (likeness[slot] > likeness[best]) {
          best = slot;
        }
      }
      votes[best]++;
      mergeTokens(position, best);
    }
    int elected = 0;
    for (int slot = 1; slot + 1 < capacity; slot++) {
      if (votes[slot] > votes[elected]) {
        elected = slot;
      }
    }
    mergeSpans(elected);
    for (int position = 0; position < tokens; position++) {
      // Only now is the number of slots right again for the neighbours of the merged pair.
      for (int slot = 0; slot + 1 < slots.size(); slot++) {
        if (Double.isNaN(similarities[position][slot])) {
          compare(position, slot);
        }
      }
    }
    merges++;
  }

  private void mergeTokens(int position, int slot) {
    int[] rows = cells[position];
    double[] weight = weights[position];
    double[] likeness = similarities[position];
    double share = weight[slot] / (weight[slot] + weight[slot + 1]);
    bank.blendToken(rows[slot], (float) share, rows[slot + 1], (float) (1 - share), position);
    weight[slot] += weight[slot + 1];
    int free = rows[slot + 1];
    int moved = capacity - slot - 2;
    System.arraycopy(rows, slot + 2, rows, slot + 1, moved);
    System.arraycopy(weight, slot + 2, weight, slot + 1, moved);
    System.arraycopy(likeness, slot + 1, likeness, slot, moved);
    rows[capacity - 1] = free;
    if (slot > 0) {
      likeness[slot - 1] = Double.NaN;
    }
    if (slot + 2 < capacity) {
      likeness[slot] = Double.NaN;
    }
  }

  private void mergeSpans(int index) {
    Slot into = slots.get(index);
    Slot other = slots.remove(index + 1);
    double share = into.weight / (into.weight + other.weight);
    into.blend((float) share, other, (float) (1 - share));
    into.frames += other.frames;
    into.weight += other.weight;
    if (other.distanceTo(into.mean) < into.distanceTo(into.mean)) {
      into.represent(other);
    }
    giveBack(other);
  }

  @Override
  void read(Slot slot, float[] values) {
    int index = slots.indexOf(slot);
    for (int position = 0; position < tokens; position++) {
      bank.getToken(cells[position][index], position, values);
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
    return merges;
  }

  /**
   * Weights of single positions are not told by a snapshot; those of the slots take their place.
   */
  @Override
  void takeOver(List<MemorySlot> earlier) {
    requireRoomFor(earlier, capacity);
    for (MemorySlot old : earlier) {
      Slot slot = takeFree();
      slot.startWith(old.start().toNanos(), meanOf(old));
      slot.embed(old.embedding());
      slot.frames = old.frames();
      slot.weight = old.frames();
      slot.representative = old.representative().toNanos();
      int last = slots.size();
      for (int position = 0; position < tokens; position++) {
        bank.putToken(cells[position][last], position, old.tokens());
        weights[position][last] = old.frames();
      }
      append(slot);
    }
  }

  @Override
  void forget() {
    slots.forEach(this::giveBack);
    slots.clear();
    forgetCells();
    merges = 0;
  }
}
