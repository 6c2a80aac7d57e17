package io.moviechat.llm;

import io.moviechat.InferenceException;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.ModelException;
import io.moviechat.internal.ResourceStack;
import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.Graph;
import io.moviechat.llm.internal.GraphRun;
import io.moviechat.llm.internal.OnnxHeader;
import io.moviechat.llm.internal.OrtException;
import io.moviechat.llm.internal.Tensor;
import io.moviechat.llm.internal.Tokenizer;
import io.moviechat.recall.SlotScorer;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A bundle's own scorer: each word of the question against each row of each slot. Two graphs beside
 * the others:
 *
 * <ul>
 *   <li>{@code onnx/recall_words.onnx}: {@code input_ids [1, words] -> word_embeds [words, size +
 *       1]}, a direction and, last, a bias. A word that names nothing has no direction.
 *   <li>{@code onnx/recall_rows.onnx}: {@code rows [slots, N, D] -> row_embeds [slots, N, size]}.
 * </ul>
 *
 * <p>{@code relevance = max over rows of the product over words of sigmoid(word . row + bias)}: a
 * slot is worth the best of its rows for all words at once. After the late interaction of ColBERT
 * (Khattab and Zaharia, SIGIR 2020), with a product in place of the sum because a red fish is not a
 * red thing beside a blue fish.
 */
final class LateInteraction implements SlotScorer {
  private static final String WORDS = "onnx/recall_words.onnx";
  private static final String ROWS = "onnx/recall_rows.onnx";
  private static final int SLOTS_AT_ONCE = 512;

  private final Tokenizer tokenizer;
  private final Graph words;
  private final Graph rows;
  private final ResourceStack resources;
  private @Nullable MemorySnapshot embedded;
  private float[] rowsOfEmbedded = {};
  private boolean closed;

  private LateInteraction(Tokenizer tokenizer, Graph words, Graph rows, ResourceStack resources) {
    this.resources = resources;
    this.tokenizer = tokenizer;
    this.words = words;
    this.rows = rows;
  }

  /** Whether a bundle has a scorer. */
  static boolean isIn(Path folder) {
    return Files.isRegularFile(folder.resolve(WORDS));
  }

  /**
   * Opens a bundle's scorer. Takes ownership of the tokenizer, also if this fails.
   *
   * @throws ModelException if a graph is missing or no scorer's
   */
  static LateInteraction open(Path folder, Tokenizer tokenizer, OptionalInt cuda) {
    try (ResourceStack opened = new ResourceStack()) {
      opened.push(tokenizer);
      OnnxHeader wordsHeader = header(folder.resolve(WORDS), "input_ids", "word_embeds", 2);
      OnnxHeader rowsHeader = header(folder.resolve(ROWS), "rows", "row_embeds", 3);
      Graph words = opened.push(Graph.open(wordsHeader, cuda, 1));
      Graph rows = opened.push(Graph.open(rowsHeader, cuda, 1));
      return new LateInteraction(tokenizer, words, rows, opened.release());
    }
  }

  private static OnnxHeader header(Path file, String input, String output, int rank) {
    try {
      OnnxHeader header = OnnxHeader.read(file);
      if (header.input(input).filter(i -> i.rank() == rank).isEmpty()
          || header.output(output).filter(o -> o.rank() == rank).isEmpty()) {
        throw new ModelException(
            "%s must have an input '%s' and an output '%s' of rank %d; it has %s and %s"
                .formatted(file, input, output, rank, header.inputs(), header.outputs()));
      }
      return header;
    } catch (IOException e) {
      throw new ModelException(file + " cannot be read: " + e.getMessage(), e);
    }
  }

  @Override
  public String name() {
    return "picture";
  }

  @Override
  public synchronized Optional<float[]> score(String question, MemorySnapshot memory) {
    if (closed) {
      throw new IllegalStateException("the scorer is closed");
    }
    // A word inside of a sentence is what the tokenizer's vocabulary and the scorer know.
    int[] ids = tokenizer.encode(" " + question.toLowerCase(Locale.ROOT), false);
    if (ids.length == 0) {
      return Optional.empty();
    }
    try {
      float[] asked = embed(ids);
      int width = asked.length / ids.length;
      if (namesNothing(asked, width)) {
        return Optional.empty();
      }
      return Optional.of(relevance(asked, width, embed(memory), memory));
    } catch (OrtException e) {
      throw new InferenceException("scoring the memory failed: " + e.getMessage(), e);
    }
  }

  private static boolean namesNothing(float[] words, int width) {
    for (int i = 0; i < words.length; i++) {
      if (i % width != width - 1 && words[i] != 0) {
        return false;
      }
    }
    return true;
  }

  private static float[] relevance(float[] words, int width, float[] rows, MemorySnapshot memory) {
    int slots = memory.slots().size();
    int tokens = memory.shape().tokens();
    int size = width - 1;
    if (rows.length != (long) slots * tokens * size) {
      throw new InferenceException(
          "the scorer gave " + rows.length + " values for " + slots + " slots of " + tokens);
    }
    float[] relevance = new float[slots];
    for (int slot = 0; slot < slots; slot++) {
      double best = Double.NEGATIVE_INFINITY;
      for (int token = 0; token < tokens; token++) {
        double all = 0;
        for (int word = 0; word < words.length; word += width) {
          double logit = words[word + size];
          int row = (slot * tokens + token) * size;
          for (int i = 0; i < size; i++) {
            logit += (double) words[word + i] * rows[row + i];
          }
          all -= Math.log1p(Math.exp(-Math.abs(logit))) + Math.max(-logit, 0); // log sigmoid
        }
        best = Math.max(best, all);
      }
      relevance[slot] = (float) Math.exp(best);
      if (!(relevance[slot] >= 0 && relevance[slot] <= 1)) {
        throw new InferenceException("the scorer gave " + relevance[slot] + " for slot " + slot);
      }
    }
    return relevance;
  }

  private float[] embed(int[] ids) {
    try (Tensor input = Tensor.allocate(ElementType.INT64, 1, ids.length);
        GraphRun run = new GraphRun(words)) {
      LongBuffer values = input.buffer().asLongBuffer();
      for (int id : ids) {
        values.put(id);
      }
      return floats(run, "input_ids", input, "word_embeds");
    }
  }

  /**
   * The rows of a memory as the graph sees them, [slots, N, size]. Questions about one memory
   * follow each other: its rows are looked at once.
   */
  @SuppressWarnings("ReferenceEquality") // comparing the tokens would cost more than the graph
  private float[] embed(MemorySnapshot memory) {
    if (embedded == memory) {
      return rowsOfEmbedded;
    }
    int slots = memory.slots().size();
    int tokens = memory.shape().tokens();
    int width = memory.shape().width();
    long wanted = rows.header().input("rows").orElseThrow().dim(2);
    if (wanted != width) {
      throw new IllegalArgumentException(
          "the scorer reads rows of width " + wanted + ", the memory holds " + memory.shape());
    }
    float @Nullable [] all = null;
    for (int from = 0; from < slots; from += SLOTS_AT_ONCE) {
      int count = Math.min(SLOTS_AT_ONCE, slots - from);
      try (Tensor input = Tensor.allocate(ElementType.FLOAT, count, tokens, width);
          GraphRun run = new GraphRun(rows)) {
        FloatBuffer values = input.buffer().asFloatBuffer();
        for (MemorySlot slot : memory.slots().subList(from, from + count)) {
          values.put(slot.tokens());
        }
        float[] part = floats(run, "rows", input, "row_embeds");
        if (all == null) {
          all = new float[part.length / count * slots];
        }
        System.arraycopy(part, 0, all, part.length / count * from, part.length);
      }
    }
    rowsOfEmbedded = all == null ? new float[0] : all;
    embedded = memory;
    return rowsOfEmbedded;
  }

  private static float[] floats(GraphRun run, String inputName, Tensor input, String outputName) {
    run.freeOutput(outputName);
    run.input(inputName, input);
    run.run();
    try (Tensor output = run.takeFree()) {
      float[] values = new float[(int) (output.bytes() / Float.BYTES)];
      output.buffer().asFloatBuffer().get(values);
      return values;
    }
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      embedded = null;
      resources.close();
    }
  }
}
