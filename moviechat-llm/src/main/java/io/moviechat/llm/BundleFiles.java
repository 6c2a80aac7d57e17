package io.moviechat.llm;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Which files of a repository make a bundle: the one place that knows the layout by names. */
final class BundleFiles {
  private static final ImmutableList<String> CONFIGS =
      ImmutableList.of("config.json", "tokenizer.json");
  private static final ImmutableList<String> OPTIONAL_CONFIGS =
      ImmutableList.of(
          "generation_config.json",
          "preprocessor_config.json",
          "processor_config.json",
          "tokenizer_config.json",
          "chat_template.jinja",
          "chat_template.json",
          "moviechat.json",
          "LICENSE",
          "README.md");

  private BundleFiles() {}

  /** The names that a precision needs; what is missing is a problem. */
  static List<String> choose(Set<String> there, Precision precision, Problems problems) {
    List<String> wanted = configs(there, problems);
    problems.require(
        there.contains("preprocessor_config.json") || there.contains("processor_config.json"),
        "neither preprocessor_config.json nor processor_config.json is in the repository");
    for (GraphKind kind : GraphKind.values()) {
      graph(
          there,
          kind.baseName(),
          precision.candidates(Device.CPU),
          kind.optional(),
          wanted,
          problems);
    }
    return wanted;
  }

  /** The same for a speech bundle. */
  static List<String> chooseSpeech(Set<String> there, Precision precision, Problems problems) {
    List<String> wanted = configs(there, problems);
    graph(there, SpeechSpec.ENCODER, SpeechSpec.encoders(precision), false, wanted, problems);
    List<Precision> decoders = precision.candidates(Device.CPU);
    graph(there, SpeechSpec.DECODER, decoders, false, wanted, problems);
    return wanted;
  }

  private static List<String> configs(Set<String> there, Problems problems) {
    List<String> wanted = new ArrayList<>();
    for (String name : CONFIGS) {
      if (there.contains(name)) {
        wanted.add(name);
      } else {
        problems.add("%s is not in the repository", name);
      }
    }
    OPTIONAL_CONFIGS.stream().filter(there::contains).forEach(wanted::add);
    return wanted;
  }

  private static void graph(
      Set<String> there,
      String baseName,
      List<Precision> candidates,
      boolean optional,
      List<String> wanted,
      Problems problems) {
    Optional<String> found =
        candidates.stream()
            .map(candidate -> "onnx/" + baseName + candidate.suffix() + ".onnx")
            .filter(there::contains)
            .findFirst();
    if (found.isPresent()) {
      Pattern data = Pattern.compile(Pattern.quote(found.get()) + "(_data(_\\d+)?)?");
      new TreeSet<>(there).stream().filter(data.asMatchPredicate()).forEach(wanted::add);
    } else if (!optional) {
      problems.add(
          "there is no onnx/%s in %s; there is %s",
          baseName,
          candidates.size() > 1 ? Precision.AUTO : candidates.get(0),
          there.stream().filter(name -> name.startsWith("onnx/" + baseName)).sorted().toList());
    }
  }
}
