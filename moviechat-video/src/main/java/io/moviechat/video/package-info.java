/** Exact, bounded video decoding with FFmpeg. */
@NullMarked
package io.moviechat.video;

import org.jspecify.annotations.NullMarked;
