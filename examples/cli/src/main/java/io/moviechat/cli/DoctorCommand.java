package io.moviechat.cli;

import io.moviechat.llm.Device;
import io.moviechat.spi.MemoryFileFormat;
import io.moviechat.spi.VideoMemoryProvider;
import io.moviechat.spi.VideoSourceProvider;
import io.moviechat.spi.VisionLanguageModelProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.Loader;
import org.nd4j.linalg.factory.Nd4j;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code moviechat doctor}: what is there on this machine, and what to change. */
@Command(
    name = "doctor",
    description = "Show Java, native libraries, backends and graphics card, and what to change.")
final class DoctorCommand implements Callable<Integer> {
  private final Context context;

  DoctorCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    List<Device.Finding> findings = new ArrayList<>(Device.examine());
    findings.add(examine("JavaCPP", DoctorCommand::javaCpp));
    findings.add(examine("FFmpeg", () -> avutil.av_version_info().getString()));
    findings.add(examine("ND4J", () -> Nd4j.getBackend().getClass().getSimpleName()));
    findings.add(offers("Video", VideoSourceProvider.class, VideoSourceProvider::name));
    findings.add(
        offers(
            "Memory",
            VideoMemoryProvider.class,
            provider -> String.join(", ", provider.strategies())));
    findings.add(
        offers(
            "Memory files", MemoryFileFormat.class, format -> format.getClass().getSimpleName()));
    findings.add(models());
    findings.forEach(this::show);
    long unwell = findings.stream().filter(finding -> !finding.healthy()).count();
    if (unwell > 0) {
      context.terminal().note("moviechat: " + unwell + " of these need care, marked with !");
      return CommandLine.ExitCode.SOFTWARE;
    }
    return CommandLine.ExitCode.OK;
  }

  private void show(Device.Finding finding) {
    context
        .terminal()
        .out()
        .printf(
            "%s %-13s %s%n",
            finding.healthy() ? " " : "!", finding.name(), Failures.oneLine(finding.found()));
    finding
        .advice()
        .ifPresent(advice -> context.terminal().out().printf("  %-13s -> %s%n", "", advice));
  }

  private static String javaCpp() {
    try {
      return Loader.getVersion() + " for " + Loader.getPlatform();
    } catch (java.io.IOException e) {
      return "of an unknown version, for " + Loader.getPlatform();
    }
  }

  /** A library that cannot be loaded is a finding. */
  private static Device.Finding examine(String name, Supplier<String> look) {
    try {
      return new Device.Finding(name, look.get(), true, Optional.empty());
    } catch (RuntimeException | LinkageError e) {
      return new Device.Finding(
          name,
          "cannot be used: " + e,
          false,
          Optional.of("add its natives for this platform; docs/install.md has the lines"));
    }
  }

  private static <S> Device.Finding offers(
      String name, Class<S> service, Function<S, String> describe) {
    List<String> offered =
        ServiceLoader.load(service).stream()
            .map(ServiceLoader.Provider::get)
            .map(describe)
            .toList();
    return new Device.Finding(
        name,
        offered.isEmpty() ? "none on the class path" : String.join("; ", offered),
        !offered.isEmpty(),
        offered.isEmpty() ? Optional.of("see docs/install.md") : Optional.empty());
  }

  private static Device.Finding models() {
    List<String> names =
        ServiceLoader.load(VisionLanguageModelProvider.class).stream()
            .map(provider -> provider.get().name())
            .toList();
    return new Device.Finding(
        "Model",
        names.isEmpty() ? "none comes along" : String.join(", ", names),
        names.size() <= 1,
        names.isEmpty()
            ? Optional.of("give --model DIR; 'moviechat model pull' fetches one")
            : Optional.empty());
  }
}
