package io.moviechat.memory;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** Flight Recorder event: short-term memory was consolidated. */
@Name("io.moviechat.Consolidation")
@Label("Consolidation")
@Category({"MovieChat", "Memory"})
@Description("Short-term memory was merged and moved to long-term memory")
@StackTrace(false)
final class ConsolidationEvent extends Event {
  @Label("Strategy")
  String strategy = "";

  @Label("Short-term slots before")
  int before;

  @Label("Slots after")
  int after;

  @Label("Long-term slots")
  int longTermSlots;

  @Label("Pairs merged in long-term memory")
  @Description("Merges that made room for the new slots")
  long longTermMerges;

  @Label("Frames seen")
  long framesSeen;
}
