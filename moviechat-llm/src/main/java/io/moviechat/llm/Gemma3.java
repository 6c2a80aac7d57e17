package io.moviechat.llm;

import java.util.List;

/**
 * Gemma 3 and Gemma 3n with pictures. A picture is framed by tokens and blank lines of its own
 * (processing_gemma3.py, processing_gemma3n.py), a slot of memory is announced by its time. There
 * is no system turn: the system prompt stands before the first question.
 */
final class Gemma3 implements Family {
  private final String name;
  private final ImagePreprocessor images;
  private final String mark;
  private final String placeholder;
  private final String begin;

  private Gemma3(String name, BundleConfig config, boolean markedByPlaceholder) {
    this.name = name;
    images = config.plainImages(Resampler.BILINEAR);
    placeholder = config.placeholder("<image_soft_token>");
    mark = markedByPlaceholder ? placeholder : "<start_of_image>";
    begin = config.special("bos_token", "<bos>");
  }

  static Gemma3 third(BundleConfig config) {
    return new Gemma3("Gemma 3", config, false);
  }

  /** Gemma 3n, whose template marks a picture by the placeholder of its rows. */
  static Gemma3 thirdN(BundleConfig config) {
    config
        .problems()
        .require(
            config.preprocessor().has("do_normalize"),
            "%s says no do_normalize; Gemma 3n's is false, Python would take true: write it into"
                + " the file",
            config.picturesFile());
    return new Gemma3("Gemma 3n", config, true);
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
  public boolean writesBeginToken() {
    return true;
  }

  @Override
  public String expand(String rendered) {
    return rendered.replace(mark, "\n\n<start_of_image>" + placeholder + "<end_of_image>\n\n");
  }

  @Override
  public List<String> templateMarks() {
    return List.of("<start_of_turn>", "<end_of_turn>", mark);
  }

  @Override
  public void render(List<Message> chat, Prompt.Builder prompt) {
    prompt.template(begin);
    String system = "";
    for (Message message : chat) {
      if (message.role() == Message.Role.SYSTEM) {
        // What a user or an application typed is mere text, wherever the template puts it.
        system = text(message);
        continue;
      }
      boolean answer = message.role() == Message.Role.ASSISTANT;
      prompt.template("<start_of_turn>" + (answer ? "model" : "user") + "\n");
      if (!system.isEmpty()) {
        prompt.user(system).template("\n\n");
        system = "";
      }
      for (Message.Content content : message.content()) {
        if (content instanceof Message.Text text) {
          prompt.user(text.text().strip());
        } else if (content instanceof Message.Image image) {
          picture(image.slot(), prompt);
          prompt.template("\n\n");
        } else if (content instanceof Message.Video video) {
          for (int i = 0; i < video.slots().size(); i++) {
            prompt.template(i > 0 ? "\n\n" : "");
            Turns.words(video.slots().get(i), prompt);
            prompt.template(Turns.announcement(video.slots().get(i)));
            picture(i, prompt);
          }
          prompt.template("\n\n");
        }
      }
      prompt.template("<end_of_turn>\n");
    }
    prompt.template("<start_of_turn>model\n");
  }

  private static String text(Message message) {
    StringBuilder text = new StringBuilder();
    for (Message.Content content : message.content()) {
      if (content instanceof Message.Text part) {
        text.append(part.text());
      }
    }
    return text.toString();
  }

  private static void picture(int slot, Prompt.Builder prompt) {
    prompt.template("\n\n<start_of_image>").slot(slot).template("<end_of_image>").endOfMemory();
  }
}
