/** Whether the answers of the small model are right. */
@NullMarked
package io.moviechat.bench.accuracy;

import org.jspecify.annotations.NullMarked;
