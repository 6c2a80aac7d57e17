package io.moviechat;

import static io.moviechat.internal.Checks.require;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What a memory held at one moment: slots in time order, long-term first. Immutable and
 * thread-safe; lives on the Java heap and needs no closing.
 *
 * @param shape N and D, the same for every slot
 * @param slots in time order, without overlap
 * @param framesSeen frames that the memory was given until then
 * @param framesForgotten frames that no slot stands for, 0 unless the strategy forgets by design (a
 *     recent window, say); the slots' frames and these add up to {@code framesSeen}
 */
public record MemorySnapshot(
    TokenShape shape, List<MemorySlot> slots, long framesSeen, long framesForgotten) {
  /**
   * @throws IllegalArgumentException if slots overlap, are out of order, differ in shape, or their
   *     frames do not add up
   */
  public MemorySnapshot {
    Objects.requireNonNull(shape, "shape");
    slots = List.copyOf(slots);
    long frames = framesForgotten;
    for (int i = 0; i < slots.size(); i++) {
      MemorySlot slot = slots.get(i);
      require(
          slot.shape().equals(shape),
          "slot %d has tokens of shape %s, the memory holds %s",
          i,
          slot.shape(),
          shape);
      if (i > 0) {
        MemorySlot previous = slots.get(i - 1);
        require(
            previous.end().compareTo(slot.start()) <= 0,
            "slot %d starts at %s, before slot %d ends at %s",
            i,
            slot.start(),
            i - 1,
            previous.end());
        require(
            previous.tier().compareTo(slot.tier()) <= 0,
            "slot %d is %s but follows a slot that is %s",
            i,
            slot.tier(),
            previous.tier());
      }
      frames += slot.frames();
    }
    require(
        frames == framesSeen,
        "the slots stand for %d frames and %d were forgotten, but %d were seen",
        frames - framesForgotten,
        framesForgotten,
        framesSeen);
  }

  /** A snapshot of a memory that was given nothing. */
  public static MemorySnapshot empty(TokenShape shape) {
    return new MemorySnapshot(shape, List.of(), 0, 0);
  }

  /** The time watched: the end of the newest slot, zero if there is none. */
  public Duration end() {
    return slots.isEmpty() ? Duration.ZERO : slots.get(slots.size() - 1).end();
  }

  /** Visual tokens in all slots together. */
  public long visualTokens() {
    return (long) slots.size() * shape.tokens();
  }

  /** Bytes of all tokens and embeddings together. */
  public long bytes() {
    return slots.size() * shape.bytes()
        + slots.stream().mapToLong(slot -> (long) Float.BYTES * slot.embeddingFloats()).sum();
  }

  /**
   * The same slots with their embeddings in place of their tokens, of shape {@code [1, dim]}: what
   * a scorer with an encoder of its own looks at. Empty if there is no slot, or one has no
   * embedding or one of another size.
   */
  public Optional<MemorySnapshot> embeddings() {
    int floats = slots.isEmpty() ? 0 : slots.get(0).embeddingFloats();
    if (floats == 0 || slots.stream().anyMatch(slot -> slot.embeddingFloats() != floats)) {
      return Optional.empty();
    }
    TokenShape each = new TokenShape(1, floats);
    return Optional.of(
        new MemorySnapshot(
            each,
            slots.stream().map(slot -> slot.ofEmbedding(each)).toList(),
            framesSeen,
            framesForgotten));
  }

  /** The same memory without embeddings. */
  public MemorySnapshot withoutEmbeddings() {
    if (slots.stream().allMatch(slot -> slot.embeddingFloats() == 0)) {
      return this;
    }
    return new MemorySnapshot(
        shape,
        slots.stream().map(MemorySlot::withoutEmbedding).toList(),
        framesSeen,
        framesForgotten);
  }

  /**
   * What this memory knows of the time before a moment: the slots that end by it, so that nothing
   * later has been merged into them. Slots that straddle the moment are left out.
   *
   * @param moment not negative; may lie past the end
   */
  public MemorySnapshot until(Duration moment) {
    List<MemorySlot> earlier = new ArrayList<>();
    long frames = 0;
    for (MemorySlot slot : slots) {
      if (slot.end().compareTo(moment) > 0) {
        break;
      }
      earlier.add(slot);
      frames += slot.frames();
    }
    boolean all = earlier.size() == slots.size();
    long forgotten = all ? framesForgotten : 0;
    return new MemorySnapshot(shape, earlier, frames + forgotten, forgotten);
  }
}
