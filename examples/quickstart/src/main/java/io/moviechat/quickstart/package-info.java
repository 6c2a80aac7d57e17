/** The ten lines of the README as a program: {@link io.moviechat.quickstart.Quickstart}. */
@NullMarked
package io.moviechat.quickstart;

import org.jspecify.annotations.NullMarked;
