package io.moviechat.llm;

import io.moviechat.spi.MovieView;
import java.util.List;

/**
 * The LLaVA line: LLaVA-OneVision, LLaVA-interleave, FastVLM (all with a Qwen2 text model) and
 * LLaVA-1.5. Frames carry no times in their prompts: the rows of all slots stand side by side
 * before the question. In breakpoint mode a sentence says what is past and what is now.
 */
final class Llava implements Family {
  /** Prompt formats of the line. */
  enum Style {
    /** A blank after the role, nothing between turns: LLaVA-OneVision's present template. */
    ONE_VISION("<|im_start|>", " ", "\n", "<|im_end|>", "<|im_start|>assistant\n"),
    /** Qwen2's own layout: LLaVA-OneVision's first template. */
    CHAT_ML("<|im_start|>", "\n", "\n", "<|im_end|>\n", "<|im_start|>assistant\n"),
    /** {@code USER: ... ASSISTANT:}. */
    VICUNA("", "", "\n", " ", "ASSISTANT:");

    private final String begin;
    private final String afterRole;
    private final String beforeText;
    private final String end;
    private final String answer;

    Style(String begin, String afterRole, String beforeText, String end, String answer) {
      this.begin = begin;
      this.afterRole = afterRole;
      this.beforeText = beforeText;
      this.end = end;
      this.answer = answer;
    }
  }

  private final String name;
  private final ImagePreprocessor images;
  private final String placeholder;
  private final Style style;
  private final boolean defaultSystem;

  private Llava(
      String name,
      ImagePreprocessor images,
      String placeholder,
      Style style,
      boolean defaultSystem) {
    this.name = name;
    this.images = images;
    this.placeholder = placeholder;
    this.style = style;
    this.defaultSystem = defaultSystem;
  }

  static Llava oneVision(BundleConfig config) {
    return new Llava(
        "LLaVA-OneVision",
        config.plainImages(),
        config.placeholder("<image>"),
        // The two published templates differ in what follows the role.
        config.chatTemplate().contains("message['role'] + '\\n'")
            ? Style.CHAT_ML
            : Style.ONE_VISION,
        false);
  }

  static Llava llava(BundleConfig config) {
    boolean chatMl =
        config.chatTemplate().contains("<|im_start|>") || config.textModel().equals("qwen2");
    return new Llava(
        "LLaVA",
        config.plainImages(),
        config.placeholder("<image>"),
        chatMl ? Style.ONE_VISION : Style.VICUNA,
        false);
  }

  static Llava fastVlm(BundleConfig config) {
    return new Llava(
        "FastVLM", config.plainImages(), config.placeholder("<image>"), Style.CHAT_ML, true);
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
    prompt.template(style.answer);
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
        prompt.template(lineBreak ? style.beforeText : "");
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
      prompt.template(style.beforeText);
      moment(message, prompt);
    }
    for (Message.Content content : message.content()) {
      if (content instanceof Message.Text text) {
        prompt.user(text.text());
      }
    }
    prompt.template(message.role() == Message.Role.ASSISTANT ? "</s>" : style.end);
  }

  private static boolean visual(Message message, Prompt.Builder prompt) {
    boolean shown = false;
    for (Message.Content content : message.content()) {
      if (content instanceof Message.Image image) {
        prompt.slot(image.slot());
        shown = true;
      } else if (content instanceof Message.Video video) {
        for (int i = 0; i < video.view().memory().slots().size(); i++) {
          prompt.slot(i);
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
        MovieView view = video.view();
        view.breakpoint()
            .ifPresent(
                now ->
                    prompt.template(
                        "The video is at "
                            + Times.hours(now)
                            + ". The last picture is what is on screen now, those before it are"
                            + " the past. "));
      }
    }
  }
}
