package io.moviechat.llm;

import io.moviechat.InferenceException;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.Graph;
import io.moviechat.llm.internal.GraphRun;
import io.moviechat.llm.internal.OrtException;
import io.moviechat.llm.internal.Tensor;
import java.nio.FloatBuffer;

/**
 * The graph between a memory and the decoder of an imported MovieChat: the tokens of all slots
 * become a fixed number of rows. Thread-safe.
 */
final class MemoryProjector {
  private static final String INPUT = "memory";
  private static final String OUTPUT = "video_embeds";

  private final Graph graph;
  private final int maxSlots;

  /** The graph stays the caller's. */
  MemoryProjector(Graph graph, int maxSlots) {
    this.graph = graph;
    this.maxSlots = maxSlots;
  }

  /** Width of the slots' tokens. */
  int width() {
    return (int) graph.header().input(INPUT).orElseThrow().dim(2);
  }

  /** Rows that come out. */
  int rows() {
    return (int) graph.header().output(OUTPUT).orElseThrow().dim(0);
  }

  /** The most slots that it has positions for. */
  int maxSlots() {
    return maxSlots;
  }

  /**
   * The rows of a memory.
   *
   * @param memory not empty
   * @throws IllegalArgumentException if it has too many slots
   */
  FloatBuffer project(MemorySnapshot memory) {
    int slots = memory.slots().size();
    if (slots > maxSlots) {
      throw new IllegalArgumentException(
          "the memory has "
              + slots
              + " slots, but the model has positions for "
              + maxSlots
              + "; remember in fewer slots");
    }
    int tokens = memory.shape().tokens();
    try (Tensor input = Tensor.allocate(ElementType.FLOAT, slots, tokens, width());
        GraphRun run = new GraphRun(graph)) {
      FloatBuffer values = input.buffer().asFloatBuffer();
      for (MemorySlot slot : memory.slots()) {
        values.put(slot.tokens());
      }
      run.freeOutput(OUTPUT);
      run.input(INPUT, input);
      run.run();
      try (Tensor output = run.takeFree()) {
        FloatBuffer rows = FloatBuffer.allocate((int) (output.bytes() / Float.BYTES));
        return rows.put(output.buffer().asFloatBuffer()).flip();
      }
    } catch (OrtException e) {
      throw new InferenceException("the memory projector failed: " + e.getMessage(), e);
    }
  }
}
