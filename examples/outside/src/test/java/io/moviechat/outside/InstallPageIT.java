package io.moviechat.outside;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Pastes POM and program of docs/install.md into an empty folder, builds them with a Maven that
 * sees this build's artifacts in a repository of their own, and runs them on a real clip.
 */
class InstallPageIT {
  private static final Path PROJECT = Path.of(System.getProperty("outside.project"));
  private static final Path FOLDER = Path.of(System.getProperty("outside.folder"));
  private static final Path REPOSITORY = FOLDER.resolve("repository");
  private static final String ND4J =
      "<exclusion><groupId>org.nd4j</groupId><artifactId>*</artifactId></exclusion>";
  private static final String MATH =
      "<exclusion><groupId>org.apache.commons</groupId><artifactId>commons-math3</artifactId></exclusion>";

  private static String page;
  private static List<Path> pastedClassPath = List.of();

  /** What {@code install} would do, into a repository that nobody else uses. */
  @BeforeAll
  static void installArtifacts() throws IOException {
    page = Files.readString(PROJECT.resolve("docs/install.md"));
    List<Path> poms = new ArrayList<>();
    Files.walkFileTree(
        PROJECT,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            String name = String.valueOf(folder.getFileName());
            boolean skipped =
                !folder.equals(PROJECT)
                    && (name.equals("target") || name.equals("src") || name.startsWith("."));
            return skipped ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (file.endsWith("pom.xml")) {
              poms.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    for (Path pom : poms) {
      install(pom);
    }
  }

  private static void install(Path pom) throws IOException {
    String own = Files.readString(pom).replaceFirst("(?s)<parent>.*?</parent>", "");
    String artifact = first("<artifactId>([^<]+)</artifactId>", own);
    String version = first("<version>([^<]+)</version>", Files.readString(pom));
    Path folder = REPOSITORY.resolve(Path.of("io", "moviechat", artifact, version));
    Files.createDirectories(folder);
    String name = artifact + "-" + version;
    copy(pom, folder.resolve(name + ".pom"));
    Path jar = pom.resolveSibling(Path.of(System.getProperty("outside.build"), name + ".jar"));
    if (Files.exists(jar)) {
      copy(jar, folder.resolve(name + ".jar"));
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
  }

  private static String first(String pattern, String text) {
    Matcher found = Pattern.compile(pattern, Pattern.DOTALL).matcher(text);
    assertThat(found.find()).as(pattern).isTrue();
    return found.group(1);
  }

  @Test
  void the_pasted_application_runs() throws IOException {
    Path folder = paste("pasted", pom());

    List<Path> classPath = build(folder);
    pastedClassPath = classPath;
    List<String> lines = run(folder, classPath);

    assertThat(lines.get(0)).as("an answer about the whole movie").isNotBlank();
    assertThat(lines).last().asString().matches("PT\\S+ to PT\\S+");
    assertThat(folder.resolve("movie.memory")).isRegularFile();
    assertThat(names(classPath)).contains("nd4j-api");
  }

  @Test
  void it_runs_without_nd4j_in_less_than_97_megabytes() throws IOException {
    Path folder = paste("without-nd4j", withoutNd4j());

    List<Path> classPath = build(folder);
    List<String> lines = run(folder, classPath);

    assertThat(lines).last().asString().matches("PT\\S+ to PT\\S+");
    assertThat(names(classPath)).noneMatch(name -> name.startsWith("nd4j"));
    long bytes = 0;
    for (Path jar : classPath) {
      bytes += names(List.of(jar)).contains("moviechat-tiny-model") ? 0 : Files.size(jar);
    }
    assertThat(bytes).as("bytes of %s", classPath).isLessThan(97L << 20);
  }

  /** What docs/packaging.md says. */
  @Test
  void it_runs_on_a_small_runtime_and_on_the_module_path() throws IOException {
    Path folder = paste("packaged", withoutNd4j());
    List<Path> classPath = build(folder);
    String packaging = Files.readString(PROJECT.resolve("docs/packaging.md"));
    Path tools = Path.of(System.getProperty("java.home"), "bin");
    Path runtime = folder.resolve("runtime");
    if (!Files.exists(runtime)) {
      Ran linked =
          process(
              folder,
              List.of(
                  tools.resolve("jlink").toString(),
                  "--add-modules",
                  first("jlink --add-modules (\\S+)", packaging),
                  "--output",
                  runtime.toString()),
              5);
      assertThat(linked.exitCode()).as(linked.toString()).isZero();
    }
    List<String> onRuntime = new ArrayList<>(command(classPath));
    onRuntime.set(0, runtime.resolve("bin/java").toString());
    assertThat(process(folder, onRuntime, 5).out()).containsPattern("PT\\S+ to PT");

    Path sources = Files.createDirectories(folder.resolve("modular"));
    Files.writeString(
        sources.resolve("module-info.java"), first("```java\n(module .*?)```", packaging));
    String program = first("```java\n(import .*?)```", page);
    Files.writeString(sources.resolve("App.java"), "package com.example.ask;\n" + program);
    String modules =
        String.join(File.pathSeparator, classPath.stream().map(Path::toString).toList());
    Ran compiled =
        process(
            folder,
            List.of(
                tools.resolve("javac").toString(),
                "-d",
                "modules",
                "-p",
                modules,
                "modular/module-info.java",
                "modular/App.java"),
            5);
    assertThat(compiled.exitCode()).as(compiled.toString()).isZero();
    Ran ran =
        process(
            folder,
            List.of(
                tools.resolve("java").toString(),
                "-p",
                "modules" + File.pathSeparator + modules,
                "--add-modules",
                "ALL-MODULE-PATH",
                "-m",
                "com.example.ask/com.example.ask.App"),
            5);
    assertThat(ran.out()).as(ran.toString()).containsPattern("PT\\S+ to PT");
  }

  /** Natives are the first thing that a new application gets wrong. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      textBlock =
          """
          ffmpeg-.*(linux|macosx|windows).*      ; Add org.bytedeco:ffmpeg with the classifier
          onnxruntime-.*(linux|macosx|windows).* ; Add org.bytedeco:onnxruntime with the classifier
          dnnl-.*(linux|macosx|windows).*        ; Add org.bytedeco:dnnl with the classifier
          opencl-.*(linux|macosx|windows).*      ; Add org.bytedeco:opencl with the classifier
          opencl-[\\d.-]+jar                     ; Add org.bytedeco:opencl, or io.moviechat:moviechat
          """)
  void a_missing_native_library_is_named(String jar, String advice) throws IOException {
    Path folder = paste("pasted", pom());
    if (pastedClassPath.isEmpty()) {
      pastedClassPath = build(folder);
    }
    List<Path> rest =
        pastedClassPath.stream()
            .filter(entry -> !entry.getFileName().toString().matches(jar))
            .toList();

    Ran ran = process(folder, command(rest), 5);

    assertThat(ran.exitCode()).isEqualTo(1);
    assertThat(ran.err().lines().filter(line -> line.startsWith("Exception")))
        .singleElement()
        .asString()
        .contains("io.moviechat.", advice);
  }

  private static List<String> names(List<Path> jars) {
    return jars.stream()
        .map(jar -> String.valueOf(jar.getFileName()).replaceFirst("-\\d.*", ""))
        .toList();
  }

  private static String withoutNd4j() {
    assertThat(page).contains(ND4J, MATH);
    return pom()
        .replaceFirst(
            "(<artifactId>moviechat</artifactId>)",
            "$1<exclusions>" + ND4J + MATH + "</exclusions>");
  }

  private static String pom() {
    return first("```xml\n(<project.*?</project>\n)```", page);
  }

  private static Path paste(String name, String pom) throws IOException {
    Path folder = Files.createDirectories(FOLDER.resolve(name));
    Files.deleteIfExists(folder.resolve("movie.memory"));
    Files.writeString(folder.resolve("pom.xml"), pom);
    Path program = folder.resolve("src/main/java/App.java");
    Files.createDirectories(program.getParent());
    Files.writeString(program, first("```java\n(import .*?)```", page));
    Path clip = PROJECT.resolve("moviechat-video/src/test/resources/clips/bunny.mp4");
    copy(clip, folder.resolve("movie.mp4"));
    return folder;
  }

  private static List<Path> build(Path folder) throws IOException {
    boolean windows = File.separatorChar == '\\';
    Path maven = Path.of(System.getProperty("outside.maven"), "bin", windows ? "mvn.cmd" : "mvn");
    List<String> command = new ArrayList<>(List.of(maven.toString(), "-B", "-q"));
    if (System.getProperty("outside.session").equals("offline=true")) {
      command.add("-o");
    }
    command.add("-Dmaven.repo.local=" + REPOSITORY);
    // The libraries of others come from where this build has them already.
    command.add("-Dmaven.repo.local.tail=" + System.getProperty("outside.repository"));
    command.add(System.getProperty("outside.compile"));
    command.add(System.getProperty("outside.classpath"));
    command.add("-Dmdep.outputFile=classpath");
    command.add("-DexcludeTypes=pom");
    Ran ran = process(folder, command, 10);
    assertThat(folder.resolve("target/classes/App.class")).as(ran.toString()).isRegularFile();
    return Arrays.stream(Files.readString(folder.resolve("classpath")).split(File.pathSeparator))
        .map(Path::of)
        .toList();
  }

  private static List<String> run(Path folder, List<Path> classPath) {
    Ran ran = process(folder, command(classPath), 5);
    assertThat(ran.exitCode()).as(ran.toString()).isZero();
    return ran.out().lines().toList();
  }

  private static List<String> command(List<Path> classPath) {
    List<String> entries = new ArrayList<>(List.of("target/classes"));
    classPath.forEach(jar -> entries.add(jar.toString()));
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    return List.of(
        java.toString(), "-Xmx1g", "-cp", String.join(File.pathSeparator, entries), "App");
  }

  /** How a process ended. */
  private record Ran(int exitCode, String out, String err) {}

  private static Ran process(Path folder, List<String> command, int minutes) {
    try {
      Path out = folder.resolve("out.txt");
      Path err = folder.resolve("err.txt");
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectOutput(out.toFile())
              .redirectError(err.toFile());
      builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
      Process process = builder.start();
      boolean ended = process.waitFor(minutes, TimeUnit.MINUTES);
      if (!ended) {
        process.destroyForcibly();
      }
      assertThat(ended).as("%s ended", command).isTrue();
      return new Ran(process.exitValue(), Files.readString(out), Files.readString(err));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
