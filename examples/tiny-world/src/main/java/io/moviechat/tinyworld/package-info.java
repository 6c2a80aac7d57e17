/**
 * The synthetic world that the small embedded model knows: its films, and questions with the one
 * right answer.
 *
 * <p>{@link io.moviechat.tinyworld.Movies} draws up movies, {@link
 * io.moviechat.tinyworld.MovieWriter} writes them as H.264 files, {@link
 * io.moviechat.tinyworld.QuestionMaker} asks what their scripts answer, and {@link
 * io.moviechat.tinyworld.Examiner} counts how often a chat is right.
 *
 * <p>Values are immutable and thread-safe; each class says so where it differs.
 */
@NullMarked
package io.moviechat.tinyworld;

import org.jspecify.annotations.NullMarked;
