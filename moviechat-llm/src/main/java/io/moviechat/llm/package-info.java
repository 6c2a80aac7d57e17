/** Replaced by the module's tour. */
@NullMarked
package io.moviechat.llm;

import org.jspecify.annotations.NullMarked;
