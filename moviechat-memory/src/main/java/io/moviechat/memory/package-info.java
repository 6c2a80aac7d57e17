/**
 * Bounded memories of a video. Open {@link io.moviechat.memory.MemoryStrategies} first:
 *
 * <pre>{@code
 * VideoMemory.Factory strategy = MemoryStrategies.moviechat().longTermSlots(64).build();
 * try (VideoMemory memory = strategy.open(new TokenShape(32, 768))) {
 *   memory.add(frame); // again and again; the memory never grows past its settings
 *   List<MemorySlot> slots = memory.snapshot().slots();
 * }
 * }</pre>
 *
 * <p>Factories are immutable and thread-safe; a memory takes one call at a time.
 */
@NullMarked
package io.moviechat.memory;

import org.jspecify.annotations.NullMarked;
