package io.moviechat.bench.eval;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameTokens;
import io.moviechat.TokenShape;
import io.moviechat.spi.FrameEncoder;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The model's encoder as one film sees it. Frames just before a breakpoint are encoded once for all
 * cells of a grid, and the placeholders of a {@link SharedPass} not at all. Closing it does
 * nothing.
 */
final class FilmEncoder implements FrameEncoder {
  /** Frames kept: what one breakpoint needs, many times over. */
  private static final int KEPT = 64;

  private final FrameEncoder encoder;
  private final Object lock;
  private final FloatBuffer nothing;
  private final LinkedHashMap<Duration, float[]> kept = new LinkedHashMap<>();
  private boolean keeping;
  private @Nullable Duration latest;
  private long encoded;

  /**
   * @param lock one per encoder: films in parallel share it
   */
  FilmEncoder(FrameEncoder encoder, Object lock) {
    this.encoder = encoder;
    this.lock = lock;
    this.nothing = FloatBuffer.allocate(encoder.shape().floats());
  }

  /** From now on frames are kept, as other cells will ask for them. */
  synchronized void keep() {
    keeping = true;
  }

  /** Forgets which frames were seen, before a question is asked. */
  synchronized void startQuestion() {
    latest = null;
  }

  /** Time of the latest frame that was looked at since then; null if there was none. */
  synchronized @Nullable Duration latestFrame() {
    return latest;
  }

  /** Frames that the model encoded. */
  synchronized long encodedFrames() {
    return encoded;
  }

  @Override
  public synchronized List<FrameTokens> encode(List<Frame> frames) {
    List<Frame> unknown = new ArrayList<>();
    for (Frame frame : frames) {
      if (!SharedPass.isPlaceholder(frame)) {
        if (latest == null || frame.timestamp().compareTo(latest) > 0) {
          latest = frame.timestamp();
        }
        if (!kept.containsKey(frame.timestamp())) {
          unknown.add(frame);
        }
      }
    }
    if (unknown.size() == frames.size() && !keeping) {
      return encodeNow(frames);
    }
    Map<Duration, float[]> now = unknown.isEmpty() ? Map.of() : valuesOf(unknown);
    List<FrameTokens> tokens = new ArrayList<>();
    for (Frame frame : frames) {
      float[] values = now.getOrDefault(frame.timestamp(), kept.get(frame.timestamp()));
      FloatBuffer buffer =
          SharedPass.isPlaceholder(frame) || values == null ? nothing : FloatBuffer.wrap(values);
      tokens.add(FrameTokens.of(frame.timestamp(), encoder.shape(), buffer.duplicate()));
    }
    if (keeping) {
      now.forEach(kept::putIfAbsent);
      while (kept.size() > KEPT) {
        kept.remove(kept.keySet().iterator().next());
      }
    }
    return tokens;
  }

  private Map<Duration, float[]> valuesOf(List<Frame> frames) {
    Map<Duration, float[]> values = new LinkedHashMap<>();
    for (FrameTokens each : encodeNow(frames)) {
      try (each) {
        float[] copy = new float[each.shape().floats()];
        each.values().get(copy);
        values.put(each.timestamp(), copy);
      }
    }
    return values;
  }

  private List<FrameTokens> encodeNow(List<Frame> frames) {
    encoded += frames.size();
    synchronized (lock) {
      return encoder.encode(frames);
    }
  }

  @Override
  public String id() {
    return encoder.id();
  }

  @Override
  public TokenShape shape() {
    return encoder.shape();
  }

  @Override
  public FrameFormat preferredFormat() {
    return encoder.preferredFormat();
  }

  @Override
  public int preferredBatch() {
    return encoder.preferredBatch();
  }

  @Override
  public void close() {}
}
