package io.moviechat;

import io.moviechat.internal.ResourceStack;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Frames on their way through the encoder. One that looks like the last one that was encoded is not
 * encoded: it gets the same tokens, and counts as a frame of its own.
 *
 * <p>What a batch holds depends on the frames alone, never on timing; only an alert that is added
 * while watching shortens those after it. Used by one thread.
 */
final class FrameBatch implements AutoCloseable {
  /** Unchanged frames do not fill a batch, but should not wait for ever for one that does. */
  private static final int MOST_BATCHES = 4;

  /** Who waits for alerts should not wait longer for a batch to fill, of slow streams. */
  private static final Duration MOST_WAITED_FOR = Duration.ofSeconds(1);

  private final SharedEncoder encoder;
  private final Optional<SharedEncoder> embedder;
  private final Alerts alerts;
  private final @Nullable LastPicture lastPicture;
  private final List<Frame> changed = new ArrayList<>();

  /** For each frame its time, and its place among those that changed; -1 for the batch before. */
  private final List<Duration> times = new ArrayList<>();

  private final List<Integer> places = new ArrayList<>();
  private @Nullable FloatBuffer lastTokens;
  private Optional<FloatBuffer> lastEmbedding = Optional.empty();
  private Duration step = Duration.ZERO;
  private @Nullable Duration latest;
  private long reused;

  /**
   * @param embedder of the embeddings that tokens get; empty if they need none
   */
  FrameBatch(
      SharedEncoder encoder,
      Optional<SharedEncoder> embedder,
      WatchOptions.Reuse reuse,
      Alerts alerts) {
    this.encoder = encoder;
    this.embedder = embedder;
    this.alerts = alerts;
    this.lastPicture =
        reuse == WatchOptions.Reuse.OFF ? null : new LastPicture(reuse.mostGreyLevels());
  }

  /** Takes a frame, and closes it when it needs it no more. */
  void add(Frame frame) {
    step = latest == null ? Duration.ZERO : frame.timestamp().minus(latest);
    latest = frame.timestamp();
    times.add(frame.timestamp());
    if (lastPicture != null && lastPicture.looksLike(frame)) {
      frame.close();
      reused++;
    } else {
      if (lastPicture != null) {
        lastPicture.remember();
      }
      changed.add(frame);
    }
    places.add(changed.size() - 1);
  }

  boolean isFull() {
    return changed.size() == encoder.preferredBatch()
        || times.size() == MOST_BATCHES * encoder.preferredBatch()
        || (alerts.any() && !isEmpty() && waited().compareTo(MOST_WAITED_FOR) >= 0);
  }

  /** How many frames that look new it still takes; at least 1 unless it is full. */
  int room() {
    return encoder.preferredBatch() - changed.size();
  }

  /** Time from the first frame to the one that would come next. */
  private Duration waited() {
    return times.get(times.size() - 1).minus(times.get(0)).plus(step);
  }

  boolean isEmpty() {
    return times.isEmpty();
  }

  /** Frames so far that were not encoded. */
  long reused() {
    return reused;
  }

  /** The tokens of all frames since the last call, in their order. The batch is empty then. */
  List<FrameTokens> encode() {
    try (ResourceStack opened = new ResourceStack()) {
      List<FrameTokens> encoded = encodeChanged(opened);
      List<FrameTokens> all = new ArrayList<>(times.size());
      int before = -1;
      for (int i = 0; i < times.size(); i++) {
        int place = places.get(i);
        if (place > before) {
          all.add(encoded.get(place));
          if (lastPicture != null && (i + 1 == times.size() || places.get(i + 1) == place)) {
            lastTokens = copy(encoded.get(place).values());
            lastEmbedding = encoded.get(place).embedding().map(FrameBatch::copy);
          }
          before = place;
        } else if (lastTokens != null) {
          FrameTokens same = FrameTokens.of(times.get(i), encoder.shape(), lastTokens);
          all.add(lastEmbedding.map(same::withEmbedding).orElse(same));
        }
      }
      alerts.look(all, this::picture);
      opened.release();
      return all;
    } finally {
      close();
    }
  }

  private List<FrameTokens> encodeChanged(ResourceStack opened) {
    if (changed.isEmpty()) {
      return List.of();
    }
    List<FrameTokens> tokens = encoder.encode(changed);
    tokens.forEach(opened::push);
    if (embedder.isEmpty()) {
      return tokens;
    }
    List<FrameTokens> embedded = new ArrayList<>(tokens.size());
    for (FrameTokens embedding : embedder.get().encodeAll(changed)) {
      try (embedding) {
        embedded.add(tokens.get(embedded.size()).withEmbedding(copy(embedding.values())));
      }
    }
    return embedded;
  }

  /** What the frame of that index looks like: itself, or the one that it looks like. */
  private Frame picture(int index) {
    int place = places.get(index);
    Duration time = times.get(index);
    if (place < 0) {
      return Objects.requireNonNull(lastPicture).ofBatchBefore(time);
    }
    Frame frame = changed.get(place);
    return Frame.of(time, frame.width(), frame.height(), frame.rgb());
  }

  /** The encoder may want its buffer back before the last frame that looks the same has come. */
  private static FloatBuffer copy(FloatBuffer values) {
    return FloatBuffer.allocate(values.remaining()).put(values).flip();
  }

  @Override
  public void close() {
    changed.forEach(Frame::close);
    changed.clear();
    times.clear();
    places.clear();
    if (lastPicture != null) {
      lastPicture.endBatch();
    }
  }
}
