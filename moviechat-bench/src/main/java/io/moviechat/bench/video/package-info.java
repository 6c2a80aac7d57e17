/** Benchmarks of decoding and sampling. */
@NullMarked
package io.moviechat.bench.video;

import org.jspecify.annotations.NullMarked;
