package io.moviechat.bench.harness;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Bytes that this process has in the machine's memory. Known on Linux only. */
public final class Resident {
  private static final Path STATUS = Path.of("/proc/self/status");

  private Resident() {}

  /** Whether the figures are known here. */
  public static boolean known() {
    return Files.isReadable(STATUS);
  }

  /** Resident bytes now; NaN if unknown. */
  public static double bytes() {
    return field("VmRSS:");
  }

  /**
   * Resident bytes that are the process's own, without pages of files, which come and go with the
   * rest of the machine; NaN if unknown.
   */
  public static double ownBytes() {
    return field("RssAnon:");
  }

  /** The most resident bytes since the process began or {@link #resetPeak()}; NaN if unknown. */
  public static double peakBytes() {
    return field("VmHWM:");
  }

  /** Starts {@link #peakBytes()} anew, where the system allows it. */
  public static void resetPeak() {
    try {
      Files.writeString(Path.of("/proc/self/clear_refs"), "5");
    } catch (IOException | UnsupportedOperationException e) {
      // Then the peak is that of the whole process, which is only higher.
    }
  }

  /** Live bytes on the Java heap, after a collection. */
  public static double heapBytes() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  private static double field(String name) {
    try {
      for (String line : Files.readAllLines(STATUS)) {
        if (line.startsWith(name)) {
          String[] words = line.split("\\s+", -1);
          return Long.parseLong(words[1]) * 1024.0;
        }
      }
    } catch (IOException e) {
      // Not Linux: unknown.
    }
    return Double.NaN;
  }
}
