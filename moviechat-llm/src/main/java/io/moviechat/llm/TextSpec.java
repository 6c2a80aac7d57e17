package io.moviechat.llm;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableLongArray;
import io.moviechat.ModelException;
import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.OnnxHeader;
import io.moviechat.llm.internal.TensorInfo;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A text bundle whose files were all read and checked against each other, before anything is
 * loaded.
 *
 * @param detector graph from a picture to the probability of text at each of its points
 * @param angle graph that tells lines that are upside down, where there is one
 * @param reader graph from a line's picture to scores of characters
 * @param height of a line's picture in pixels
 * @param characters that scores from 1 on stand for; 0 stands for none
 */
record TextSpec(
    OnnxHeader detector,
    Optional<OnnxHeader> angle,
    OnnxHeader reader,
    int height,
    ImmutableList<String> characters) {
  /** Of the pictures that the angle's graph takes. */
  static final int ANGLE_HEIGHT = 48;

  static final int ANGLE_WIDTH = 192;

  /** Of a line's picture, where the graph leaves it open: that of versions 3 and later. */
  private static final int HEIGHT = 48;

  private static final long LONGEST_DICTIONARY = 4 << 20;
  private static final Pattern DICTIONARY = Pattern.compile(".*(dict|keys).*\\.txt");

  /** What PaddleOCR writes beside a graph from version 5 on. */
  private static final Pattern CONFIG = Pattern.compile("(.*[^a-z])?(inference|rec)\\.ya?ml");

  /** One of a YAML list. Blanks of other scripts are characters. */
  private static final Pattern ITEM = Pattern.compile(" *- (.*?) *");

  private static final Pattern ESCAPE =
      Pattern.compile("\\\\(?:(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})|.)");

  /**
   * Reads and checks a bundle.
   *
   * @throws ModelException listing all that is wrong
   */
  static TextSpec read(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new ModelException(
          (Files.exists(folder) ? folder + " is a file" : folder + " does not exist")
              + "; a text bundle is a folder with *det*.onnx, *rec*.onnx and *dict*.txt");
    }
    Problems problems = new Problems("text bundle " + folder);
    Optional<OnnxHeader> detector = graph(folder, "det", problems);
    Optional<OnnxHeader> reader = graph(folder, "rec", problems);
    Optional<OnnxHeader> angle =
        files(folder, kind("cls")).isEmpty() ? Optional.empty() : graph(folder, "cls", problems);
    if (detector.isEmpty() || reader.isEmpty()) {
      problems.throwIfAny();
      throw new IllegalStateException("a file that is not there is a problem");
    }
    picture(detector.get(), -1, problems);
    TensorInfo map = onlyOutput(detector.get(), problems);
    problems.require(
        map.rank() == 4 && (map.dim(1) == 1 || map.dim(1) < 0),
        "%s gives %s, which is no map [batch, 1, height, width]",
        name(detector.get()),
        map);
    angle.ifPresent(graph -> angle(graph, problems));
    TensorInfo line = picture(reader.get(), -1, problems);
    int height = line.dim(2) > 0 ? (int) line.dim(2) : HEIGHT;
    problems.require(
        height >= 16 && height <= 128,
        "%s takes lines of %d pixels height; 16 to 128 are known",
        name(reader.get()),
        height);
    TensorInfo scores = onlyOutput(reader.get(), problems);
    problems.require(
        scores.rank() == 3,
        "%s gives %s, which are no scores [batch, steps, characters]",
        name(reader.get()),
        scores);
    List<String> characters = characters(folder, reader.get(), problems);
    problems.throwIfAny();
    return new TextSpec(
        detector.get(),
        angle,
        reader.get(),
        height,
        fitting(characters, scores, reader.get(), problems));
  }

  /** The blank stands before all characters, and in most models a space behind them. */
  private static ImmutableList<String> fitting(
      List<String> characters, TensorInfo scores, OnnxHeader reader, Problems problems) {
    long count = scores.dim(2);
    ImmutableList.Builder<String> fitting = ImmutableList.<String>builder().addAll(characters);
    if (count != characters.size() + 1) {
      fitting.add(" ");
    }
    problems.require(
        count < 0 || count == characters.size() + 1 || count == characters.size() + 2,
        "%s scores %d characters, but its dictionary has %d, which makes %d or %d with the blank"
            + " and the space; take both from one model",
        name(reader),
        count,
        characters.size(),
        characters.size() + 1,
        characters.size() + 2);
    problems.throwIfAny();
    return fitting.build();
  }

  private static void angle(OnnxHeader graph, Problems problems) {
    TensorInfo input = picture(graph, ANGLE_HEIGHT, problems);
    problems.require(
        input.dim(3) < 0 || input.dim(3) == ANGLE_WIDTH,
        "%s takes %s, which is not %d pixels wide",
        name(graph),
        input,
        ANGLE_WIDTH);
    TensorInfo output = onlyOutput(graph, problems);
    problems.require(
        output.rank() == 2 && (output.dim(1) == 2 || output.dim(1) < 0),
        "%s gives %s, which are not the probabilities of two angles",
        name(graph),
        output);
  }

  private static TensorInfo picture(OnnxHeader graph, int height, Problems problems) {
    TensorInfo input = only("takes", graph, graph.inputs(), problems);
    problems.require(
        input.rank() == 4
            && (input.dim(1) == 3 || input.dim(1) < 0)
            && (height < 0 || input.dim(2) < 0 || input.dim(2) == height),
        "%s takes %s, which is no picture [batch, 3, %s, width]",
        name(graph),
        input,
        height < 0 ? "height" : height);
    return input;
  }

  private static TensorInfo onlyOutput(OnnxHeader graph, Problems problems) {
    return only("gives", graph, graph.outputs(), problems);
  }

  private static TensorInfo only(
      String verb, OnnxHeader graph, List<TensorInfo> infos, Problems problems) {
    problems.require(
        infos.size() == 1 && infos.get(0).type() == ElementType.FLOAT,
        "%s %s %s, not one tensor of 32-bit floats",
        name(graph),
        verb,
        infos);
    return infos.isEmpty()
        ? new TensorInfo("", ElementType.UNDEFINED, ImmutableLongArray.of())
        : infos.get(0);
  }

  private static String name(OnnxHeader graph) {
    return String.valueOf(graph.file().getFileName());
  }

  private static Pattern kind(String kind) {
    return Pattern.compile("(.*[^a-z])?" + kind + "([^a-z].*)?\\.onnx");
  }

  private static Optional<OnnxHeader> graph(Path folder, String kind, Problems problems) {
    Optional<Path> file = one(folder, kind(kind), "*" + kind + "*.onnx", problems);
    return file.flatMap(found -> BundleSpec.header(folder, found, problems));
  }

  private static Optional<Path> one(
      Path folder, Pattern pattern, String wanted, Problems problems) {
    List<Path> found = files(folder, pattern);
    if (found.size() == 1) {
      return Optional.of(found.get(0));
    }
    if (found.isEmpty()) {
      problems.add("%s is missing", wanted);
    } else {
      problems.add(
          "there are several of %s: %s; leave one",
          wanted, found.stream().map(Path::getFileName).toList());
    }
    return Optional.empty();
  }

  private static List<Path> files(Path folder, Pattern pattern) {
    return Stream.of(folder, folder.resolve("onnx"))
        .filter(Files::isDirectory)
        .flatMap(place -> list(place).stream())
        .filter(file -> pattern.matcher(lower(file)).matches() && Files.isRegularFile(file))
        .sorted()
        .toList();
  }

  private static String lower(Path file) {
    return file.getFileName().toString().toLowerCase(Locale.ROOT);
  }

  private static List<Path> list(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    } catch (IOException e) {
      throw new ModelException("the folder " + folder + " cannot be read: " + e, e);
    }
  }

  /** The list {@code character_dict} of a file that PaddleOCR's export wrote as YAML. */
  private static List<String> listed(List<String> lines, Path file, Problems problems) {
    List<String> characters = new ArrayList<>();
    boolean inside = false;
    for (String line : lines) {
      Matcher item = ITEM.matcher(line);
      if (inside && item.matches()) {
        characters.add(scalar(item.group(1)));
      } else {
        inside = line.strip().equals("character_dict:");
      }
    }
    problems.require(!characters.isEmpty(), "%s has no list 'character_dict'", file.getFileName());
    return characters;
  }

  /** A scalar on one line: plain, or in quotes of either kind. */
  private static String scalar(String text) {
    if (text.length() >= 2 && text.startsWith("'") && text.endsWith("'")) {
      return text.substring(1, text.length() - 1).replace("''", "'");
    }
    if (text.length() >= 2 && text.startsWith("\"") && text.endsWith("\"")) {
      String inner = text.substring(1, text.length() - 1);
      return ESCAPE
          .matcher(inner)
          .replaceAll(
              found ->
                  Matcher.quoteReplacement(
                      found.group(1) == null
                          ? found.group().substring(1)
                          : Character.toString(Integer.parseInt(found.group(1).substring(1), 16))));
    }
    return text;
  }

  private static List<String> characters(Path folder, OnnxHeader reader, Problems problems) {
    Optional<String> own = Optional.ofNullable(reader.metadata().get("character"));
    if (own.isPresent()) {
      return own.get().lines().toList();
    }
    boolean configured = files(folder, DICTIONARY).isEmpty() && !files(folder, CONFIG).isEmpty();
    Optional<Path> file =
        configured
            ? one(folder, CONFIG, "inference.yml", problems)
            : one(folder, DICTIONARY, "*dict*.txt or *keys*.txt", problems);
    if (file.isEmpty()) {
      return List.of();
    }
    try {
      long size = Files.size(file.get());
      if (size <= LONGEST_DICTIONARY) {
        List<String> lines = Files.readString(file.get()).lines().toList();
        return configured ? listed(lines, file.get(), problems) : lines;
      }
      problems.add("%s has %d bytes; no dictionary is that long", file.get().getFileName(), size);
    } catch (CharacterCodingException e) {
      problems.add("%s is no UTF-8", file.get().getFileName());
    } catch (IOException e) {
      problems.add("%s cannot be read: %s", file.get().getFileName(), e);
    }
    return List.of();
  }
}
