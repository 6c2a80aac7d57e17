package io.moviechat.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The version that was built. */
final class Version implements IVersionProvider {
  /** Both versions in one line. */
  static String ofThisProcess() {
    return String.join(", ", new Version().getVersion());
  }

  @Override
  public String[] getVersion() {
    Properties build = new Properties();
    try (InputStream in = Version.class.getResourceAsStream("build.properties")) {
      if (in != null) {
        build.load(in);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new String[] {
      "MovieChat for Java " + build.getProperty("version", "(unknown version)"),
      "Java " + Runtime.version(),
    };
  }
}
