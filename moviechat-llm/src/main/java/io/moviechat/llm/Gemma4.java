package io.moviechat.llm;

import io.moviechat.llm.internal.Times;
import java.util.List;
import java.util.Optional;

/**
 * Gemma 4. Pictures are lists of patches with their places, of any size within a budget, and framed
 * by tokens. A slot of memory is written as the model's own processor writes the frames of a video,
 * its time before the picture (processing_gemma4.py). Its first templates put blank lines around a
 * picture, its later ones none; those of the larger models begin an answer with an empty thought.
 */
final class Gemma4 implements Family {
  /** Within the 70 visual tokens that the model's video processor gives a frame: 11 x 6. */
  private static final int USUAL_WIDTH = 528;

  private static final int USUAL_HEIGHT = 288;

  private final ImagePreprocessor images;
  private final PatchLayout patches;
  private final String placeholder;
  private final String begin;
  private final String around;
  private final String thought;

  Gemma4(BundleConfig config) {
    int patch = config.pictureNumber("patch_size", "patch_size", 16);
    int pooled = config.pictureNumber("pooling_kernel_size", "pooling_kernel_size", 3);
    int mostRows = config.pictureNumber("max_soft_tokens", "default_output_length", 280);
    int factor = patch * pooled;
    images = config.blockImages(factor, USUAL_WIDTH, USUAL_HEIGHT, mostRows, Resampler.BICUBIC);
    patches =
        PatchLayout.placed(
            images.width(), images.height(), patch, mostRows * pooled * pooled, pooled);
    placeholder = config.placeholder("<|image|>");
    begin = config.special("bos_token", "<bos>");
    // The template's source, where a line break may be written as an escape.
    String template = config.chatTemplate().replace("\\n", "\n");
    around = template.contains("'\n\n" + placeholder + "\n\n'") ? "\n\n" : "";
    String emptyThought = "<|channel>thought\n<channel|>";
    thought = template.contains("'" + emptyThought + "'") ? emptyThought : "";
  }

  @Override
  public String name() {
    return "Gemma 4";
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
  public boolean writesBeginToken() {
    return true;
  }

  @Override
  public String expand(String rendered) {
    return rendered.replace(placeholder, "<|image>" + placeholder + "<image|>");
  }

  @Override
  public List<String> templateMarks() {
    return List.of("<|turn>", "<turn|>", placeholder);
  }

  @Override
  public void render(List<Message> chat, Prompt.Builder prompt) {
    prompt.template(begin);
    for (Message message : chat) {
      prompt.template(
          switch (message.role()) {
            case SYSTEM -> "<|turn>system\n";
            case USER -> "<|turn>user\n";
            case ASSISTANT -> "<|turn>model\n";
          });
      for (Message.Content content : message.content()) {
        if (content instanceof Message.Text text) {
          prompt.user(text.text().strip());
        } else if (content instanceof Message.Image image) {
          prompt.template(around);
          picture(image.slot(), prompt);
          prompt.template(around);
        } else if (content instanceof Message.Video video) {
          prompt.template(around);
          for (int i = 0; i < video.slots().size(); i++) {
            Message.Slot slot = video.slots().get(i);
            prompt.template(i > 0 ? " " : "");
            Turns.words(slot, prompt);
            prompt.template(Times.minutes(slot.start()) + " ");
            picture(i, prompt);
          }
          prompt.template(around);
          prompt.template(Turns.moment(video));
        }
      }
      prompt.template("<turn|>\n");
    }
    prompt.template("<|turn>model\n" + thought);
  }

  private static void picture(int slot, Prompt.Builder prompt) {
    prompt.template("<|image>").slot(slot).template("<image|>").endOfMemory();
  }
}
