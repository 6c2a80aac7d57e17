package io.moviechat.llm;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The LLaVA line: LLaVA-OneVision, LLaVA-interleave, FastVLM (all with a Qwen2 text model) and
 * LLaVA-1.5. Frames carry no times in their prompts: the rows of all slots stand side by side
 * before the question. In breakpoint mode a sentence says what is past and what is now.
 */
final class Llava implements Family {
  /** Prompt formats of the line. */
  enum Style {
    /** A blank after the role, nothing between turns: LLaVA-OneVision's present template. */
    ONE_VISION("<|im_start|>", " ", "", "<|im_end|>"),
    /** Qwen2's own layout: LLaVA-OneVision's first template. */
    CHAT_ML("<|im_start|>", "\n", "", "<|im_end|>\n"),
    /** {@code USER: ... ASSISTANT:}; each picture has a line of its own. */
    VICUNA("", "", "\n", " ");

    private final String begin;
    private final String afterRole;
    private final String betweenSlots;
    private final String end;

    Style(String begin, String afterRole, String betweenSlots, String end) {
      this.begin = begin;
      this.afterRole = afterRole;
      this.betweenSlots = betweenSlots;
      this.end = end;
    }
  }

  /** A role and a line break, as Jinja text has them: escaped or as they are. */
  private static final Pattern ROLE_AND_BREAK =
      Pattern.compile("message(\\.role|\\[.role.\\]) *\\+ *['\"](\\\\n|\\n)");

  private static final Pattern ANSWER = Pattern.compile("<\\|im_start\\|>assistant(\\\\n|\\n)?");

  private final String name;
  private final ImagePreprocessor images;
  private final String placeholder;
  private final Style style;
  private final String answer;
  private final boolean defaultSystem;

  /**
   * @param usualBreak what follows the role of the answer if no template says it
   * @param defaultSystem whether a chat without a system prompt gets Qwen2's
   */
  private Llava(
      String name, BundleConfig config, Style style, String usualBreak, boolean defaultSystem) {
    this.name = name;
    this.images = config.plainImages();
    this.placeholder = config.placeholder("<image>");
    this.style = style;
    this.answer = answer(style, config.chatTemplate(), usualBreak);
    this.defaultSystem = defaultSystem;
  }

  static Llava oneVision(BundleConfig config) {
    return new Llava("LLaVA-OneVision", config, chatMl(config), "\n", false);
  }

  static Llava llava(BundleConfig config) {
    boolean vicuna =
        !config.chatTemplate().contains("<|im_start|>") && !config.textModel().equals("qwen2");
    return new Llava("LLaVA", config, vicuna ? Style.VICUNA : chatMl(config), "", false);
  }

  static Llava fastVlm(BundleConfig config) {
    return new Llava("FastVLM", config, Style.CHAT_ML, "\n", true);
  }

  /** The published templates differ in what follows the role. */
  private static Style chatMl(BundleConfig config) {
    return ROLE_AND_BREAK.matcher(config.chatTemplate()).find() ? Style.CHAT_ML : Style.ONE_VISION;
  }

  private static String answer(Style style, String template, String usualBreak) {
    if (style == Style.VICUNA) {
      return "ASSISTANT:";
    }
    String lineBreak = usualBreak;
    for (Matcher found = ANSWER.matcher(template); found.find(); ) {
      lineBreak = found.group(1) == null ? "" : "\n";
    }
    return "<|im_start|>assistant" + lineBreak;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public ImagePreprocessor images() {
    return images;
  }

  @Override
  public String placeholder() {
    return placeholder;
  }

  @Override
  public List<String> templateMarks() {
    return style == Style.VICUNA ? List.of("ASSISTANT:") : List.of("<|im_start|>", "<|im_end|>");
  }

  @Override
  public boolean answersBeginWithBlank() {
    return style == Style.VICUNA;
  }

  @Override
  public void render(List<Message> chat, Prompt.Builder prompt) {
    boolean systemFirst = !chat.isEmpty() && chat.get(0).role() == Message.Role.SYSTEM;
    if (defaultSystem && !systemFirst) {
      prompt.template("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n");
    }
    for (Message message : chat) {
      if (style == Style.VICUNA) {
        vicuna(message, prompt);
      } else {
        turn(message, prompt);
      }
    }
    prompt.template(answer);
  }

  private void turn(Message message, Prompt.Builder prompt) {
    String role =
        switch (message.role()) {
          case SYSTEM -> "system";
          case USER -> "user";
          case ASSISTANT -> "assistant";
        };
    prompt.template(style.begin + role + style.afterRole);
    boolean shown = visual(message, prompt);
    // With the older layout the role's own line break is all that stands before plain text.
    boolean lineBreak = shown || style == Style.ONE_VISION;
    for (Message.Content content : message.content()) {
      if (content instanceof Message.Text text) {
        prompt.template(lineBreak ? "\n" : "");
        moment(message, prompt);
        prompt.user(text.text());
      }
    }
    prompt.template(style.end);
  }

  private void vicuna(Message message, Prompt.Builder prompt) {
    switch (message.role()) {
      case SYSTEM -> {}
      case USER -> prompt.template("USER: ");
      case ASSISTANT -> prompt.template("ASSISTANT: ");
    }
    if (visual(message, prompt)) {
      prompt.template("\n");
      moment(message, prompt);
    }
    for (Message.Content content : message.content()) {
      if (content instanceof Message.Text text) {
        prompt.user(text.text());
      }
    }
    prompt.template(style.end);
  }

  private boolean visual(Message message, Prompt.Builder prompt) {
    boolean shown = false;
    for (Message.Content content : message.content()) {
      if (content instanceof Message.Image image) {
        prompt.template(shown ? style.betweenSlots : "").slot(image.slot());
        shown = true;
      } else if (content instanceof Message.Video video) {
        for (int i = 0; i < video.slots().size(); i++) {
          prompt.template(i > 0 ? style.betweenSlots : "").slot(i);
        }
        shown = true;
      }
    }
    if (shown) {
      prompt.endOfMemory();
    }
    return shown;
  }

  private static void moment(Message message, Prompt.Builder prompt) {
    for (Message.Content content : message.content()) {
      if (content instanceof Message.Video video) {
        Turns.words(video, prompt);
        prompt.template(Turns.moment(video));
      }
    }
  }
}
