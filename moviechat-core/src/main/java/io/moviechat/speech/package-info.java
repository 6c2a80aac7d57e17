/**
 * What a film says: its sound, who recognizes words in it, and the cues that come of it. Cues of
 * other origins, subtitles for one, are the same type.
 */
@NullMarked
package io.moviechat.speech;

import org.jspecify.annotations.NullMarked;
