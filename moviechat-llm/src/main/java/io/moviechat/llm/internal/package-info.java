/**
 * Internal: what {@code moviechat-llm} needs below its models. No application should use it; it
 * changes without notice.
 *
 * <p>The native wall: {@link io.moviechat.llm.internal.Graph}, {@link
 * io.moviechat.llm.internal.GraphRun} and {@link io.moviechat.llm.internal.Tensor} over ONNX
 * Runtime, {@link io.moviechat.llm.internal.Tokenizer} over the tokenizers' library. No class
 * outside of this package sees JavaCPP or DJL. Beside it, small things that several packages share.
 */
@NullMarked
package io.moviechat.llm.internal;

import org.jspecify.annotations.NullMarked;
