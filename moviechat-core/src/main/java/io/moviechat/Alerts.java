package io.moviechat;

import io.moviechat.internal.Checks;
import io.moviechat.recall.Alert;
import io.moviechat.recall.AlertListener;
import io.moviechat.recall.AlertOptions;
import io.moviechat.recall.SlotScorer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is looked for while a video is being watched. The stage that encodes looks at each batch;
 * the one that consolidates tells, so that listeners are called by the thread that watches.
 */
final class Alerts {
  private static final Logger log = LoggerFactory.getLogger(Alerts.class);

  /** What a frame three deviations above the usual is worth is a half. */
  private static final double STANDS_OUT = 3;

  private static final double STEEPNESS = 2;

  /**
   * What is asked for.
   *
   * @param query not blank
   */
  record Wish(String query, AlertOptions options, AlertListener listener) {
    static Wish of(String query, AlertOptions options, AlertListener listener) {
      Checks.require(!query.isBlank(), "there is nothing to look for");
      Objects.requireNonNull(options, "options");
      return new Wish(query, options, Objects.requireNonNull(listener, "listener"));
    }
  }

  private final List<Lookout> lookouts = new CopyOnWriteArrayList<>();
  private final Queue<Runnable> news = new ConcurrentLinkedQueue<>();

  /**
   * Looks for something from the next batch on; run what this returns to look no more.
   *
   * @throws IllegalStateException if there is no scorer
   */
  Runnable add(Wish wish, List<SlotScorer> scorers) {
    if (scorers.isEmpty()) {
      throw new IllegalStateException(
          "this chat has no scorer to look with: give it one by MovieChat.builder().recall(...)");
    }
    Lookout lookout = new Lookout(wish, scorers);
    lookouts.add(lookout);
    return () -> lookouts.remove(lookout);
  }

  boolean any() {
    return !lookouts.isEmpty();
  }

  /**
   * Looks at frames.
   *
   * @param tokens of frames in time order
   * @param picture the frame of that index, borrowed
   */
  void look(List<FrameTokens> tokens, IntFunction<Frame> picture) {
    if (lookouts.isEmpty() || tokens.isEmpty()) {
      return;
    }
    List<MemorySlot> slots = new ArrayList<>(tokens.size());
    for (int i = 0; i < tokens.size(); i++) {
      FrameTokens frame = tokens.get(i);
      Duration end = tokens.get(Math.min(i + 1, tokens.size() - 1)).timestamp();
      slots.add(MemorySlot.ofFrame(MemorySlot.Tier.CURRENT, end, frame));
    }
    MemorySnapshot batch = new MemorySnapshot(tokens.get(0).shape(), slots, slots.size(), 0);
    List<Lookout> failed = new ArrayList<>();
    for (Lookout lookout : lookouts) {
      try {
        lookout.look(batch, picture);
      } catch (RuntimeException e) { // an alert is not worth the film
        String query = lookout.wish.query();
        if (e instanceof MovieChatException) { // says all that is to be said
          log.warn("'{}' is no longer looked for, watching goes on: {}", query, e.getMessage());
        } else {
          log.warn("'{}' is no longer looked for; watching goes on", query, e);
        }
        failed.add(lookout);
        lookout.tellLater(listener -> listener.failed(query, e));
      }
    }
    lookouts.removeAll(failed);
  }

  /** Calls the listeners of what was found since the last call. */
  void tell() {
    for (@Nullable Runnable next = news.poll(); next != null; next = news.poll()) {
      next.run();
    }
  }

  /** Nothing more comes: what is there now ends. */
  void end() {
    lookouts.forEach(Lookout::end);
    tell();
  }

  /** Looks for one thing. */
  private final class Lookout {
    private final Wish wish;
    private final List<SlotScorer> scorers;
    private final List<RunningDistribution> distributions = new ArrayList<>();
    private int inRow;
    private boolean there;
    private Duration lastFit = Duration.ZERO;
    private @Nullable Alert alert;

    Lookout(Wish wish, List<SlotScorer> scorers) {
      this.wish = wish;
      this.scorers = scorers;
      scorers.forEach(scorer -> distributions.add(new RunningDistribution()));
    }

    void look(MemorySnapshot batch, IntFunction<Frame> picture) {
      float[] relevance = new float[batch.slots().size()];
      String[] reasons = new String[relevance.length];
      boolean understood = false;
      for (int i = 0; i < scorers.size(); i++) {
        SlotScorer scorer = scorers.get(i);
        RunningDistribution distribution = distributions.get(i);
        Optional<float[]> scores =
            Recaller.seenBy(scorer, batch).flatMap(seen -> relevance(scorer, distribution, seen));
        understood |= scores.isPresent();
        for (int frame = 0; scores.isPresent() && frame < relevance.length; frame++) {
          if (scores.get()[frame] >= relevance[frame]) {
            relevance[frame] = scores.get()[frame];
            reasons[frame] = scorer.name();
          }
        }
      }
      if (!understood) {
        boolean blind =
            scorers.stream().allMatch(scorer -> Recaller.seenBy(scorer, batch).isEmpty());
        throw new InferenceException(
            (blind
                    ? "the pass goes on from a memory without embeddings to find '%s' by"
                    : "no scorer knows anything that '%s' names")
                .formatted(wish.query()));
      }
      for (int i = 0; i < relevance.length; i++) {
        next(batch.slots().get(i).start(), relevance[i], reasons[i], i, picture);
      }
    }

    private Optional<float[]> relevance(
        SlotScorer scorer, RunningDistribution distribution, MemorySnapshot batch) {
      Optional<float[]> fit = scorer.fit(wish.query(), batch);
      if (fit.isEmpty()) {
        Optional<float[]> score = scorer.score(wish.query(), batch);
        score.ifPresent(values -> Recaller.check(scorer, values, batch.slots().size(), 0));
        return score;
      }
      float[] values = fit.get();
      Recaller.check(scorer, values, batch.slots().size(), -1);
      float[] relevance = new float[values.length];
      for (int i = 0; i < values.length; i++) {
        double standing = distribution.standing(values[i]);
        relevance[i] = (float) (1 / (1 + Math.exp(-STEEPNESS * (standing - STANDS_OUT))));
      }
      return Optional.of(relevance);
    }

    private void next(
        Duration time, float relevance, String reason, int index, IntFunction<Frame> picture) {
      AlertOptions options = wish.options();
      boolean fits = relevance >= (there ? options.over() : options.found());
      if (fits) {
        Alert now = alert;
        if (now == null || relevance > now.score()) {
          Duration start = now == null ? time : now.start();
          now = Alert.of(wish.query(), start, relevance, reason, picture.apply(index));
          alert = now;
        }
        lastFit = time;
        inRow++;
        if (!there && inRow >= options.frames()) {
          there = true;
          Alert first = now;
          tellLater(listener -> listener.found(first));
        }
      } else if (!there) {
        inRow = 0;
        alert = null;
      } else if (time.minus(lastFit).compareTo(options.quiet()) >= 0) {
        end();
      }
    }

    void end() {
      Alert last = alert;
      Duration end = lastFit;
      if (there && last != null) {
        tellLater(listener -> listener.ended(last, end));
      }
      there = false;
      inRow = 0;
      alert = null;
    }

    private void tellLater(Consumer<AlertListener> call) {
      news.add(
          () -> {
            try {
              call.accept(wish.listener());
            } catch (CancellationException e) { // the listener's wish
              throw e;
            } catch (RuntimeException e) {
              lookouts.remove(this);
              log.warn("the listener of '{}' failed; it is no longer looked for", wish.query(), e);
            }
          });
    }
  }
}
