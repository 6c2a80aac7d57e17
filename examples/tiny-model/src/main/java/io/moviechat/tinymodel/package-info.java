/**
 * A small vision-language model that knows one small synthetic world, and that world itself.
 *
 * <p>{@link io.moviechat.tinymodel.EmbeddedModel} is found by {@link java.util.ServiceLoader}: with
 * this artifact on the class path {@code MovieChat.create()} works without any download. {@link
 * io.moviechat.tinymodel.Movies} draws up movies, {@link io.moviechat.tinymodel.MovieWriter} writes
 * them as H.264 files, {@link io.moviechat.tinymodel.QuestionMaker} asks what their scripts answer,
 * and {@link io.moviechat.tinymodel.Examiner} counts how often a chat is right.
 *
 * <p>Values are immutable and thread-safe; each class says so where it differs.
 */
@NullMarked
package io.moviechat.tinymodel;

import org.jspecify.annotations.NullMarked;
