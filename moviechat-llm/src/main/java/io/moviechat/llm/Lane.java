package io.moviechat.llm;

import io.moviechat.InferenceException;
import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.GraphRun;
import io.moviechat.llm.internal.Half;
import io.moviechat.llm.internal.Tensor;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * One sequence of decoder steps at a time, with its own bindings and buffers. Not thread-safe.
 *
 * <p>A step makes no objects on the heap but for those of the runtime's binding: names, shapes and
 * buffers are kept.
 */
final class Lane implements AutoCloseable {
  /** Gives the embeddings of visual rows. */
  interface VisualRows {
    /**
     * Writes rows of the prompt that are visual over the embeddings of their placeholders.
     *
     * @param from first position of the chunk
     * @param count positions of the chunk
     * @param chunk its embeddings, [count, width]
     */
    void overwrite(int from, int count, FloatBuffer chunk);
  }

  private final Decoder decoder;
  private final DecoderSpec spec;
  private final int context;
  private final GraphRun embedRun;
  private final GraphRun decodeRun;
  private final String[] pastNames;
  private final String[] presentNames;
  private final Deque<KvBlock> free = new ArrayDeque<>();

  private final Tensor ids;
  private final LongBuffer idsBuffer;
  private final Tensor idsView;
  private final Tensor mask;
  private final Tensor maskView;
  private final Tensor positions;
  private final LongBuffer positionsBuffer;
  private final Tensor positionsView;
  private final Tensor embeds;
  private final Tensor embedsView;
  private final Tensor decoderEmbeds;
  private final Tensor decoderEmbedsView;
  private final Tensor stepEmbeds;
  private final Tensor stepDecoderEmbeds;
  private final @Nullable Tensor keep;
  private final @Nullable Tensor branch;
  private final @Nullable Tensor logitsTensor;
  private float[] logits = new float[0];

  Lane(Decoder decoder, int context) {
    this.decoder = decoder;
    this.spec = decoder.spec();
    this.context = context;
    int chunk = Math.min(decoder.chunk(), context);
    embedRun = new GraphRun(decoder.embed());
    decodeRun = new GraphRun(decoder.graph());
    ids = Tensor.allocate(ElementType.INT64, 1, chunk);
    idsBuffer = ids.buffer().asLongBuffer();
    idsView = Tensor.newView(ids, ElementType.INT64, 2);
    mask = Tensor.allocate(ElementType.INT64, 1, context);
    LongBuffer ones = mask.buffer().asLongBuffer();
    while (ones.hasRemaining()) {
      ones.put(1);
    }
    maskView = Tensor.newView(mask, ElementType.INT64, 2);
    positions = Tensor.allocate(ElementType.INT64, 1, chunk);
    positionsBuffer = positions.buffer().asLongBuffer();
    positionsView = Tensor.newView(positions, ElementType.INT64, 2);
    ElementType embeddingType = decoder.embeddingType();
    boolean sameType = embeddingType == spec.embedType();
    embeds = Tensor.allocate(embeddingType, 1, chunk, spec.width());
    embedsView = Tensor.newView(embeds, embeddingType, 3);
    decoderEmbeds = sameType ? embeds : Tensor.allocate(spec.embedType(), 1, chunk, spec.width());
    decoderEmbedsView = Tensor.newView(decoderEmbeds, spec.embedType(), 3);
    stepEmbeds =
        sameType
            ? decoder.graph().allocateNear(embeddingType, 1, 1, spec.width())
            : Tensor.allocate(embeddingType, 1, 1, spec.width());
    stepDecoderEmbeds =
        sameType ? stepEmbeds : Tensor.allocate(spec.embedType(), 1, 1, spec.width());
    // The output whose shape may be unknown has to be the first one bound.
    decodeRun.freeOutput("logits");
    if (spec.vocabulary().isPresent()) {
      logitsTensor = Tensor.allocate(spec.logitsType(), 1, 1, spec.vocabulary().getAsInt());
    } else {
      logitsTensor = null;
    }
    if (spec.logitsToKeep()) {
      keep = Tensor.allocate(ElementType.INT64);
      keep.buffer().asLongBuffer().put(0, 1);
      decodeRun.input("num_logits_to_keep", keep);
    } else {
      keep = null;
    }
    branch = spec.cacheBranch() ? Tensor.allocate(ElementType.BOOL, 1) : null;
    pastNames = new String[2 * spec.layers()];
    presentNames = new String[2 * spec.layers()];
    for (int layer = 0; layer < spec.layers(); layer++) {
      pastNames[2 * layer] = DecoderSpec.past(layer, true);
      pastNames[2 * layer + 1] = DecoderSpec.past(layer, false);
      presentNames[2 * layer] = DecoderSpec.present(layer, true);
      presentNames[2 * layer + 1] = DecoderSpec.present(layer, false);
    }
  }

  /** Logits after the last step; overwritten by the next one. */
  float[] logits() {
    return logits;
  }

  /**
   * Reads one chunk of a prompt.
   *
   * @param past what was read before
   * @param promptIds the whole prompt
   * @param count positions from {@code past.length()} on, at most {@link Decoder#chunk()}
   * @param visual writes the visual rows
   * @param room positions that the whole answer will need at most; saves growing later
   * @return the caches afterwards, with one user
   */
  KvBlock read(KvBlock past, Prompt promptIds, int count, VisualRows visual, int room) {
    int from = past.length();
    for (int i = 0; i < count; i++) {
      idsBuffer.put(i, promptIds.id(from + i));
    }
    embed(count, embeds, embedsView);
    // Types are converted on the way; float32 is worked on in place.
    FloatBuffer floats;
    if (embeds.type() == ElementType.FLOAT && decoderEmbeds == embeds) {
      floats = embeds.buffer().asFloatBuffer().limit(count * spec.width());
      visual.overwrite(from, count, floats);
    } else {
      float[] values = new float[count * spec.width()];
      toFloats(embeds, values);
      floats = FloatBuffer.wrap(values);
      visual.overwrite(from, count, floats);
      fromFloats(values, decoderEmbeds);
    }
    decoderEmbedsView.view(decoderEmbeds, 0, 1, count, spec.width());
    return decode(past, decoderEmbedsView, count, room);
  }

  /**
   * Reads one generated token.
   *
   * @param past what was read before
   * @return the caches afterwards, with one user
   */
  KvBlock step(KvBlock past, int id, int room) {
    idsBuffer.put(0, id);
    embed(1, stepEmbeds, null);
    if (stepDecoderEmbeds != stepEmbeds) {
      float[] values = new float[spec.width()];
      toFloats(stepEmbeds, values);
      fromFloats(values, stepDecoderEmbeds);
    }
    return decode(past, stepDecoderEmbeds, 1, room);
  }

  private void embed(int count, Tensor into, @Nullable Tensor view) {
    idsView.view(ids, 0, 1, count);
    embedRun.input("input_ids", idsView);
    if (view == null) {
      embedRun.output("inputs_embeds", into);
    } else {
      view.view(into, 0, 1, count, spec.width());
      embedRun.output("inputs_embeds", view);
    }
    decoder.run(embedRun);
  }

  private KvBlock decode(KvBlock past, Tensor embeddings, int count, int room) {
    int total = past.length() + count;
    KvBlock present = take(total, room);
    try {
      present.show(total);
      for (int layer = 0; layer < spec.layers(); layer++) {
        decodeRun.input(pastNames[2 * layer], past.key(layer));
        decodeRun.input(pastNames[2 * layer + 1], past.value(layer));
        decodeRun.output(presentNames[2 * layer], present.key(layer));
        decodeRun.output(presentNames[2 * layer + 1], present.value(layer));
      }
      decodeRun.input("inputs_embeds", embeddings);
      maskView.view(mask, 0, 1, total);
      decodeRun.input("attention_mask", maskView);
      if (spec.positions()) {
        for (int i = 0; i < count; i++) {
          positionsBuffer.put(i, past.length() + i);
        }
        positionsView.view(positions, 0, 1, count);
        decodeRun.input("position_ids", positionsView);
      }
      if (branch != null) {
        branch.buffer().put(0, (byte) (past.length() > 0 ? 1 : 0));
        decodeRun.input("use_cache_branch", branch);
      }
      boolean oneRow = logitsTensor != null && (count == 1 || spec.logitsToKeep());
      if (oneRow && logitsTensor != null) {
        decodeRun.output("logits", logitsTensor);
      } else {
        decodeRun.freeOutput("logits");
      }
      decoder.run(decodeRun);
      if (oneRow && logitsTensor != null) {
        readLastRow(logitsTensor);
      } else {
        try (Tensor rows = decodeRun.takeFree()) {
          readLastRow(rows);
        }
      }
      return present;
    } catch (RuntimeException e) {
      release(present);
      throw e;
    }
  }

  private void readLastRow(Tensor rows) {
    int width = (int) rows.dim(rows.rank() - 1);
    if (logits.length != width) {
      logits = new float[width];
    }
    long skipped = rows.bytes() / rows.type().bytes() - width;
    ByteBuffer bytes = rows.buffer();
    if (rows.type() == ElementType.FLOAT) {
      bytes.asFloatBuffer().position((int) skipped).get(logits);
    } else {
      ShortBuffer halves = bytes.asShortBuffer().position((int) skipped);
      for (int i = 0; i < width; i++) {
        logits[i] = Half.toFloat(halves.get());
      }
    }
  }

  static void toFloats(Tensor tensor, float[] values) {
    if (tensor.type() == ElementType.FLOAT) {
      tensor.buffer().asFloatBuffer().get(values);
    } else {
      ShortBuffer halves = tensor.buffer().asShortBuffer();
      for (int i = 0; i < values.length; i++) {
        values[i] = Half.toFloat(halves.get());
      }
    }
  }

  static void fromFloats(float[] values, Tensor tensor) {
    if (tensor.type() == ElementType.FLOAT) {
      tensor.buffer().asFloatBuffer().put(values);
    } else {
      ShortBuffer halves = tensor.buffer().asShortBuffer();
      for (float value : values) {
        halves.put(Half.fromFloat(value));
      }
    }
  }

  /** A block of enough positions with one user. */
  private KvBlock take(int needed, int room) {
    if (needed > context) {
      throw new InferenceException(needed + " positions in a context of " + context);
    }
    for (Iterator<KvBlock> it = free.iterator(); it.hasNext(); ) {
      KvBlock block = it.next();
      if (block.capacity() >= needed) {
        it.remove();
        return block.retain();
      }
    }
    free.forEach(KvBlock::close);
    free.clear();
    int capacity = Math.min(context, Math.max(needed, Math.min(room, needed + needed / 2 + 64)));
    return new KvBlock(decoder.graph(), spec, capacity).retain();
  }

  /** One user less of a block; the last one gives it back to this lane. */
  void release(KvBlock block) {
    if (block != decoder.nothing() && block.release()) {
      free.push(block);
    }
  }

  @Override
  public void close() {
    embedRun.close();
    decodeRun.close();
    for (Tensor tensor :
        new Tensor[] {
          idsView,
          ids,
          maskView,
          mask,
          positionsView,
          positions,
          embedsView,
          embeds,
          decoderEmbedsView,
          stepEmbeds
        }) {
      tensor.close();
    }
    if (decoderEmbeds != embeds) {
      decoderEmbeds.close();
    }
    if (stepDecoderEmbeds != stepEmbeds) {
      stepDecoderEmbeds.close();
    }
    if (keep != null) {
      keep.close();
    }
    if (branch != null) {
      branch.close();
    }
    if (logitsTensor != null) {
      logitsTensor.close();
    }
    free.forEach(KvBlock::close);
    free.clear();
  }
}
