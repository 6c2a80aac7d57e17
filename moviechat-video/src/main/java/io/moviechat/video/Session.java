package io.moviechat.video;

/** A demuxer, and a place in what it reads. */
record Session(Demuxer demuxer, FrameCursor cursor) implements AutoCloseable {
  @Override
  public void close() {
    cursor.close();
    demuxer.close();
  }
}
