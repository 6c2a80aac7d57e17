package io.moviechat.bench;

import io.moviechat.bench.harness.Catalog;
import io.moviechat.bench.harness.Comparison;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Group;
import io.moviechat.bench.harness.GroupRunner;
import io.moviechat.bench.harness.Journal;
import io.moviechat.bench.harness.Machine;
import io.moviechat.bench.harness.Measure;
import io.moviechat.bench.harness.Report;
import io.moviechat.bench.harness.RunFile;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.SmallModel;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** The program in {@code benchmarks.jar}. */
@Command(
    name = "benchmarks",
    description = "Benchmarks of MovieChat for Java. Without arguments: what there is.",
    mixinStandardHelpOptions = true,
    subcommands = {Main.ReportCommand.class, Main.CompareCommand.class})
public final class Main implements Callable<Integer> {
  private final PrintStream out;

  @Parameters(arity = "0..*", paramLabel = "GROUP", description = "Groups to run, or all.")
  private List<String> groups = new ArrayList<>();

  @Option(
      names = "-P",
      paramLabel = "SIZE",
      defaultValue = "quick",
      description = "-Psmoke (does it work?), -Pquick (ten minutes for all), -Pfull (hours).")
  private String size = "quick";

  @Option(
      names = "--filter",
      paramLabel = "REGEX",
      description = "Only benchmarks whose class name contains a match.")
  private Pattern filter = Pattern.compile("");

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "target/benchmarks",
      description = "Where GROUP.json goes (default: ${DEFAULT-VALUE}).")
  private Path directory = Path.of("target", "benchmarks");

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "File name without ending in place of the group's, to keep several runs.")
  private @Nullable String name;

  @Option(
      names = "--minutes",
      paramLabel = "N",
      description =
          "After so many minutes studies of many movies begin no further one; what is there is"
              + " written, and the same command goes on with the rest.")
  private @Nullable Integer minutes;

  Main(PrintStream out) {
    this.out = out;
  }

  /** Runs it. Exit codes: 0 fine, 1 something was not measured, 2 wrong usage. */
  public static void main(String[] args) {
    System.exit(run(System.out, args));
  }

  static int run(PrintStream out, String... args) {
    return new CommandLine(new Main(out))
        .setOut(new PrintWriter(out, true, StandardCharsets.UTF_8))
        .setExecutionExceptionHandler(
            (failure, line, parsed) -> {
              line.getErr().println(failure.getMessage());
              return failure instanceof IllegalArgumentException ? 2 : 1;
            })
        .execute(args);
  }

  @Override
  public Integer call() throws IOException {
    Catalog catalog = Catalog.ofClassPath();
    if (groups.isEmpty()) {
      list(catalog);
      return 0;
    }
    Size chosen = parse(Size.class, size, "size");
    List<Group> wanted =
        groups.equals(List.of("all"))
            ? List.of(Group.values())
            : groups.stream().map(name -> parse(Group.class, name, "group")).toList();
    boolean complete = true;
    for (Group group : wanted) {
      complete &= run(catalog, group, chosen);
    }
    return complete ? 0 : 1;
  }

  private void list(Catalog catalog) {
    for (Group group : Group.values()) {
      out.printf("%-9s %s%n", group.word(), group.summary());
      for (Catalog.Entry entry : catalog.of(group)) {
        out.printf("          %s: %s%n", entry.name(), entry.question());
      }
    }
    out.println();
    out.println("Run a group:  java -jar benchmarks.jar GROUP [-Pquick|-Pfull] [--filter REGEX]");
    out.println("More:         java -jar benchmarks.jar --help");
  }

  private boolean run(Catalog catalog, Group group, Size chosen) throws IOException {
    List<Catalog.Entry> entries =
        catalog.of(group).stream().filter(entry -> filter.matcher(entry.name()).find()).toList();
    if (entries.isEmpty()) {
      out.println(group.word() + ": nothing to run");
      return true;
    }
    Machine machine = Machine.here();
    Instant start = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    String command =
        "java "
            + settings()
            + "-jar moviechat-bench/target/benchmarks.jar "
            + group.word()
            + " -P"
            + chosen.name().toLowerCase(Locale.ROOT)
            + (filter.pattern().isEmpty() ? "" : " --filter '" + filter.pattern() + "'");
    String commit = commit();
    Path file = directory.resolve((name == null ? group.word() : name) + ".json");
    Journal journal =
        Journal.at(
            file.resolveSibling(file.getFileName() + ".part"),
            String.join(" ", command, commit, SmallModel.identity()));
    Optional<Duration> limit = Optional.ofNullable(minutes).map(Duration::ofMinutes);
    Findings findings = new GroupRunner(chosen, true, out, journal, limit).run(entries);
    Map<String, String> questions = new TreeMap<>();
    entries.forEach(entry -> questions.put(entry.name(), entry.question()));
    RunFile result =
        RunFile.of(
            group,
            chosen,
            start.toString(),
            Duration.between(start, Instant.now()).toSeconds(),
            command,
            commit,
            machine,
            questions,
            findings);
    result.write(file);
    if (findings.isCut()) {
      out.println("the time is over: the same command goes on");
    } else {
      journal.delete();
    }
    print(result);
    out.println("written: " + file);
    return findings.skipped().stream().noneMatch(s -> s.reason().startsWith("failed"));
  }

  private void print(RunFile result) {
    for (Measure measure : result.measures()) {
      out.printf(
          Locale.ROOT,
          "%-70s %14.4g %s%n",
          measure.benchmark() + " " + measure.params(),
          measure.median(),
          measure.unit());
    }
  }

  /** The properties that a run depends on; of a path only its last name, which says enough. */
  private static String settings() {
    return System.getProperties().stringPropertyNames().stream()
        .filter(key -> key.startsWith("moviechat.") || key.startsWith("bench."))
        .sorted()
        .map(key -> "-D" + key + "=" + Path.of(System.getProperty(key)).getFileName() + " ")
        .collect(Collectors.joining());
  }

  /** The commit of the source tree that the program was started in, or that it was told. */
  private static String commit() {
    String told = System.getProperty("moviechat.bench.commit", "");
    if (!told.isEmpty()) {
      return told;
    }
    try {
      Process git =
          new ProcessBuilder("git", "describe", "--always", "--dirty", "--abbrev=10")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String line = git.inputReader().readLine();
      return git.waitFor() == 0 && line != null ? line : "unknown";
    } catch (IOException e) { // no git here
      return "unknown";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "unknown";
    }
  }

  private static <E extends Enum<E>> E parse(Class<E> type, String word, String what) {
    for (E value : type.getEnumConstants()) {
      if (value.name().equalsIgnoreCase(word)) {
        return value;
      }
    }
    throw new IllegalArgumentException(
        "there is no "
            + what
            + " '"
            + word
            + "'; there are "
            + Arrays.toString(type.getEnumConstants()).toLowerCase(Locale.ROOT));
  }

  /** {@code report DIR}. */
  @Command(
      name = "report",
      description = "Renders the JSON files of a folder to DIR.md, with PNG plots and CSV tables.",
      mixinStandardHelpOptions = true)
  static final class ReportCommand implements Callable<Integer> {
    @ParentCommand private @Nullable Main parent;

    @Parameters(paramLabel = "DIR", description = "Where the JSON files are, docs/benchmarks.")
    private Path directory = Path.of("docs", "benchmarks");

    @Override
    public Integer call() throws IOException {
      Path page = Report.write(directory);
      Objects.requireNonNull(parent).out.println("written: " + page);
      return 0;
    }
  }

  /** {@code compare A B}. */
  @Command(
      name = "compare",
      description =
          "Says what became slower or larger from one run to another, beyond noise. Exit code 1 if"
              + " something did.",
      mixinStandardHelpOptions = true)
  static final class CompareCommand implements Callable<Integer> {
    @ParentCommand private @Nullable Main parent;

    @Parameters(paramLabel = "BEFORE", description = "JSON file of the earlier run.")
    private Path before = Path.of("before.json");

    @Parameters(paramLabel = "AFTER", description = "JSON file of the later run.")
    private Path after = Path.of("after.json");

    @Override
    public Integer call() throws IOException {
      Comparison comparison = Comparison.of(RunFile.read(before), RunFile.read(after));
      comparison.lines().forEach(Objects.requireNonNull(parent).out::println);
      return comparison.regressions().isEmpty() ? 0 : 1;
    }
  }
}
