package io.moviechat.bench.harness;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A fresh JVM with the class path of this one, for what must not see the traces of earlier
 * measurements: resident bytes, or a process that is killed.
 */
public final class ChildJvm implements AutoCloseable {
  private final Process process;
  private final BufferedReader out;

  private ChildJvm(Process process) {
    this.process = process;
    this.out = process.inputReader();
  }

  /**
   * Starts a class's {@code main}. Its standard error goes to ours.
   *
   * @param jvmArgs flags, {@code -Xmx1g} for instance
   */
  public static ChildJvm start(Class<?> main, List<String> jvmArgs, List<String> args)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(nativeAccess());
    command.add("-Djava.awt.headless=true");
    command.addAll(jvmArgs);
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(main.getName());
    command.addAll(args);
    return new ChildJvm(
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
  }

  /**
   * Runs a class's {@code main} to its end.
   *
   * @return what it printed, line by line
   * @throws IOException if it ends with another code than 0
   */
  public static List<String> run(Class<?> main, List<String> jvmArgs, List<String> args)
      throws IOException, InterruptedException {
    try (ChildJvm child = start(main, jvmArgs, args)) {
      List<String> lines = child.out.lines().toList();
      int code = child.process.waitFor();
      if (code != 0) {
        throw new IOException(main.getSimpleName() + " " + args + " ended with code " + code);
      }
      return lines;
    }
  }

  /** The next line that it prints; null at its end. */
  @org.jspecify.annotations.Nullable
  public String readLine() throws IOException {
    return out.readLine();
  }

  /** Kills it as {@code kill -9} does, and waits until it is gone. */
  public void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  long pid() {
    return process.pid();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /** Flags that newer JDKs want for native code, so that they print no warnings. */
  static List<String> nativeAccess() {
    int feature = Runtime.version().feature();
    List<String> flags = new ArrayList<>();
    if (feature >= 22) {
      flags.add("--enable-native-access=ALL-UNNAMED");
    }
    if (feature >= 23) {
      flags.add("--sun-misc-unsafe-memory-access=allow");
    }
    return flags;
  }
}
