package io.moviechat.llm;

import com.google.errorprone.annotations.CheckReturnValue;
import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.ModelException;
import io.moviechat.ocr.TextRecognizer;
import java.nio.file.Path;
import java.util.Objects;

/**
 * A model that reads text in pictures, in a folder, laid out as the ONNX exports of PaddleOCR's
 * PP-OCR are: a graph that finds lines ({@code *det*.onnx}), one that reads them ({@code
 * *rec*.onnx}), its characters as a text file ({@code *dict*.txt} or {@code *keys*.txt}, one a
 * line), in {@code inference.yml} ({@code character_dict}, as of version 5) or in the graph's
 * metadata ({@code character}), and, if it is there, one that tells lines that are upside down
 * ({@code *cls*.onnx}).
 *
 * <p>A description: immutable, thread-safe, and nothing is open until {@link #open()}.
 */
public final class TextBundle {
  private final Path folder;
  private final Device device;
  private final int threads;

  private TextBundle(Path folder, Device device, int threads) {
    this.folder = folder;
    this.device = device;
    this.threads = threads;
  }

  /** The bundle in a folder; the graphs may lie in a folder {@code onnx} inside it. */
  public static TextBundle at(Path folder) {
    return new TextBundle(Objects.requireNonNull(folder, "folder"), Device.CPU, 0);
  }

  /** The same bundle on a device. */
  @CheckReturnValue
  public TextBundle withDevice(Device newDevice) {
    return new TextBundle(folder, Objects.requireNonNull(newDevice, "device"), threads);
  }

  /**
   * The same bundle with that many threads for each graph.
   *
   * @param count 0, the default, is one for each core that this process may use
   * @throws IllegalArgumentException if negative
   */
  @CheckReturnValue
  public TextBundle withThreads(int count) {
    if (count < 0) {
      throw new IllegalArgumentException("threads must not be negative, were " + count);
    }
    return new TextBundle(folder, device, count);
  }

  /** The folder's name. */
  public String name() {
    return ModelBundle.name(folder);
  }

  /**
   * Checks all files against each other and opens the model.
   *
   * @return a recognizer; the caller closes it
   * @throws ModelException listing all that is wrong
   */
  @MustBeClosed
  public TextRecognizer open() {
    return openOcr();
  }

  PpOcr openOcr() {
    return PpOcr.open(name(), TextSpec.read(folder), device.resolved(name()), threads);
  }

  @Override
  public String toString() {
    return "TextBundle[" + folder + "]";
  }
}
