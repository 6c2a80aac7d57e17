package io.moviechat.llm;

import com.google.common.collect.ImmutableSet;
import io.moviechat.InferenceException;
import io.moviechat.ModelException;
import io.moviechat.internal.ResourceStack;
import io.moviechat.llm.internal.DataFlow;
import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.Graph;
import io.moviechat.llm.internal.GraphRun;
import io.moviechat.llm.internal.OrtException;
import io.moviechat.llm.internal.TensorInfo;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The text half of a model: the graphs that turn ids into embeddings and embeddings into logits.
 * Thread-safe; each answer runs in a {@link Lane} of its own. Lanes take turns step by step, first
 * come first served, so that one long answer cannot keep others waiting.
 */
final class Decoder implements AutoCloseable {
  /**
   * Positions that go through the decoder at once while a prompt is read. A processor is no faster
   * with more, and what lies between the layers, the scores of attention above all, grows with
   * them.
   */
  private static final int CHUNK_ON_CPU = 128;

  private static final int CHUNK_ON_GPU = 512;

  /** Most bytes of logits that a graph may give at once if it cannot be told to give one row. */
  private static final long MOST_LOGITS = 64L << 20;

  private final Graph embed;
  private final Graph graph;
  private final DecoderSpec spec;
  private final ElementType embeddingType;
  private final int chunk;
  private final KvBlock nothing;
  private final @Nullable CacheRings rings;
  private final @Nullable AnswerBatch batch;
  private final ResourceStack resources;
  private final ReentrantLock turn = new ReentrantLock(true);

  /**
   * Both graphs stay the caller's, open longer than this.
   *
   * @param chunk most positions per run while a prompt is read; 0 for what suits the device
   * @param batched whether answers are to be generated together; only where that is possible
   */
  Decoder(Graph embed, Graph graph, DecoderSpec spec, int chunk, boolean batched) {
    this.embed = embed;
    this.graph = graph;
    this.spec = spec;
    this.embeddingType =
        embed.header().output("inputs_embeds").map(TensorInfo::type).orElse(ElementType.FLOAT);
    this.chunk = chunk;
    this.rings = graph.onCpu() ? rings(graph, spec) : null;
    try (ResourceStack opened = new ResourceStack()) {
      this.nothing = opened.push(KvBlock.nothing(spec.caches()));
      this.batch = batched ? opened.push(new AnswerBatch(this)) : null;
      resources = opened.release();
    }
  }

  private static @Nullable CacheRings rings(Graph graph, DecoderSpec spec) {
    try {
      ImmutableSet<String> states =
          spec.caches().stream().map(CacheSpec::past).collect(ImmutableSet.toImmutableSet());
      return CacheRings.of(spec.caches(), DataFlow.of(graph.header(), states)).orElse(null);
    } catch (IOException e) {
      throw new ModelException(graph.header().file() + " cannot be read: " + e.getMessage(), e);
    }
  }

  /** What generates answers together, if that is wanted. */
  Optional<AnswerBatch> batch() {
    return Optional.ofNullable(batch);
  }

  DecoderSpec spec() {
    return spec;
  }

  Graph embed() {
    return embed;
  }

  Graph graph() {
    return graph;
  }

  /** Element type of what the embedding graph gives. */
  ElementType embeddingType() {
    return embeddingType;
  }

  /** The cache before the first token. */
  KvBlock nothing() {
    return nothing;
  }

  /** How steps are written where they read, if that saves memory. */
  @Nullable CacheRings rings() {
    return rings;
  }

  /** Positions per run while a prompt is read. */
  int chunk() {
    if (chunk > 0) {
      return chunk;
    }
    int largest = graph.onCpu() ? CHUNK_ON_CPU : CHUNK_ON_GPU;
    if (spec.logitsToKeep() || spec.vocabulary().isEmpty()) {
      return largest;
    }
    long fits = MOST_LOGITS / (4L * spec.vocabulary().getAsInt());
    return (int) Math.max(32, Math.min(largest, fits));
  }

  /** Whether {@link KvBlock#cut} works here. */
  boolean forgets() {
    return graph.onCpu() && spec.forgets();
  }

  /** Runs a graph when it is this lane's turn. */
  void run(GraphRun run) {
    turn.lock();
    try {
      run.run();
    } catch (OrtException e) {
      throw new InferenceException("the language model failed: " + e.getMessage(), e);
    } finally {
      turn.unlock();
    }
  }

  @Override
  public void close() {
    resources.close();
  }
}
