/** What the groups of benchmarks share: running, measuring, children, plots, reports, inputs. */
@NullMarked
package io.moviechat.bench.harness;

import org.jspecify.annotations.NullMarked;
