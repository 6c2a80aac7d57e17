package io.moviechat.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the Javadoc of public packages shows compiles, given the names that it takes as given. */
class JavadocSnippetsTest {
  private static final Pattern SNIPPET =
      Pattern.compile("<pre>\\{@code\n(.*?)\\}</pre>", Pattern.DOTALL);
  private static final List<String> MODULES = List.of("core", "memory", "video", "llm");

  private static final String BEFORE =
      """
      import io.moviechat.*;
      import io.moviechat.FrameFormat.Resampling;
      import io.moviechat.batch.*;
      import io.moviechat.library.*;
      import io.moviechat.llm.*;
      import io.moviechat.llm.checkpoint.*;
      import io.moviechat.llm.remote.*;
      import io.moviechat.memory.*;
      import io.moviechat.spi.*;
      import io.moviechat.video.*;
      import io.moviechat.video.FrameImages.Type;
      import java.net.URI;
      import java.nio.*;
      import java.nio.file.Path;
      import java.time.Duration;
      import java.util.List;

      abstract class %s {
        VisionLanguageModel model;
        MovieChat chat;
        Movie movie;
        MovieLibrary library;
        VideoSource video;
        %s frame;
        FrameFormat format;
        Path folder;
        List<Path> files;
        List<URI> films;
        List<Duration> times;
        abstract void print(String text);
        abstract void use(Duration time, ByteBuffer pixels);
        void snippet() throws Exception {
      %s
        }
      }
      """;

  @TempDir Path classes;

  @Test
  void compile() throws IOException {
    List<JavaFileObject> sources = new ArrayList<>();
    for (String module : MODULES) {
      Path root = Path.of("..", "moviechat-" + module, "src", "main", "java");
      try (Stream<Path> files = Files.walk(root)) {
        for (Path file : files.filter(f -> f.toString().endsWith(".java")).sorted().toList()) {
          Matcher found = SNIPPET.matcher(Files.readString(file));
          while (found.find()) {
            String code = found.group(1).replaceAll("(?m)^ *\\* ?", "");
            if (isForUsers(file, code)) {
              sources.add(source(module, file, code, sources.size()));
            }
          }
        }
      }
    }
    assertThat(sources).hasSizeGreaterThan(15);
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
    compiler
        .getTask(
            null,
            null,
            problems,
            List.of(
                "-proc:none",
                "-d",
                classes.toString(),
                "-cp",
                System.getProperty("java.class.path")),
            null,
            sources)
        .call();
    assertThat(
            problems.getDiagnostics().stream()
                .map(
                    p ->
                        p.getSource() == null
                            ? p.toString()
                            : p.getSource().getName() + ": " + p.getMessage(Locale.ROOT)))
        .isEmpty();
  }

  /**
   * Java, of a package that applications use. LangChain4j is not on the class path of all of us;
   * what its package shows is what its own tests call.
   */
  private static boolean isForUsers(Path file, String code) {
    String name = file.toString();
    return !name.contains("internal") && !name.contains("langchain4j") && !code.startsWith("{");
  }

  private static JavaFileObject source(String module, Path file, String code, int number) {
    String name = "Snippet" + number;
    String frame = module.equals("memory") ? "FrameTokens" : "Frame";
    String text = BEFORE.formatted(name, frame, code);
    return new SimpleJavaFileObject(
        URI.create("string:///" + name + ".java"), JavaFileObject.Kind.SOURCE) {
      @Override
      public CharSequence getCharContent(boolean ignoreEncodingErrors) {
        return text;
      }

      @Override
      public String getName() {
        return file.toString();
      }
    };
  }
}
