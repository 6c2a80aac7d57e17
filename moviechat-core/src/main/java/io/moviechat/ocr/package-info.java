/** Text in pictures: who reads it, and how a film is looked through for it. */
@NullMarked
package io.moviechat.ocr;

import org.jspecify.annotations.NullMarked;
