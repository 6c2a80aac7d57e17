/**
 * A small vision-language model that knows one small synthetic world.
 *
 * <p>{@link io.moviechat.tinymodel.EmbeddedModel} is found by {@link java.util.ServiceLoader}: with
 * this artifact on the class path {@code MovieChat.create()} works without any download.
 */
@NullMarked
package io.moviechat.tinymodel;

import org.jspecify.annotations.NullMarked;
