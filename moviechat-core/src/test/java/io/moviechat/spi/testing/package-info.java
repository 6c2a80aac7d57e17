/**
 * Contract tests of the SPIs and small in-memory implementations of them.
 *
 * <p>To check an implementation, extend the contract of its interface and say how it is opened. The
 * in-memory implementations need no native library; use them to test the neighbours of your own.
 */
@NullMarked
package io.moviechat.spi.testing;

import org.jspecify.annotations.NullMarked;
