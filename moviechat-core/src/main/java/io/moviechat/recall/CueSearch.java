package io.moviechat.recall;

import static io.moviechat.internal.Checks.require;

import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.speech.Cue;
import io.moviechat.speech.Cues;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Finds what a question is about among a film's cues: by their words (BM25, English endings taken
 * off), or by their meaning where there is a {@link TextEmbedder}; and by the times that a question
 * names ("at the end", "at 12:30"). Thread-safe.
 */
public final class CueSearch {
  /** Cues with a longer pause between them are of two passages. */
  private static final Duration PAUSE = Duration.ofSeconds(5);

  private static final int BATCH = 16;

  private final List<Cue> cues;
  private final Duration end;
  private final @Nullable TextEmbedder embedder;
  private @Nullable Bm25 words;
  private @Nullable List<float[]> meanings;

  private CueSearch(Cues cues, @Nullable TextEmbedder embedder) {
    this.cues = cues.list();
    this.end =
        this.cues.stream().map(Cue::end).reduce(cues.heard(), (a, b) -> a.compareTo(b) > 0 ? a : b);
    this.embedder = embedder;
  }

  /** A search by words. */
  public static CueSearch of(Cues cues) {
    return new CueSearch(cues, null);
  }

  /**
   * A search by meaning, of each cue with its neighbours. The first search embeds them all.
   *
   * @param embedder borrowed: must be open while this is used
   */
  public static CueSearch of(Cues cues, TextEmbedder embedder) {
    return new CueSearch(cues, embedder);
  }

  /**
   * Whether a question asks for what is said at all and names neither words nor times: "What is
   * said?"
   *
   * @param question untrusted
   */
  public static boolean asksForAnything(String question) {
    return Bm25.wanted(question).isEmpty() && TimeScorer.spans(question, Duration.ZERO).isEmpty();
  }

  /**
   * What was found.
   *
   * @param cue the one that fits best
   * @param passage it and its neighbours, in order of time
   * @param score how well it fits, in [0, 1]
   */
  public record Hit(Cue cue, List<Cue> passage, double score) {
    /** Copies the passage. */
    public Hit {
      passage = List.copyOf(passage);
    }

    /** When the passage begins. */
    public Duration start() {
      return passage.get(0).start();
    }

    /** When it ends. */
    public Duration end() {
      return passage.get(passage.size() - 1).end();
    }
  }

  /**
   * The passages that fit a query, the best first. Hits side by side are one passage.
   *
   * @param query a question, or a few words; untrusted
   * @param most at least 1
   * @return none if no cue stands out
   * @throws IllegalArgumentException if the query is blank or {@code most} is below 1
   * @throws io.moviechat.InferenceException if the embedder fails
   */
  public List<Hit> best(String query, int most) {
    require(!query.isBlank(), "there is nothing to search for");
    require(most >= 1, "at least 1 hit must be wanted, was %d", most);
    double[] scores = scores(query);
    List<int[]> passages = new ArrayList<>(); // best, first, last
    for (int i : ranked(scores)) {
      if (scores[i] < SearchHit.FOUND) {
        break;
      }
      int first = i > 0 && near(i - 1) ? i - 1 : i;
      int last = i + 1 < cues.size() && near(i) ? i + 1 : i;
      Optional<int[]> meets =
          passages.stream().filter(p -> p[1] <= last && first <= p[2]).findFirst();
      if (meets.isPresent()) {
        meets.get()[1] = Math.min(meets.get()[1], first);
        meets.get()[2] = Math.max(meets.get()[2], last);
      } else if (passages.size() < most) {
        passages.add(new int[] {i, first, last});
      }
    }
    return passages.stream()
        .map(p -> new Hit(cues.get(p[0]), cues.subList(p[1], p[2] + 1), scores[p[0]]))
        .toList();
  }

  /**
   * All cues, the most wanted first, each with its neighbours behind it; behind what the question
   * wants the others, spread over the film.
   *
   * @param question untrusted
   */
  public List<Cue> inOrder(String question) {
    double[] scores = scores(question);
    Set<Integer> order = new LinkedHashSet<>();
    for (int i : ranked(scores)) {
      if (scores[i] < SearchHit.FOUND) {
        break;
      }
      order.add(i);
      if (i > 0 && near(i - 1)) {
        order.add(i - 1);
      }
      if (i + 1 < cues.size() && near(i)) {
        order.add(i + 1);
      }
    }
    int bits = 32 - Integer.numberOfLeadingZeros(Math.max(1, cues.size() - 1));
    for (int i = 0; i < 1 << bits; i++) {
      int spread = Integer.reverse(i) >>> (32 - bits);
      if (spread < cues.size()) {
        order.add(spread);
      }
    }
    return order.stream().map(cues::get).toList();
  }

  /** How much a question wants the slots in which something fitting is said: "words". */
  public SlotScorer scorer() {
    return new SlotScorer() {
      @Override
      public String name() {
        return "words";
      }

      @Override
      public Optional<float[]> score(String question, MemorySnapshot memory) {
        double[] scores = scores(question);
        float[] relevance = new float[memory.slots().size()];
        boolean any = false;
        int first = 0;
        for (int i = 0; i < cues.size(); i++) {
          while (first < relevance.length - 1
              && memory.slots().get(first).end().compareTo(cues.get(i).start()) <= 0) {
            first++;
          }
          for (int s = first; scores[i] >= SearchHit.FOUND && s < relevance.length; s++) {
            MemorySlot slot = memory.slots().get(s);
            if (s > first && slot.start().compareTo(cues.get(i).end()) >= 0) {
              break;
            }
            relevance[s] = Math.max(relevance[s], (float) scores[i]);
            any = true;
          }
        }
        return any ? Optional.of(relevance) : Optional.empty();
      }

      @Override
      public void close() {}
    };
  }

  private static List<Integer> ranked(double[] scores) {
    return IntStream.range(0, scores.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> -scores[i]))
        .toList();
  }

  /** Whether a cue and the next one are of one passage. */
  private boolean near(int index) {
    return cues.get(index + 1).start().minus(PAUSE).compareTo(cues.get(index).end()) <= 0;
  }

  private double[] scores(String question) {
    if (cues.isEmpty()) {
      return new double[0];
    }
    double[] scores = embedder == null ? words().scores(question) : meaning(question, embedder);
    for (TimeScorer.Span span : TimeScorer.spans(question, end)) {
      boolean any = false;
      int nearest = 0;
      for (int i = 0; i < scores.length; i++) {
        Duration distance = span.distance(cues.get(i));
        if (distance.isZero()) {
          scores[i] = named(scores[i]);
          any = true;
        }
        if (distance.compareTo(span.distance(cues.get(nearest))) < 0) {
          nearest = i;
        }
      }
      if (!any) {
        scores[nearest] = named(scores[nearest]);
      }
    }
    return scores;
  }

  /** The score of a cue whose time is named; of several the words tell which. */
  private static double named(double score) {
    return Math.max(score, 0.75 + Math.min(1, score) / 4);
  }

  private synchronized Bm25 words() {
    if (words == null) {
      words = new Bm25(cues.stream().map(Cue::text).toList());
    }
    return words;
  }

  private double[] meaning(String question, TextEmbedder by) {
    float[] wanted = by.embed(List.of(question)).get(0);
    return meanings(by).stream()
        .mapToDouble(vector -> Math.max(0, Math.min(1, dot(wanted, vector))))
        .toArray();
  }

  private synchronized List<float[]> meanings(TextEmbedder by) {
    if (meanings == null) {
      List<float[]> all = new ArrayList<>(cues.size());
      for (int i = 0; i < cues.size(); i += BATCH) {
        all.addAll(
            by.embed(
                IntStream.range(i, Math.min(cues.size(), i + BATCH))
                    .mapToObj(this::withNeighbours)
                    .toList()));
      }
      meanings = all;
    }
    return meanings;
  }

  private String withNeighbours(int i) {
    String before = i > 0 && near(i - 1) ? cues.get(i - 1).text() + " " : "";
    String after = i + 1 < cues.size() && near(i) ? " " + cues.get(i + 1).text() : "";
    return before + cues.get(i).text() + after;
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }
}
