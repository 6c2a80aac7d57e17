package io.moviechat.llm;

import java.util.List;

/**
 * The original MovieChat, of imported checkpoints: a memory projector makes one run of rows of the
 * whole memory, and the prompt is {@link OriginalPrompt}'s. Later turns follow in the manner of its
 * conversation template. In breakpoint mode the prompt is the same; the difference is in the
 * memory.
 */
final class Original implements Family {
  private static final String END = "###";

  private final ImagePreprocessor images;
  private final String placeholder;

  Original(BundleConfig config) {
    images = config.plainImages();
    placeholder = config.placeholder("<unk>");
  }

  @Override
  public String name() {
    return "MovieChat";
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
  public List<String> stopStrings() {
    // The original strips the answer: a blank or new line before the end is no part of it.
    return List.of(END, " " + END, "\n" + END);
  }

  @Override
  public boolean answersBeginWithBlank() {
    return true;
  }

  @Override
  public void render(List<Message> chat, Prompt.Builder prompt) {
    if (chat.isEmpty() || chat.get(0).role() != Message.Role.SYSTEM) {
      prompt.template(OriginalPrompt.INFERENCE.system() + END);
    }
    for (Message message : chat) {
      prompt.template(
          switch (message.role()) {
            case SYSTEM -> "";
            case USER -> "Human: ";
            case ASSISTANT -> "Assistant: ";
          });
      for (Message.Content content : message.content()) {
        if (content instanceof Message.Text text) {
          prompt.user(text.text());
        } else {
          prompt.template("<Video>");
          prompt.slot(0);
          prompt.endOfMemory();
          prompt.template("</Video> ");
          if (content instanceof Message.Video video) {
            Turns.words(video, prompt);
          }
        }
      }
      prompt.template(END);
    }
    prompt.template("Assistant:");
  }
}
