/** Replaced by the module's tour. */
@NullMarked
package io.moviechat.video;

import org.jspecify.annotations.NullMarked;
