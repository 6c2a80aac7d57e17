package io.moviechat.llm;

import com.google.common.collect.ImmutableSet;
import io.moviechat.InferenceException;
import io.moviechat.internal.ResourceStack;
import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.Graph;
import io.moviechat.llm.internal.GraphRun;
import io.moviechat.llm.internal.Tensor;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Answers that are generated together: one run of the decoder reads the next token of each, so that
 * the weights are read once for all of them. Thread-safe: each answer stays on the thread that
 * asked, and whichever of them finds nobody at work does the run for all that wait.
 *
 * <p>The caches of all answers lie in one block and so have one length: shorter ones are padded in
 * front, and a mask hides the padding. An answer that is late, because its listener is slow, is not
 * waited for: the run leaves a gap in its cache that is masked too. The block is copied when an
 * answer comes, goes or needs more room.
 */
final class AnswerBatch implements AutoCloseable {
  /** Late answers are waited for as long as this part of a run takes. */
  private static final int PATIENCE = 4;

  /** Operators that take each sequence's length for the number of ones in its mask. */
  private static final ImmutableSet<String> PADDED_BEHIND =
      ImmutableSet.of("GroupQueryAttention", "SparseAttention", "PagedAttention");

  private final Decoder decoder;
  private final GraphRun embedRun;
  private final GraphRun decodeRun;
  private final ResourceStack resources;
  private final ReentrantLock lock = new ReentrantLock(true);
  private final Condition changed = lock.newCondition();
  private final List<Row> rows = new ArrayList<>();
  private @Nullable Layout layout;
  private boolean leading;
  private long lastRun;
  private long runs;

  /** Not private and final, so that a test can make it long enough for any machine. */
  volatile long leastPatience = TimeUnit.MILLISECONDS.toNanos(1);

  AnswerBatch(Decoder decoder) {
    this.decoder = decoder;
    try (ResourceStack opened = new ResourceStack()) {
      embedRun = opened.push(new GraphRun(decoder.embed()));
      decodeRun = opened.push(new GraphRun(decoder.graph()));
      // The output whose shape may be unknown has to be the first one bound.
      decodeRun.freeOutput("logits");
      if (decoder.spec().logitsToKeep()) {
        Tensor one = opened.push(Tensor.allocate(ElementType.INT64));
        one.buffer().asLongBuffer().put(0, 1);
        decodeRun.input("num_logits_to_keep", one);
      }
      resources = opened.release();
    }
  }

  /** Why answers of a decoder cannot be generated together, if they cannot. */
  static Optional<String> refusal(Graph graph, DecoderSpec spec) {
    if (!graph.onCpu()) {
      return Optional.of("the caches are not in the processor's memory");
    }
    if (!spec.forgets()) {
      return Optional.of("it keeps states that know no padding");
    }
    if (spec.positionAxes() != 1 || !spec.attentionMask()) {
      return Optional.of("it cannot be told positions and mask of each sequence");
    }
    if (spec.perLayer().isPresent() || spec.cacheBranch()) {
      return Optional.of("it takes inputs beside the embeddings");
    }
    return Collections.disjoint(graph.header().operators(), PADDED_BEHIND)
        ? Optional.empty()
        : Optional.of("its attention takes no padding in front");
  }

  /** Runs of the decoder so far. */
  long runs() {
    lock.lock();
    try {
      return runs;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes an answer in. Its caches are copied.
   *
   * @param past of its prompt
   * @param room most tokens that will come
   */
  Row join(KvBlock past, int room) {
    lock.lock();
    try {
      Row row = new Row(past, room);
      List<Row> all = new ArrayList<>(rows);
      all.add(row);
      replace(new Layout(all));
      row.joining = null;
      rows.add(row);
      return row;
    } finally {
      lock.unlock();
    }
  }

  private void replace(@Nullable Layout next) {
    Layout old = layout;
    layout = next;
    if (old != null) {
      old.close();
    }
  }

  /**
   * Runs the decoder for all that wait. The lock is held, and let go while others are waited for.
   */
  private void lead() {
    leading = true;
    try {
      long patience = Math.max(leastPatience, lastRun / PATIENCE);
      while (patience > 0 && !rows.stream().allMatch(row -> row.waiting)) {
        patience = changed.awaitNanos(patience);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the answer will see it after this run
    } finally {
      leading = false;
    }
    @Nullable Throwable failure = null;
    try {
      Layout fitting = layout;
      if (fitting == null || !fitting.fits(rows)) {
        fitting = new Layout(rows);
        replace(fitting);
      }
      long start = System.nanoTime();
      fitting.run();
      lastRun = System.nanoTime() - start;
      runs++;
    } catch (RuntimeException | Error e) {
      failure = e;
    }
    for (Row row : rows) {
      if (row.waiting) {
        row.waiting = false;
        row.failure = failure;
      }
    }
    changed.signalAll();
  }

  @Override
  public void close() {
    replace(null);
    resources.close();
  }

  /** One answer's place. Of one thread. */
  final class Row implements AutoCloseable {
    private final int room;

    /** Which of its positions it has read; the others are gaps. */
    private final BitSet read = new BitSet();

    private int length;
    private long position;
    private @Nullable KvBlock joining;
    private int token;
    private boolean waiting;
    private @Nullable Throwable failure;
    private float[] logits = new float[0];

    private Row(KvBlock past, int room) {
      this.room = room;
      this.joining = past;
      this.length = past.length();
      this.position = past.nextPosition();
      read.set(0, length);
    }

    /**
     * Reads one more token of the answer.
     *
     * @return the scores of the next one, overwritten by the next step
     */
    float[] step(int id) {
      lock.lock();
      try {
        token = id;
        waiting = true;
        changed.signalAll();
        while (waiting) {
          if (leading) {
            changed.awaitUninterruptibly();
          } else {
            lead();
          }
        }
        if (failure != null) {
          throw new InferenceException(
              "a run for several answers failed: " + failure.getMessage(), failure);
        }
        return logits;
      } finally {
        lock.unlock();
      }
    }

    /** Leaves; the others go on. */
    @Override
    public void close() {
      lock.lock();
      try {
        rows.remove(this);
        if (rows.isEmpty()) {
          replace(null);
        }
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  /** The memory of some answers. */
  private final class Layout implements AutoCloseable {
    private final List<Row> members;
    private final Tensor ids;
    private final Tensor positions;
    private final Tensor mask;
    private final Tensor maskView;
    private final Tensor embeds;
    private final Tensor decoderEmbeds;
    private final ResourceStack owned;
    private KvBlock past;
    private KvBlock present;

    Layout(List<Row> rows) {
      members = List.copyOf(rows);
      DecoderSpec spec = decoder.spec();
      int count = members.size();
      int length = members.stream().mapToInt(row -> row.length).max().orElse(0);
      int room = members.stream().mapToInt(row -> row.room).max().orElse(0);
      int capacity = length + Math.max(1, Math.min(room, length / 2 + 64));
      try (ResourceStack opened = new ResourceStack()) {
        ids = opened.push(Tensor.allocate(ElementType.INT64, count, 1));
        positions = opened.push(Tensor.allocate(ElementType.INT64, count, 1));
        mask = opened.push(Tensor.allocate(ElementType.INT64, count, capacity));
        maskView = opened.push(Tensor.newView(mask, ElementType.INT64, 2));
        embeds = opened.push(Tensor.allocate(decoder.embeddingType(), count, 1, spec.width()));
        decoderEmbeds =
            decoder.embeddingType() == spec.embedType()
                ? embeds
                : opened.push(Tensor.allocate(spec.embedType(), count, 1, spec.width()));
        past = opened.push(new KvBlock(decoder.graph(), spec.caches(), count, capacity));
        present = opened.push(new KvBlock(decoder.graph(), spec.caches(), count, capacity));
        past.show(length);
        Layout before = layout;
        for (int i = 0; i < count; i++) {
          Row row = members.get(i);
          if (row.joining != null) {
            past.copy(i, row.joining, 0, row.length);
          } else if (before != null) {
            past.copy(i, before.past, before.members.indexOf(row), row.length);
          }
        }
        owned = opened.release();
      }
    }

    /** Whether it is of these answers, with room for one more token. */
    boolean fits(List<Row> rows) {
      return members.equals(rows) && past.length() < past.capacity();
    }

    /** Reads a token of each answer that waits. */
    void run() {
      fill();
      embedRun.input("input_ids", ids);
      embedRun.output("inputs_embeds", embeds);
      decoder.run(embedRun);
      DecoderSpec spec = decoder.spec();
      Lane.convert(embeds, decoderEmbeds, members.size() * spec.width());
      present.show(past.length() + 1);
      for (int i = 0; i < spec.caches().size(); i++) {
        decodeRun.input(spec.caches().get(i).past(), past.cache(i));
        decodeRun.output(spec.caches().get(i).present(), present.cache(i));
      }
      decodeRun.input("inputs_embeds", decoderEmbeds);
      decodeRun.input("attention_mask", maskView);
      decodeRun.input("position_ids", positions);
      decoder.run(decodeRun);
      try (Tensor scores = decodeRun.takeFree()) {
        for (int i = 0; i < members.size(); i++) {
          Row row = members.get(i);
          if (row.waiting) {
            row.logits = Lane.row(scores, members.size() - 1 - i, row.logits);
            row.read.set(row.length);
            row.position++;
          }
          row.length++;
        }
      }
      KvBlock free = past;
      past = present;
      present = free;
    }

    /** A late answer reads some token at its next position, and never sees it. */
    private void fill() {
      int length = past.length();
      maskView.view(mask, 0, members.size(), length + 1);
      LongBuffer ones = mask.buffer().asLongBuffer();
      for (int i = 0; i < members.size(); i++) {
        Row row = members.get(i);
        ids.buffer().asLongBuffer().put(i, row.waiting ? row.token : 0);
        positions.buffer().asLongBuffer().put(i, row.position);
        int padding = length - row.length;
        for (int j = 0; j < length; j++) {
          ones.put(j >= padding && row.read.get(j - padding) ? 1 : 0);
        }
        ones.put(row.waiting ? 1 : 0);
      }
    }

    @Override
    public void close() {
      owned.close();
    }
  }
}
