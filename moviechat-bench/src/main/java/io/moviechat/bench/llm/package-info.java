/** Benchmarks of models on ONNX Runtime. */
@NullMarked
package io.moviechat.bench.llm;

import org.jspecify.annotations.NullMarked;
