package io.moviechat.quickstart;

import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Starts a program as a Spring Boot jar does: all classes come from a loader that is neither the
 * system's nor its child, and only the main thread has it for context.
 */
public final class FatJarLauncher {
  private FatJarLauncher() {}

  /**
   * @param args the class path, the main class, and its only argument
   */
  public static void main(String[] args) throws Exception {
    List<URL> urls = new ArrayList<>();
    for (String entry : args[0].split(File.pathSeparator, -1)) {
      urls.add(Path.of(entry).toUri().toURL());
    }
    ClassLoader jar =
        new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
    Thread.currentThread().setContextClassLoader(jar);
    jar.loadClass(args[1])
        .getMethod("main", String[].class)
        .invoke(null, (Object) new String[] {args[2]});
  }
}
