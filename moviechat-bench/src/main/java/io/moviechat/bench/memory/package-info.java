/** Benchmarks of the memory strategies. */
@NullMarked
package io.moviechat.bench.memory;

import org.jspecify.annotations.NullMarked;
