package io.moviechat;

/**
 * What a memory has done and what it holds.
 *
 * @param frames frames seen since the start or the last reset
 * @param merges pairs merged
 * @param slots entries held now, short-term frames included
 * @param heapBytes bytes on the Java heap
 * @param offHeapBytes native bytes in host memory
 * @param deviceBytes bytes on an accelerator
 */
public record MemoryStats(
    long frames, long merges, int slots, long heapBytes, long offHeapBytes, long deviceBytes) {
  /** All bytes together. */
  public long bytes() {
    return heapBytes + offHeapBytes + deviceBytes;
  }
}
