package io.moviechat.spi.testing;

import io.moviechat.Frame;
import io.moviechat.ocr.TextRecognizer;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;

/** Reads in each picture what its time stands for. */
public final class FakeText implements TextRecognizer {
  private final Function<Duration, List<TextRecognizer.Line>> reads;

  /**
   * One that reads what it is told.
   *
   * @param reads called with the time of each picture on the reading thread: may wait or fail
   */
  public FakeText(Function<Duration, List<TextRecognizer.Line>> reads) {
    this.reads = reads;
  }

  @Override
  public String name() {
    return "fake-text";
  }

  @Override
  public List<TextRecognizer.Line> read(Frame frame) {
    return reads.apply(frame.timestamp());
  }

  @Override
  public void close() {}
}
