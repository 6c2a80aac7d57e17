package io.moviechat;

import io.moviechat.recall.SlotScorer;
import io.moviechat.recall.TextEmbedder;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.VideoMemory;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;

/**
 * What the movies of a chat share.
 *
 * @param embedder of the embeddings that slots have beside their tokens, for a scorer with an
 *     encoder of its own; empty if none needs them
 * @param recall for memories larger than the prompt; empty: every memory fits
 * @param narrowing how a memory makes room for what is said; empty if nobody can
 * @param textEmbedder finds what is said by meaning
 * @param lease to be held while encoder or generator are used
 * @param executor runs what is started and not waited for
 */
record OpenedModel(
    String name,
    SharedEncoder encoder,
    Optional<SharedEncoder> embedder,
    AnswerGenerator generator,
    VideoMemory.Factory memoryFactory,
    Optional<Recaller.Settings> recall,
    Optional<Recaller.Settings> narrowing,
    Optional<TextEmbedder> textEmbedder,
    GenerationOptions generation,
    Optional<String> systemPrompt,
    int breakpointFrames,
    ModelLease lease,
    ExecutorService executor) {
  /** What a budget leaves for tokens. */
  MemoryBudget besideEmbeddings(MemoryBudget budget) {
    return budget.besideEmbeddings(
        encoder.shape(), embedder.map(each -> each.shape().floats()).orElse(0));
  }

  /** Who says what of a movie is wanted; none without recall. */
  List<SlotScorer> scorers() {
    return recall.map(Recaller.Settings::scorers).orElse(List.of());
  }
}
