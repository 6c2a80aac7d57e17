package io.moviechat.llm;

import java.util.List;
import java.util.Optional;

/**
 * LFM2-VL and LFM2.5-VL: pictures as lists of patches, never cut into tiles, each framed by tokens
 * and announced by its time; turns as in ChatML. The decoder keeps states of convolutions beside
 * its key/value caches ({@link CacheSpec}).
 */
final class Lfm2Vl implements Family {
  private static final int USUAL_WIDTH = 416;
  private static final int USUAL_HEIGHT = 224;

  private final ImagePreprocessor images;
  private final PatchLayout patches;
  private final String placeholder;
  private final String begin;

  Lfm2Vl(BundleConfig config) {
    int patch = config.pictureNumber("encoder_patch_size", "patch_size", 16);
    int downsample = config.pictureNumber("downsample_factor", "downsample_factor", 2);
    int mostRows = config.pictureNumber("max_image_tokens", "max_image_tokens", 256);
    int tile = config.pictureNumber("tile_size", "tile_size", 512);
    int factor = patch * downsample;
    images = config.blockImages(factor, USUAL_WIDTH, USUAL_HEIGHT, mostRows, Resampler.BILINEAR);
    int mostPatches = Math.max(mostRows * downsample * downsample, (tile / patch) * (tile / patch));
    patches = PatchLayout.padded(images.width(), images.height(), patch, mostPatches, downsample);
    placeholder = config.placeholder("<image>");
    begin = config.special("bos_token", "<|startoftext|>");
  }

  @Override
  public String name() {
    return "LFM2-VL";
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
    return rendered.replace(placeholder, "<|image_start|>" + placeholder + "<|image_end|>");
  }

  @Override
  public List<String> templateMarks() {
    return List.of("<|im_start|>", "<|im_end|>");
  }

  @Override
  public void render(List<Message> chat, Prompt.Builder prompt) {
    prompt.template(begin);
    for (Message message : chat) {
      prompt.template(Turns.chatMl(message.role()));
      for (Message.Content content : message.content()) {
        if (content instanceof Message.Text text) {
          prompt.user(text.text());
        } else if (content instanceof Message.Image image) {
          picture(image.slot(), prompt);
        } else if (content instanceof Message.Video video) {
          for (int i = 0; i < video.slots().size(); i++) {
            Turns.words(video.slots().get(i), prompt);
            prompt.template(Turns.announcement(video.slots().get(i)));
            picture(i, prompt);
          }
          prompt.template(Turns.moment(video));
        }
      }
      prompt.template("<|im_end|>\n");
    }
    prompt.template("<|im_start|>assistant\n");
  }

  private static void picture(int slot, Prompt.Builder prompt) {
    prompt.template("<|image_start|>").slot(slot).template("<|image_end|>").endOfMemory();
  }
}
