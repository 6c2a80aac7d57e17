/**
 * Turns published MovieChat weights into a model bundle, on the JVM alone. Start at {@link
 * io.moviechat.llm.checkpoint.CheckpointImport}:
 *
 * <pre>{@code
 * CheckpointImport.Report report =
 *     CheckpointImport.builder()
 *         .llama(Path.of("llama-7b"))
 *         .delta(Path.of("vicuna-7b-delta-v0"))
 *         .eva(Path.of("eva_vit_g.pth"))
 *         .qformer(Path.of("blip2_pretrained_flant5xxl.pth"))
 *         .checkpoint(Path.of("finetune-vicuna7b-v2.pth"))
 *         .precision(CheckpointImport.Precision.FP16)
 *         .out(Path.of("moviechat-7b"))
 *         .run();
 * }</pre>
 *
 * <p>Checkpoints are untrusted input: a PyTorch pickle is read by a machine that knows tensors,
 * dictionaries, lists, numbers and strings and refuses everything else; nothing is ever executed.
 * Weights are memory-mapped and written one by one, so the heap stays small however large the model
 * is. Nothing here is thread-safe; two imports into different folders may run at the same time.
 */
@NullMarked
package io.moviechat.llm.checkpoint;

import org.jspecify.annotations.NullMarked;
