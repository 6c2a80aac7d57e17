package io.moviechat.llm;

import io.moviechat.InferenceException;
import io.moviechat.internal.HalfFloats;
import io.moviechat.internal.NativeOwner;
import io.moviechat.internal.ResourceStack;
import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.Graph;
import io.moviechat.llm.internal.GraphRun;
import io.moviechat.llm.internal.Tensor;
import io.moviechat.llm.internal.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.function.IntFunction;
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
  private final ResourceStack resources;
  private final GraphRun embedRun;
  private final GraphRun decodeRun;
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
  private final @Nullable PerLayer perLayer;
  private final @Nullable Tensor branch;
  private final @Nullable Tensor logitsTensor;
  private final @Nullable LongBuffer logitsToKeep;
  private int capacity;
  private float[] logits = new float[0];
  private float[][] guessedLogits = new float[0][];

  Lane(Decoder decoder, int context) {
    this.decoder = decoder;
    this.spec = decoder.spec();
    this.context = context;
    int chunk = Math.min(decoder.chunk(), context);
    ElementType embeddingType = decoder.embeddingType();
    boolean sameType = embeddingType == spec.embedType();
    try (ResourceStack opened = new ResourceStack()) {
      ids = opened.push(Tensor.allocate(ElementType.INT64, 1, chunk));
      idsBuffer = ids.buffer().asLongBuffer();
      idsView = opened.push(Tensor.newView(ids, ElementType.INT64, 2));
      mask = opened.push(Tensor.allocate(ElementType.INT64, 1, context));
      LongBuffer ones = mask.buffer().asLongBuffer();
      while (ones.hasRemaining()) {
        ones.put(1);
      }
      maskView = opened.push(Tensor.newView(mask, ElementType.INT64, 2));
      int axes = Math.max(1, spec.positionAxes());
      positions = opened.push(Tensor.allocate(ElementType.INT64, axes, chunk));
      positionsBuffer = positions.buffer().asLongBuffer();
      positionsView = opened.push(Tensor.newView(positions, ElementType.INT64, axes == 3 ? 3 : 2));
      embeds = opened.push(Tensor.allocate(embeddingType, 1, chunk, spec.width()));
      embedsView = opened.push(Tensor.newView(embeds, embeddingType, 3));
      decoderEmbeds =
          sameType
              ? embeds
              : opened.push(Tensor.allocate(spec.embedType(), 1, chunk, spec.width()));
      decoderEmbedsView = opened.push(Tensor.newView(decoderEmbeds, spec.embedType(), 3));
      stepEmbeds =
          opened.push(
              sameType
                  ? decoder.graph().allocateNear(embeddingType, 1, 1, spec.width())
                  : Tensor.allocate(embeddingType, 1, 1, spec.width()));
      stepDecoderEmbeds =
          sameType
              ? stepEmbeds
              : opened.push(Tensor.allocate(spec.embedType(), 1, 1, spec.width()));
      perLayer =
          spec.perLayer().isPresent()
              ? new PerLayer(spec.perLayer().get(), decoder.embed(), chunk, opened)
              : null;
      logitsTensor =
          spec.vocabulary().isPresent()
              ? opened.push(Tensor.allocate(spec.logitsType(), 1, 1, spec.vocabulary().getAsInt()))
              : null;
      branch = spec.cacheBranch() ? opened.push(Tensor.allocate(ElementType.BOOL, 1)) : null;
      embedRun = opened.push(new GraphRun(decoder.embed()));
      decodeRun = opened.push(new GraphRun(decoder.graph()));
      // The output whose shape may be unknown has to be the first one bound.
      decodeRun.freeOutput("logits");
      if (spec.logitsToKeep()) {
        Tensor keep = opened.push(Tensor.allocate(ElementType.INT64));
        logitsToKeep = keep.buffer().asLongBuffer();
        decodeRun.input("num_logits_to_keep", keep);
      } else {
        logitsToKeep = null;
      }
      opened.push(NativeOwner.open(this, "a lane of a decoder"));
      resources = opened.release();
    }
  }

  /** Logits after the last step; overwritten by the next one. */
  float[] logits() {
    return logits;
  }

  /**
   * Reads one chunk of a prompt.
   *
   * @param past what was read before; released unless this fails, and then it may be empty
   * @param prompt the whole prompt
   * @param count positions from {@code past.length()} on, at most {@link Decoder#chunk()}
   * @param visual writes the visual rows
   * @param room positions that prompt and answer will likely need; saves growing later
   * @return the caches afterwards, with one user
   */
  KvBlock read(KvBlock past, Prompt prompt, int count, VisualRows visual, int room) {
    int from = past.length();
    for (int i = 0; i < count; i++) {
      idsBuffer.put(i, prompt.id(from + i));
    }
    for (int axis = 0; axis < spec.positionAxes(); axis++) {
      for (int i = 0; i < count; i++) {
        long position = spec.positionAxes() == 3 ? prompt.position(axis, from + i) : from + i;
        positionsBuffer.put(axis * count + i, position);
      }
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
    KvBlock present = decode(past, decoderEmbedsView, count, 1, room);
    present.nextPosition(nextPosition(prompt, from + count));
    return present;
  }

  /** The position of what comes behind the first tokens of a prompt. */
  long nextPosition(Prompt prompt, int count) {
    return spec.positionAxes() == 3 ? prompt.nextPosition(count) : count;
  }

  /**
   * Reads one generated token.
   *
   * @param past what was read before; released unless this fails, and then it may be empty
   * @return the caches afterwards, with one user
   */
  KvBlock step(KvBlock past, int id, int room) {
    idsBuffer.put(0, id);
    embed(1, stepEmbeds, null);
    convert(stepEmbeds, stepDecoderEmbeds, spec.width());
    for (int axis = 0; axis < spec.positionAxes(); axis++) {
      positionsBuffer.put(axis, past.nextPosition());
    }
    long next = past.nextPosition() + 1;
    KvBlock present = decode(past, stepDecoderEmbeds, 1, 1, room);
    present.nextPosition(next);
    return present;
  }

  /**
   * Reads one generated token and guesses of those that follow it; {@link #logitsAfter} gives the
   * scores after each. At most {@link Decoder#chunk()} in all.
   *
   * @param past what was read before
   * @return the caches afterwards, with one user; guesses that turn out wrong are to be {@link
   *     KvBlock#cut}
   */
  KvBlock step(KvBlock past, int id, int[] guesses, int room) {
    if (guesses.length == 0) {
      return step(past, id, room);
    }
    int count = 1 + guesses.length;
    for (int i = 0; i < count; i++) {
      idsBuffer.put(i, i == 0 ? id : guesses[i - 1]);
      for (int axis = 0; axis < spec.positionAxes(); axis++) {
        positionsBuffer.put(axis * count + i, past.nextPosition() + i);
      }
    }
    embed(count, embeds, embedsView);
    convert(embeds, decoderEmbeds, count * spec.width());
    decoderEmbedsView.view(decoderEmbeds, 0, 1, count, spec.width());
    long next = past.nextPosition() + count;
    KvBlock present = decode(past, decoderEmbedsView, count, count, room);
    present.nextPosition(next);
    return present;
  }

  /** Makes {@link #logits()} those after the token (0) or a guess (from 1 on) of the last step. */
  void logitsAfter(int guess) {
    logits = guessedLogits[guess];
  }

  /** Brings values to the type that the decoder takes, unless they are of it. */
  static void convert(Tensor from, Tensor to, int count) {
    if (from != to) {
      float[] values = new float[count];
      toFloats(from, values);
      fromFloats(values, to);
    }
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
    if (perLayer != null) {
      embedRun.output(DecoderSpec.PER_LAYER, perLayer.given(count));
    }
    decoder.run(embedRun);
    if (perLayer != null) {
      decodeRun.input(DecoderSpec.PER_LAYER, perLayer.taken());
    }
  }

  /** What the embedding graph gives each layer of the decoder beside the embeddings. */
  private static final class PerLayer {
    private final long[] shape;
    private final Tensor given;
    private final Tensor givenView;
    private final Tensor taken;
    private final Tensor takenView;

    PerLayer(TensorInfo wanted, Graph embed, int chunk, ResourceStack opened) {
      shape = wanted.dims().toArray();
      shape[0] = 1;
      shape[1] = chunk;
      ElementType type =
          embed.header().output(wanted.name()).map(TensorInfo::type).orElse(wanted.type());
      given = opened.push(Tensor.allocate(type, shape));
      givenView = opened.push(Tensor.newView(given, type, shape.length));
      boolean sameType = type == wanted.type();
      taken = sameType ? given : opened.push(Tensor.allocate(wanted.type(), shape));
      takenView =
          sameType ? givenView : opened.push(Tensor.newView(taken, wanted.type(), shape.length));
    }

    /** Where the embedding graph writes. */
    Tensor given(int positions) {
      shape[1] = positions;
      givenView.view(given, 0, shape);
      return givenView;
    }

    /** What the decoder reads of the positions written last. */
    Tensor taken() {
      if (taken != given) {
        int values = 1;
        for (long side : shape) {
          values *= (int) side;
        }
        convert(given, taken, values);
        takenView.view(taken, 0, shape);
      }
      return takenView;
    }
  }

  private KvBlock decode(KvBlock past, Tensor embeddings, int count, int rowsWanted, int room) {
    int before = past.length();
    int total = before + count;
    if (past != decoder.nothing() && past.takesStep(total)) {
      past.prepare(total);
      try {
        run(before, past::cache, past::prepared, embeddings, count, rowsWanted);
      } catch (Throwable e) {
        past.spoil();
        throw e;
      }
      past.advance(total);
      return past;
    }
    KvBlock present = take(total, room);
    try {
      present.show(total);
      run(before, past::cache, present::cache, embeddings, count, rowsWanted);
    } catch (Throwable e) {
      release(present);
      throw e;
    }
    release(past);
    return present;
  }

  private void run(
      int before,
      IntFunction<Tensor> past,
      IntFunction<Tensor> present,
      Tensor embeddings,
      int count,
      int rowsWanted) {
    List<CacheSpec> caches = spec.caches();
    for (int i = 0; i < caches.size(); i++) {
      decodeRun.input(caches.get(i).past(), past.apply(i));
      decodeRun.output(caches.get(i).present(), present.apply(i));
    }
    decodeRun.input("inputs_embeds", embeddings);
    if (spec.attentionMask()) {
      maskView.view(mask, 0, 1, before + count);
      decodeRun.input("attention_mask", maskView);
    }
    if (spec.positionAxes() == 3) {
      positionsView.view(positions, 0, 3, 1, count);
    } else if (spec.positionAxes() == 1) {
      positionsView.view(positions, 0, 1, count);
    }
    if (spec.positionAxes() > 0) {
      decodeRun.input("position_ids", positionsView);
    }
    if (branch != null) {
      branch.buffer().put(0, (byte) (before > 0 ? 1 : 0));
      decodeRun.input("use_cache_branch", branch);
    }
    if (logitsToKeep != null) {
      logitsToKeep.put(0, rowsWanted);
    }
    boolean oneRow = logitsTensor != null && rowsWanted == 1 && (count == 1 || spec.logitsToKeep());
    if (oneRow && logitsTensor != null) {
      decodeRun.output("logits", logitsTensor);
    } else {
      decodeRun.freeOutput("logits");
    }
    decoder.run(decodeRun);
    if (oneRow && logitsTensor != null) {
      logits = row(logitsTensor, 0, logits);
    } else {
      try (Tensor rows = decodeRun.takeFree()) {
        if (rowsWanted == 1) {
          logits = row(rows, 0, logits);
        } else {
          guessedLogits = Arrays.copyOf(guessedLogits, rowsWanted);
          for (int i = 0; i < rowsWanted; i++) {
            guessedLogits[i] = row(rows, rowsWanted - 1 - i, guessedLogits[i]);
          }
        }
      }
    }
  }

  /** A row of logits, counted from the last one, in the array if it has the right length. */
  static float[] row(Tensor rows, int fromLast, float @Nullable [] array) {
    int width = (int) rows.dim(rows.rank() - 1);
    float[] row = array != null && array.length == width ? array : new float[width];
    long skipped = rows.bytes() / rows.type().bytes() - (1L + fromLast) * width;
    ByteBuffer bytes = rows.buffer();
    if (rows.type() == ElementType.FLOAT) {
      bytes.asFloatBuffer().position((int) skipped).get(row);
    } else {
      ShortBuffer halves = bytes.asShortBuffer().position((int) skipped);
      for (int i = 0; i < width; i++) {
        row[i] = HalfFloats.toFloat(halves.get());
      }
    }
    return row;
  }

  static void toFloats(Tensor tensor, float[] values) {
    if (tensor.type() == ElementType.FLOAT) {
      tensor.buffer().asFloatBuffer().get(values);
    } else {
      ShortBuffer halves = tensor.buffer().asShortBuffer();
      for (int i = 0; i < values.length; i++) {
        values[i] = HalfFloats.toFloat(halves.get());
      }
    }
  }

  static void fromFloats(float[] values, Tensor tensor) {
    if (tensor.type() == ElementType.FLOAT) {
      tensor.buffer().asFloatBuffer().put(values);
    } else {
      ShortBuffer halves = tensor.buffer().asShortBuffer();
      for (float value : values) {
        halves.put(HalfFloats.fromFloat(value));
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
    // What is not written takes no memory of the machine yet, so there is no need to grow to it.
    capacity = Math.min(context, needed <= room ? room : needed + needed / 2 + 64);
    return new KvBlock(decoder.graph(), spec.caches(), decoder.rings(), capacity).retain();
  }

  /** One user less of a block; the last one gives it back to this lane. */
  void release(KvBlock block) {
    if (block != decoder.nothing() && block.release()) {
      if (block.capacity() < capacity) {
        block.close(); // it was grown out of
      } else {
        free.push(block);
      }
    }
  }

  @Override
  public void close() {
    free.forEach(KvBlock::close);
    free.clear();
    resources.close();
  }
}
