package io.moviechat;

/** Where in the memory a slot comes from, oldest kind first. */
public enum MemoryTier {
  /** Consolidated: stands for one or more adjacent frames. */
  LONG_TERM,
  /** A recent frame, not consolidated yet. */
  SHORT_TERM,
  /** The frame on screen at the moment asked about; only in breakpoint mode, and last. */
  CURRENT
}
