package io.moviechat.llm.internal;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * How many processor cores a graph gets.
 *
 * <p>ONNX Runtime counts cores by itself, from what the processor says. A virtual machine's may say
 * that all its cores are threads of a single one, and then everything runs on one of them; the
 * operating system knows better.
 */
final class Cores {
  private static final Path LINUX = Path.of("/sys/devices/system/cpu");

  private Cores() {}

  /**
   * Cores of this process, two threads of one core counted once; 0 if only the runtime can tell.
   */
  static int count() {
    return count(LINUX, Runtime.getRuntime().availableProcessors());
  }

  /**
   * @param cpus the folder in which Linux describes its processors
   * @param available the most that this process may use
   */
  static int count(Path cpus, int available) {
    Set<String> cores = new HashSet<>();
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(cpus, "cpu[0-9]*")) {
      for (Path cpu : folders) {
        Path siblings = cpu.resolve("topology/thread_siblings_list");
        if (Files.isReadable(siblings)) {
          cores.add(Files.readString(siblings).strip());
        }
      }
    } catch (IOException e) {
      return 0; // not Linux, or not to be seen from here
    }
    return Math.min(cores.size(), available);
  }
}
