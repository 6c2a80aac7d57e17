package io.moviechat;

import io.moviechat.internal.Checks;
import io.moviechat.internal.RecentMap;
import io.moviechat.recall.CueSearch;
import io.moviechat.recall.SearchHit;
import io.moviechat.recall.SlotScorer;
import io.moviechat.speech.Cue;
import io.moviechat.speech.Cues;
import io.moviechat.spi.MovieView;
import io.moviechat.spi.VideoMemoryProvider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives each question about one movie what it wants of a memory that is larger than the prompt.
 * Questions that want the same get the same view, so that they share what a generator keeps by
 * view. Thread-safe.
 */
final class Recaller {
  private static final Logger log = LoggerFactory.getLogger(Recaller.class);

  /** Views kept, those of the latest questions. */
  private static final int KEPT = 4;

  /** What a slot's time costs in a prompt, and a cue's times, quotes and line. */
  private static final int ANNOUNCEMENT_TOKENS = 16;

  private static final int CUE_TOKENS = 24;

  /**
   * What recall needs of an opened model.
   *
   * @param scorers whose relevances are combined by their maximum, with that of the times that a
   *     question names
   * @param promptSlots slots that a prompt holds
   * @param consolidation merges a memory to what a prompt holds
   */
  record Settings(List<SlotScorer> scorers, int promptSlots, VideoMemoryProvider consolidation) {
    Settings {
      scorers = List.copyOf(scorers);
    }

    /** All whose relevances count: with scorers, times that a question names count too. */
    private List<SlotScorer> asked() {
      List<SlotScorer> asked = new ArrayList<>(scorers);
      if (!asked.isEmpty()) {
        asked.add(SlotScorer.ofTimes());
      }
      return asked;
    }
  }

  /**
   * What a question is given.
   *
   * @param view the same for questions that want the same
   * @param evidence one for each slot of the view
   * @param storedSlots slots that were there to choose from
   * @param problem why a scorer could not be asked
   */
  record Recalled(
      MovieView view, List<Answer.Evidence> evidence, int storedSlots, Optional<String> problem) {}

  /** Which slots were merged: the numbers of the first slot of each. */
  private record Chosen(MovieView from, List<Duration> starts) {}

  private final Optional<Settings> settings;
  private final Optional<Settings> narrowing;
  private final Spoken spoken;
  private final boolean showsCues;

  private final Map<Chosen, MovieView> views = new RecentMap<>(KEPT);

  /**
   * @param settings of recall; empty if memories fit the prompt
   * @param narrowing without scorers: makes room for what is said in a memory that fits
   * @param showsCues whether prompts hold what is said
   */
  Recaller(
      Optional<Settings> settings, Optional<Settings> narrowing, Spoken spoken, boolean showsCues) {
    this.showsCues = showsCues;
    this.settings = settings;
    this.narrowing = narrowing;
    this.spoken = spoken;
  }

  /**
   * @param whole all that is remembered
   * @param recent how many of its last slots are given as they are
   * @throws InferenceException if a scorer fails or breaks its contract
   */
  Recalled recall(MovieView whole, int recent, String question) {
    MemorySnapshot memory = whole.memory();
    int past = memory.slots().size() - recent;
    Optional<Settings> used = whole.cues().isEmpty() ? settings : settings.or(() -> narrowing);
    if (used.isEmpty() || past < 1) {
      return asItIs(whole);
    }
    int room = showsCues ? wordsRoom(whole.cues(), memory, used.get()) : 0;
    int slots = used.get().promptSlots() - room;
    if (settings.isEmpty() && past <= slots) {
      return asItIs(whole);
    }
    Relevance relevance =
        Relevance.of(scorers(used.get(), whole.cues()), question, first(memory, past));
    if (past <= slots) {
      return new Recalled(
          whole, relevance.evidence(memory.slots()), memory.slots().size(), relevance.problem());
    }
    MemorySnapshot few;
    try {
      few = used.get().consolidation().recall(first(memory, past), relevance.values(), slots);
    } catch (UnsupportedOperationException e) {
      if (settings.isPresent()) {
        throw e;
      }
      return asItIs(whole); // words are then shown where there is room
    }
    MemorySnapshot given = joined(few, memory, past);
    MovieView view = view(whole, given);
    return new Recalled(
        view,
        relevance.evidence(view.memory().slots()),
        memory.slots().size(),
        relevance.problem());
  }

  private List<SlotScorer> scorers(Settings used, Cues cues) {
    if (cues.isEmpty()) {
      return used.asked();
    }
    List<SlotScorer> asked = used.asked();
    asked.add(spoken.search(cues).scorer());
    return asked;
  }

  /** Slots that a prompt has fewer because of what is said: at most a quarter of all. */
  private static int wordsRoom(Cues cues, MemorySnapshot memory, Settings used) {
    int most = used.promptSlots() / 4;
    long slot = (long) memory.shape().tokens() + ANNOUNCEMENT_TOKENS;
    long tokens = 0;
    for (Cue cue : cues.list()) {
      tokens += CUE_TOKENS + cue.text().length() / 3;
      if (tokens / slot >= most) {
        return most;
      }
    }
    return (int) ((tokens + slot - 1) / slot);
  }

  /**
   * What is wanted most of what is shown and said.
   *
   * @throws IllegalStateException if there is no scorer, and nothing is said, or what scorers look
   *     at was not kept
   */
  List<SearchHit> search(MovieView whole, String query, int most) {
    Checks.require(!query.isBlank(), "there is nothing to search for");
    Checks.require(most >= 1, "at least 1 hit must be wanted, was %d", most);
    if (settings.isEmpty() && whole.cues().isEmpty()) {
      throw new IllegalStateException(
          "this chat has no scorer to search with, and the movie says nothing: give it one by"
              + " MovieChat.builder().recall(...), or have speech heard");
    }
    List<SearchHit> hits = new ArrayList<>();
    for (CueSearch.Hit hit : spoken.search(whole.cues()).best(query, most)) {
      hits.add(SearchHit.of(hit, whole.pictures()));
    }
    if (settings.isPresent() && !whole.memory().slots().isEmpty()) {
      Relevance relevance = Relevance.of(settings.get().asked(), query, whole.memory());
      boolean blind =
          settings.get().scorers().stream()
              .allMatch(scorer -> seenBy(scorer, whole.memory()).isEmpty());
      if (blind) {
        throw new IllegalStateException(relevance.problem().orElseThrow());
      }
      hits.addAll(
          SearchHit.best(
              whole.memory(),
              relevance.values,
              i -> Objects.requireNonNull(relevance.reasons[i]),
              most,
              whole.pictures()));
    }
    return hits.stream()
        .sorted(Comparator.comparingDouble((SearchHit hit) -> -hit.score()))
        .limit(most)
        .toList();
  }

  /**
   * What of a memory a scorer looks at: the tokens, or the embeddings. Of a chat that only searches
   * the tokens are the embeddings.
   *
   * @return empty if they are not there
   */
  static Optional<MemorySnapshot> seenBy(SlotScorer scorer, MemorySnapshot memory) {
    if (scorer.encoder().isEmpty()) {
      return Optional.of(memory);
    }
    TokenShape shape = scorer.encoder().get().shape();
    return memory
        .embeddings()
        .or(() -> Optional.of(memory))
        .filter(seen -> seen.shape().equals(shape));
  }

  /**
   * @param least 0 for relevances, -1 for cosines; the most is 1
   * @throws InferenceException if a scorer broke its contract
   */
  static void check(SlotScorer scorer, float[] scores, int slots, int least) {
    if (scores.length != slots) {
      throw new InferenceException(
          "the scorer '%s' gave %d relevances for %d slots"
              .formatted(scorer.name(), scores.length, slots));
    }
    for (int i = 0; i < scores.length; i++) {
      if (!(scores[i] >= least && scores[i] <= 1)) {
        throw new InferenceException(
            "the scorer '%s' gave the relevance %s for slot %d; it must be in [%d, 1]"
                .formatted(scorer.name(), scores[i], i, least));
      }
    }
  }

  private static Recalled asItIs(MovieView whole) {
    return new Recalled(
        whole,
        whole.memory().slots().stream().map(Answer.Evidence::of).toList(),
        whole.memory().slots().size(),
        Optional.empty());
  }

  private synchronized MovieView view(MovieView whole, MemorySnapshot given) {
    Chosen chosen = new Chosen(whole, given.slots().stream().map(MemorySlot::start).toList());
    return views.computeIfAbsent(chosen, c -> whole.withMemory(given));
  }

  private static MemorySnapshot first(MemorySnapshot memory, int slots) {
    if (slots == memory.slots().size()) {
      return memory;
    }
    List<MemorySlot> past = memory.slots().subList(0, slots);
    long frames = past.stream().mapToLong(MemorySlot::frames).sum();
    return new MemorySnapshot(
        memory.shape(), past, frames + memory.framesForgotten(), memory.framesForgotten());
  }

  private static MemorySnapshot joined(MemorySnapshot few, MemorySnapshot memory, int past) {
    if (past == memory.slots().size()) {
      return few;
    }
    List<MemorySlot> slots = new ArrayList<>(few.slots());
    slots.addAll(memory.slots().subList(past, memory.slots().size()));
    return new MemorySnapshot(memory.shape(), slots, memory.framesSeen(), memory.framesForgotten());
  }

  /** How much each slot is wanted, and by which scorer. */
  static final class Relevance {
    private final MemorySnapshot memory;
    private final float[] values;
    private final @Nullable String[] reasons;
    private Optional<String> problem = Optional.empty();

    private Relevance(MemorySnapshot memory) {
      this.memory = memory;
      this.values = new float[memory.slots().size()];
      this.reasons = new @Nullable String[values.length];
    }

    /**
     * Asks all scorers.
     *
     * @throws InferenceException if one breaks its contract
     */
    static Relevance of(List<SlotScorer> scorers, String question, MemorySnapshot memory) {
      Relevance relevance = new Relevance(memory);
      for (SlotScorer scorer : scorers) {
        Optional<MemorySnapshot> seen = seenBy(scorer, memory);
        if (seen.isEmpty()) {
          relevance.problem = Optional.of(notEmbedded(scorer));
        }
        seen.flatMap(slots -> scorer.score(question, slots))
            .ifPresent(values -> relevance.add(scorer, values));
      }
      log.debug("{}: relevances {}", question, relevance);
      return relevance;
    }

    private static String notEmbedded(SlotScorer scorer) {
      return ("the movie was watched without the embeddings that the scorer '%s' looks at: watch it"
              + " again with this chat")
          .formatted(scorer.name());
    }

    Optional<String> problem() {
      return problem;
    }

    private void add(SlotScorer scorer, float[] scores) {
      check(scorer, scores, values.length, 0);
      for (int i = 0; i < scores.length; i++) {
        if (scores[i] > values[i]) {
          values[i] = scores[i];
          reasons[i] = scorer.name();
        }
      }
    }

    float[] values() {
      return values.clone();
    }

    /** Evidence for slots that tile the time of the scored ones. */
    List<Answer.Evidence> evidence(List<MemorySlot> given) {
      List<Answer.Evidence> evidence = new ArrayList<>();
      int next = 0;
      for (MemorySlot slot : given) {
        float best = 0;
        @Nullable String reason = null;
        while (next < values.length && memory.slots().get(next).end().compareTo(slot.end()) <= 0) {
          if (values[next] > best) {
            best = values[next];
            reason = reasons[next];
          }
          next++;
        }
        evidence.add(Answer.Evidence.of(slot, best, Optional.ofNullable(reason)));
      }
      return evidence;
    }

    @Override
    public String toString() {
      return Arrays.toString(values);
    }
  }
}
