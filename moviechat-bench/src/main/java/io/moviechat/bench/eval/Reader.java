package io.moviechat.bench.eval;

import java.io.IOException;

/** Reads one benchmark's own files. */
@FunctionalInterface
interface Reader {
  /** Adds all items to the annotations' dataset; what cannot be read is a problem there. */
  void read(Annotations files) throws IOException;
}
