/**
 * The command line of MovieChat for Java.
 *
 * <p>{@link io.moviechat.cli.Moviechat} is the program; each subcommand is one class. Standard
 * output carries answers only; progress, notices and errors go to standard error. Exit codes: 0
 * fine, 2 a wrong command line, 1 anything else.
 */
@NullMarked
package io.moviechat.cli;

import org.jspecify.annotations.NullMarked;
