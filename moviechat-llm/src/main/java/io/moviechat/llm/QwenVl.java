package io.moviechat.llm;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Qwen2-VL, Qwen2.5-VL, Qwen3-VL and Qwen3.5. Each slot of memory is a picture of its own, with a
 * block of positions in the plane ({@link Prompt#position}). Qwen3-VL and Qwen3.5 read times as
 * text before each picture, which is their own format of videos (processing_qwen3_vl.py); the older
 * ones know several pictures in a prompt, so a slot is announced by its time as for other families.
 * Qwen3.5 thinks before it answers unless its answer begins behind an empty thought.
 *
 * <p>All frames are stretched to one size, about 16 : 9 unless chosen: the models' own rule would
 * make thousands of tokens of a frame.
 */
final class QwenVl implements Family {
  /** The side of pictures that the default sizes are made for, in pixels. */
  private static final int USUAL_WIDTH = 448;

  private static final int USUAL_HEIGHT = 252;

  /** The most visual tokens of a frame; the models were made for 16384 and more. */
  private static final int MOST_ROWS = 16384;

  private final String name;
  private final ImagePreprocessor images;
  private final PatchLayout patches;
  private final String placeholder;
  private final boolean timesAsText;

  /** Whether a turn's words lose the blanks at their ends. */
  private final boolean stripped;

  private final String thought;

  private QwenVl(String name, BundleConfig config, int usualPatch, boolean timesAsText) {
    this.name = name;
    this.timesAsText = timesAsText;
    this.stripped = config.modelType().equals("qwen3_5");
    String template = config.chatTemplate();
    this.thought =
        stripped && (template.isEmpty() || template.contains("<think>"))
            ? "<think>\n\n</think>\n\n"
            : "";
    int patch = config.pictureNumber("patch_size", "patch_size", usualPatch);
    int merge = config.pictureNumber("merge_size", "spatial_merge_size", 2);
    int frames = config.pictureNumber("temporal_patch_size", "temporal_patch_size", 2);
    int factor = patch * merge;
    images = config.blockImages(factor, USUAL_WIDTH, USUAL_HEIGHT, MOST_ROWS, Resampler.BICUBIC);
    patches = PatchLayout.mergedBlocks(images.width(), images.height(), patch, merge, frames);
    placeholder = config.placeholder("<|image_pad|>");
  }

  static QwenVl second(BundleConfig config) {
    boolean half = config.modelType().equals("qwen2_5_vl");
    return new QwenVl(half ? "Qwen2.5-VL" : "Qwen2-VL", config, 14, false);
  }

  static QwenVl third(BundleConfig config) {
    return new QwenVl("Qwen3-VL", config, 16, true);
  }

  static QwenVl threeFive(BundleConfig config) {
    return new QwenVl("Qwen3.5", config, 16, true);
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
  public Optional<PatchLayout> patches() {
    return Optional.of(patches);
  }

  @Override
  public String placeholder() {
    return placeholder;
  }

  @Override
  public List<String> templateMarks() {
    return List.of("<|im_start|>", "<|im_end|>", "<|vision_start|>");
  }

  @Override
  public void render(List<Message> chat, Prompt.Builder prompt) {
    boolean systemFirst = !chat.isEmpty() && chat.get(0).role() == Message.Role.SYSTEM;
    if (!timesAsText && !systemFirst) {
      prompt.template("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n");
    }
    for (Message message : chat) {
      prompt.template(Turns.chatMl(message.role()));
      List<Message.Content> contents = message.content();
      for (int c = 0; c < contents.size(); c++) {
        Message.Content content = contents.get(c);
        if (content instanceof Message.Text text) {
          String words = text.text();
          words = stripped && c == 0 ? words.stripLeading() : words;
          words = stripped && c == contents.size() - 1 ? words.stripTrailing() : words;
          prompt.user(words);
        } else if (content instanceof Message.Image image) {
          picture(image.slot(), prompt);
        } else if (content instanceof Message.Video video) {
          for (int i = 0; i < video.slots().size(); i++) {
            Turns.words(video.slots().get(i), prompt);
            prompt.template(announcement(video.slots().get(i)));
            picture(i, prompt);
          }
          prompt.template(Turns.moment(video));
        }
      }
      prompt.template("<|im_end|>\n");
    }
    prompt.template("<|im_start|>assistant\n" + thought);
  }

  private String announcement(Message.Slot slot) {
    if (!timesAsText) {
      return Turns.announcement(slot);
    }
    double middle = slot.start().plus(slot.end()).dividedBy(2).toMillis() / 1000.0;
    return String.format(Locale.ROOT, "<%.1f seconds>", middle);
  }

  private static void picture(int slot, Prompt.Builder prompt) {
    prompt.template("<|vision_start|>").slot(slot).template("<|vision_end|>").endOfMemory();
  }
}
