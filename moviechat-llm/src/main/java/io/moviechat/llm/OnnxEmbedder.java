package io.moviechat.llm;

import io.moviechat.InferenceException;
import io.moviechat.internal.NativeOwner;
import io.moviechat.internal.ResourceStack;
import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.Graph;
import io.moviechat.llm.internal.GraphRun;
import io.moviechat.llm.internal.OnnxHeader;
import io.moviechat.llm.internal.OrtException;
import io.moviechat.llm.internal.Tensor;
import io.moviechat.llm.internal.Tokenizer;
import io.moviechat.llm.internal.UnitVectors;
import io.moviechat.recall.TextEmbedder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A model of sentences. Each text runs by itself: weights of 8 bits are scaled by what else is in a
 * batch, and a text's vector must not depend on its neighbours.
 */
final class OnnxEmbedder implements TextEmbedder {
  /**
   * What the graph gives.
   *
   * @param name of the output
   * @param tokens whether it is a vector for each token, [batch, tokens, width]; else [batch,
   *     width]
   * @param first whether the first token's vector stands for all; else their mean
   */
  record Output(String name, boolean tokens, boolean first) {}

  private final String name;
  private final Graph graph;
  private final Tokenizer tokenizer;
  private final Output output;
  private final int longest;
  private final ResourceStack resources;
  private boolean closed;

  private OnnxEmbedder(
      String name,
      Graph graph,
      Tokenizer tokenizer,
      Output output,
      int longest,
      ResourceStack opened) {
    this.name = name;
    this.graph = graph;
    this.tokenizer = tokenizer;
    this.output = output;
    this.longest = longest;
    opened.push(NativeOwner.open(this, "embedder " + name));
    this.resources = opened.release();
  }

  static OnnxEmbedder open(
      String name, OnnxHeader header, TokenizerFile file, Output output, int longest) {
    try (ResourceStack opened = new ResourceStack()) {
      Tokenizer tokenizer = opened.push(file.open());
      Graph graph = opened.push(Graph.open(header, 1));
      return new OnnxEmbedder(name, graph, tokenizer, output, longest, opened);
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public synchronized List<float[]> embed(List<String> texts) {
    if (closed) {
      throw new IllegalStateException("embedder " + name + " is closed");
    }
    List<float[]> vectors = new ArrayList<>(texts.size());
    for (String text : texts) {
      vectors.add(embed(ids(text)));
    }
    return vectors;
  }

  /** A long text is cut; its end token stays. */
  private int[] ids(String text) {
    int[] ids = tokenizer.encode(text, true);
    if (ids.length <= longest) {
      // Without any token there is nothing to look at: a tokenizer may add none.
      return ids.length > 0 ? ids : new int[1];
    }
    int[] cut = Arrays.copyOf(ids, longest);
    cut[longest - 1] = ids[ids.length - 1];
    return cut;
  }

  private float[] embed(int[] ids) {
    try (ResourceStack opened = new ResourceStack()) {
      GraphRun run = opened.push(new GraphRun(graph));
      run.freeOutput(output.name());
      graph
          .header()
          .inputs()
          .forEach(
              input -> {
                Tensor tensor = opened.push(Tensor.allocate(ElementType.INT64, 1, ids.length));
                LongBuffer values = tensor.buffer().asLongBuffer();
                for (int i = 0; i < ids.length; i++) {
                  values.put(
                      i,
                      switch (input.name()) {
                        case "input_ids" -> ids[i];
                        case "attention_mask" -> 1;
                        case "position_ids" -> i;
                        default -> 0;
                      });
                }
                run.input(input.name(), tensor);
              });
      run.run();
      try (Tensor rows = run.takeFree()) {
        int width = (int) rows.dim(rows.rank() - 1);
        FloatBuffer values = rows.buffer().asFloatBuffer();
        int count = !output.tokens() || output.first() ? 1 : values.remaining() / width;
        double[] sum = new double[width];
        for (int row = 0; row < count; row++) {
          for (int i = 0; i < width; i++) {
            sum[i] += values.get();
          }
        }
        return UnitVectors.of(sum, "embedder " + name);
      }
    } catch (OrtException e) {
      throw new InferenceException("embedder " + name + " failed: " + e.getMessage(), e);
    }
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      resources.close();
    }
  }
}
