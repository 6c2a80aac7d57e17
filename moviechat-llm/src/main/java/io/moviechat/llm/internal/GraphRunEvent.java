package io.moviechat.llm.internal;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** Flight Recorder event: a graph was run. */
@Name("io.moviechat.GraphRun")
@Label("Graph run")
@Category({"MovieChat", "Models"})
@Description("ONNX Runtime ran a graph")
@StackTrace(false)
final class GraphRunEvent extends Event {
  @Label("Graph")
  @Description("Its file's name")
  String graph = "";

  @Label("On the processor")
  boolean onCpu;

  @Label("Bytes in host memory")
  @Description(
      "Of inputs and outputs that are bound; a graph on a card moves them there or back. An output"
          + " whose shape was left to the runtime is not counted")
  @DataAmount
  long hostBytes;

  @Label("Bytes in device memory")
  @Description("Of inputs and outputs that are bound; they stay there")
  @DataAmount
  long deviceBytes;
}
