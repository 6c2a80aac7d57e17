/**
 * Recall: asking a memory that is larger than the prompt. A {@link io.moviechat.recall.SlotScorer}
 * says which slots a question wants.
 */
@NullMarked
package io.moviechat.recall;

import org.jspecify.annotations.NullMarked;
