package io.moviechat;

import io.moviechat.internal.RecentMap;
import io.moviechat.recall.CueSearch;
import io.moviechat.recall.TextEmbedder;
import io.moviechat.speech.Cues;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Searches what a movie says, the whole of it and up to its moments. Keeps the latest searches, and
 * embeds no text twice. Thread-safe.
 */
final class Spoken {
  /** Searches kept: of the whole movie and some moments. */
  private static final int KEPT = 4;

  private final Optional<TextEmbedder> embedder;

  private final Map<Cues, CueSearch> searches = new RecentMap<>(KEPT);

  Spoken(Optional<TextEmbedder> embedder) {
    this.embedder = embedder.map(Remembering::new);
  }

  synchronized CueSearch search(Cues cues) {
    return searches.computeIfAbsent(
        cues, c -> embedder.map(by -> CueSearch.of(c, by)).orElseGet(() -> CueSearch.of(c)));
  }

  /** An embedder that is asked once for each text; the texts are those of one movie. */
  private record Remembering(TextEmbedder embedder, Map<String, float[]> known)
      implements TextEmbedder {
    Remembering(TextEmbedder embedder) {
      this(embedder, new ConcurrentHashMap<>());
    }

    @Override
    public String name() {
      return embedder.name();
    }

    @Override
    public List<float[]> embed(List<String> texts) {
      if (texts.size() == 1) { // a question
        return embedder.embed(texts);
      }
      List<String> unknown = texts.stream().filter(text -> !known.containsKey(text)).toList();
      if (!unknown.isEmpty()) {
        List<float[]> vectors = embedder.embed(unknown);
        for (int i = 0; i < unknown.size(); i++) {
          known.put(unknown.get(i), vectors.get(i));
        }
      }
      return texts.stream().map(text -> known.getOrDefault(text, new float[0])).toList();
    }

    @Override
    public void close() {}
  }
}
