/**
 * What the modules of MovieChat share among themselves. No part of the API: it may change with any
 * version, and nothing in it is meant for applications.
 */
@NullMarked
package io.moviechat.internal;

import org.jspecify.annotations.NullMarked;
