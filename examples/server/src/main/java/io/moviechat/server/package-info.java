/**
 * The commands {@code moviechat serve} and {@code moviechat mcp}: films for people without Java.
 *
 * <p>{@link io.moviechat.server.ServerMain} is the program. {@link io.moviechat.server.Films} is
 * what both commands do, over one {@link io.moviechat.library.MovieLibrary}; {@link
 * io.moviechat.server.Tools} shows it to agents, {@link io.moviechat.server.WebServer} to browsers.
 */
@NullMarked
package io.moviechat.server;

import org.jspecify.annotations.NullMarked;
