package io.moviechat.llm.checkpoint;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * What an import costs: a program, not a test. Imports a model of about 1 GB in fp16 and prints
 * time and peak heap. Run with a small heap, {@code -Xmx192m}, to see that it suffices.
 */
final class WritingCost {
  private static final SyntheticRelease SIZES =
      new SyntheticRelease(1408, 16, 3, 6144, 16, 14, 768, 2, 3072, 32, 2048, 8, 5632, 8000);

  private WritingCost() {}

  public static void main(String[] args) throws IOException {
    Path folder = Files.createDirectories(Path.of(args[0]));
    for (CheckpointImport.Precision precision : CheckpointImport.Precision.values()) {
      CheckpointImport.Builder builder =
          SIZES.write(Files.createDirectory(folder.resolve(precision.name()))).precision(precision);
      ManagementFactory.getMemoryPoolMXBeans().forEach(pool -> pool.resetPeakUsage());
      long begin = System.nanoTime();
      CheckpointImport.Report report = builder.run();
      double seconds = (System.nanoTime() - begin) / 1e9;
      long heap =
          ManagementFactory.getMemoryPoolMXBeans().stream()
              .filter(pool -> pool.getType() == MemoryType.HEAP)
              .mapToLong(pool -> pool.getPeakUsage().getUsed())
              .sum();
      System.out.printf(
          Locale.ROOT,
          "%s: %d million weights, %d MB written in %.1f s (%.0f MB/s), heap at most %d MB%n",
          precision,
          report.parameters() / 1_000_000,
          report.bytes() >> 20,
          seconds,
          (report.bytes() >> 20) / seconds,
          heap >> 20);
    }
  }
}
