/** Replaced by the module's tour. */
@NullMarked
package io.moviechat.bench;

import org.jspecify.annotations.NullMarked;
