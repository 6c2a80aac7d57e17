/** Benchmarks of the whole way from video to answer. */
@NullMarked
package io.moviechat.bench.pipeline;

import org.jspecify.annotations.NullMarked;
