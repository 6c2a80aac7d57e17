/**
 * The commands {@code moviechat serve} and {@code moviechat mcp}: films for people without Java.
 *
 * <p>{@link io.moviechat.server.ServerMain} is the program. {@code Films} is what both commands do,
 * over one {@link io.moviechat.library.MovieLibrary}; {@code Tools} shows it to agents, {@code
 * WebServer} to browsers.
 */
@NullMarked
package io.moviechat.server;

import org.jspecify.annotations.NullMarked;
