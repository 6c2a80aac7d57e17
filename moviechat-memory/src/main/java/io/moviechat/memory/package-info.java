/** Replaced by the module's tour. */
@NullMarked
package io.moviechat.memory;

import org.jspecify.annotations.NullMarked;
