/**
 * Model bundles from the Hugging Face hub or a mirror of it: begin with {@link
 * io.moviechat.llm.hub.ModelHub}. The only package that downloads anything, and only when asked.
 */
@NullMarked
package io.moviechat.llm.hub;

import org.jspecify.annotations.NullMarked;
