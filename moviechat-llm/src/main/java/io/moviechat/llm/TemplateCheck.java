package io.moviechat.llm;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.loader.ResourceNotFoundException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares the prompt that a family writes with what the bundle's own chat template writes, for one
 * fixed conversation with a picture. Only where {@code com.hubspot.jinjava:jinjava} is on the class
 * path. Templates are untrusted: they reach no file and no class, and large ones are not run.
 */
final class TemplateCheck {
  private static final Logger log = LoggerFactory.getLogger(TemplateCheck.class);
  private static final int LONGEST_TEMPLATE = 1 << 16;
  private static final int LONGEST_OUTPUT = 1 << 18;

  /** Marks what a model was trained to write; Python's tokenizers know it, Jinja does not. */
  private static final Pattern GENERATION = Pattern.compile("\\{%-?\\s*(end)?generation\\s*-?%}");

  private static final Pattern BEFORE_BLOCK = Pattern.compile("(?m)^[ \\t]+(?=\\{[%#])");
  private static final Pattern AFTER_BLOCK = Pattern.compile("([%#]\\})\\n|\\n\\z");

  /** What is compared: a picture, an answer, and a question about it. */
  static final List<Message> CHAT =
      List.of(
          Message.of(Message.Role.USER, new Message.Image(0), new Message.Text("What is it?")),
          Message.of(Message.Role.ASSISTANT, new Message.Text("A dog.")),
          Message.of(Message.Role.USER, new Message.Text("Which colour?")));

  private TemplateCheck() {}

  /**
   * Warns of a difference.
   *
   * @param written the family's prompt for {@link #CHAT}, with one row for each picture
   */
  static void warn(String name, BundleConfig config, Family family, String written) {
    Optional<String> rendered = render(config, family);
    if (rendered.isPresent() && !rendered.get().equals(written)) {
      log.warn(
          "{}: the bundle's own chat template writes another prompt than {}'s; answers may be worse"
              + " than the model's. Its template: [{}]; written: [{}]",
          name,
          family.name(),
          rendered.get().replace("\n", "\\n"),
          written.replace("\n", "\\n"));
    }
  }

  /** What the bundle's template makes of {@link #CHAT}; empty if it has none or cannot be run. */
  static Optional<String> render(BundleConfig config, Family family) {
    String template = GENERATION.matcher(config.chatTemplate()).replaceAll("");
    // Python sets trim_blocks and lstrip_blocks; the engine's own also take blanks in a line away.
    template = BEFORE_BLOCK.matcher(template).replaceAll("");
    template =
        AFTER_BLOCK
            .matcher(template)
            .replaceAll(found -> found.group(1) == null ? "" : found.group(1));
    if (template.isEmpty() || template.length() > LONGEST_TEMPLATE) {
      return Optional.empty();
    }
    JinjavaConfig settings =
        JinjavaConfig.newBuilder()
            .withMaxOutputSize(LONGEST_OUTPUT)
            .withMaxStringLength(LONGEST_OUTPUT)
            .withMaxListSize(1000)
            .withMaxMapSize(1000)
            .withMaxRenderDepth(16)
            .withLegacyOverrides(
                // As Python's Jinja2 does it.
                LegacyOverrides.newBuilder()
                    .withEvaluateMapKeys(true)
                    .withIterateOverMapKeys(true)
                    .withUsePyishObjectMapper(true)
                    .withUseNaturalOperatorPrecedence(true)
                    .withParseWhitespaceControlStrictly(true)
                    .withAllowAdjacentTextNodes(true)
                    .withUseTrimmingForNotesAndExpressions(true)
                    .withHandleBackslashInQuotesOnly(true)
                    .build())
            .build();
    Jinjava engine = new Jinjava(settings);
    engine.setResourceLocator(
        (resource, encoding, interpreter) -> {
          throw new ResourceNotFoundException(resource);
        });
    Map<String, Object> context = new HashMap<>();
    context.put("messages", messages(family, template));
    context.put("add_generation_prompt", true);
    context.put("bos_token", config.special("bos_token", ""));
    context.put("eos_token", config.special("eos_token", ""));
    try {
      RenderResult result = engine.renderForResult(template, context);
      if (result.hasErrors()) {
        log.debug("the chat template cannot be run: {}", result.getErrors());
        return Optional.empty();
      }
      return Optional.of(family.expand(result.getOutput()));
    } catch (RuntimeException e) {
      log.debug("the chat template cannot be run", e);
      return Optional.empty();
    }
  }

  private static List<Map<String, Object>> messages(Family family, String template) {
    // Templates of text models know no parts of a message.
    boolean parts = template.contains("type");
    List<Map<String, Object>> messages = new ArrayList<>();
    for (Message message : CHAT) {
      List<Map<String, Object>> content = new ArrayList<>();
      StringBuilder flat = new StringBuilder();
      for (Message.Content part : message.content()) {
        if (part instanceof Message.Text text) {
          content.add(Map.of("type", "text", "text", text.text()));
          flat.append(text.text());
        } else {
          content.add(Map.of("type", "image"));
          flat.append(family.placeholder()).append('\n');
        }
      }
      messages.add(
          Map.of(
              "role",
              message.role() == Message.Role.USER ? "user" : "assistant",
              "content",
              parts ? content : flat.toString()));
    }
    return messages;
  }
}
