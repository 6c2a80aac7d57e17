package io.moviechat.bench.harness;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Properties;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Where a run took place. Holds no name of host or user.
 *
 * @param cpu model of the processor
 * @param cores that the JVM may use
 * @param memoryGiB of the machine
 * @param os name and version
 * @param jvm name and version
 * @param load average number of runnable threads in the minute before the run; negative if unknown
 * @param versions of the libraries that do the work
 */
public record Machine(
    String cpu,
    int cores,
    long memoryGiB,
    String os,
    String jvm,
    double load,
    SortedMap<String, String> versions) {
  /** The present machine. */
  public static Machine here() {
    OperatingSystemMXBean os = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return new Machine(
        readCpu(),
        Runtime.getRuntime().availableProcessors(),
        Math.round(os.getTotalMemorySize() / (double) (1L << 30)),
        os.getName() + " " + os.getVersion().replaceFirst("-.*", "") + " " + os.getArch(),
        System.getProperty("java.vm.name") + " " + Runtime.version(),
        Math.round(os.getSystemLoadAverage() * 100) / 100.0,
        readVersions());
  }

  /** One line per fact. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(cpu + ", " + cores + " cores, " + memoryGiB + " GiB");
    lines.add(os + ", " + jvm);
    if (!versions.isEmpty()) {
      lines.add(
          String.join(
              ", ",
              versions.entrySet().stream().map(e -> e.getKey() + " " + e.getValue()).toList()));
    }
    if (load >= 0) {
      lines.add(
          String.format(
              Locale.ROOT,
              "load average when the run began: %.2f%s",
              load,
              load > 0.3 * cores ? " (others used the machine too: rely on ratios)" : ""));
    }
    return lines;
  }

  private static SortedMap<String, String> readVersions() {
    Properties properties = new Properties();
    try (InputStream in = Machine.class.getResourceAsStream("versions.properties")) {
      properties.load(Objects.requireNonNull(in, "versions.properties"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    SortedMap<String, String> versions = new TreeMap<>();
    properties.stringPropertyNames().forEach(n -> versions.put(n, properties.getProperty(n)));
    return versions;
  }

  private static String readCpu() {
    try {
      return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
          .filter(line -> line.startsWith("model name"))
          .findFirst()
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .orElse(System.getProperty("os.arch"));
    } catch (IOException e) {
      return System.getProperty("os.arch");
    }
  }
}
