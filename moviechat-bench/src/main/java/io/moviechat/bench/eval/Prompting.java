package io.moviechat.bench.eval;

import com.google.common.hash.Hashing;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** How a question is put to the model. Immutable. */
final class Prompting {
  private static final String QUESTION = "{question}";
  private static final String OPTIONS = "{options}";
  private static final String INSTRUCTION = "{instruction}";

  private final String name;
  private final String template;

  private Prompting(String name, String template) {
    this.name = name;
    this.template = template;
  }

  /**
   * {@code short}: question, options, and what form the reply should have. {@code bare}: question
   * and options. Else a file with {question}, {options} and {instruction}.
   */
  static Prompting of(String nameOrFile) throws IOException {
    return switch (nameOrFile) {
      case "short" -> new Prompting("short", QUESTION + "\n" + OPTIONS + "\n" + INSTRUCTION);
      case "bare" -> new Prompting("bare", QUESTION + "\n" + OPTIONS);
      default -> {
        Path file = Path.of(nameOrFile);
        if (!Files.isRegularFile(file)) {
          throw new IllegalArgumentException(
              "there is no prompt '" + nameOrFile + "'; there are short, bare, or a file of yours");
        }
        String text = Files.readString(file);
        if (!text.contains(QUESTION)) {
          throw new IllegalArgumentException(file + " has no " + QUESTION);
        }
        yield new Prompting("template " + file.getFileName(), text);
      }
    };
  }

  /** Differs where the prompts differ. */
  String id() {
    String hash = Hashing.sha256().hashString(template, StandardCharsets.UTF_8).toString();
    return name + " " + hash.substring(0, 12);
  }

  String of(EvalItem item) {
    StringBuilder options = new StringBuilder();
    for (int i = 0; i < item.options().size(); i++) {
      options.append(i == 0 ? "" : "\n").append('(').append(Letters.of(i)).append(") ");
      options.append(item.options().get(i));
    }
    return template
        .replace(OPTIONS, options)
        .replace(INSTRUCTION, instruction(item))
        .replace(QUESTION, item.question()) // last: a question may look like a placeholder
        .replaceAll("\\n{2,}", "\n")
        .strip();
  }

  private static String instruction(EvalItem item) {
    return switch (item.form()) {
      case CHOICE -> "Reply with the letter of the best option only.";
      case OPEN -> "Reply with one word or a short phrase.";
      case NUMBER -> "Reply with one number only.";
      case YES_NO -> "Reply with Yes or No only.";
      case MARKED -> "";
    };
  }
}
