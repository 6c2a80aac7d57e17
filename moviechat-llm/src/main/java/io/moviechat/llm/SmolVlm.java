package io.moviechat.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import io.moviechat.FrameFormat;
import io.moviechat.FrameFormat.Resampling;
import io.moviechat.llm.internal.Times;
import java.util.List;

/**
 * SmolVLM, SmolVLM2 and Idefics3.
 *
 * <p>Pictures are scaled in two steps, never split: the longest edge to the size of video frames,
 * then squashed to a square. In the prompt each slot of memory is announced by its time, as the
 * model's own video processor announces each frame (processing_smolvlm.py); a slot that stands for
 * several frames by its span.
 */
final class SmolVlm implements Family {
  private final ImagePreprocessor images;
  private final String begin;

  SmolVlm(BundleConfig config) {
    int square = config.edge(config.preprocessor().path("max_image_size"), "max_image_size");
    // Written by Python since 5: a video processor of its own in processor_config.json.
    JsonNode older = config.preprocessor().path("video_sampling").path("video_size");
    JsonNode newer = config.processor().path("video_processor").path("size");
    int edge = square;
    if (!older.isMissingNode()) {
      edge = config.edge(older, "video_sampling.video_size");
    } else if (!newer.isMissingNode()) {
      edge = config.edge(newer, "video_processor.size");
    }
    begin = begin(config.chatTemplate());
    Resampler resampler = config.resampler(Resampler.LANCZOS);
    images =
        config.images(
            ImmutableList.of(
                new ImagePreprocessor.Step.LongestEdgeEven(edge, resampler),
                new ImagePreprocessor.Step.Exact(square, square, resampler)),
            square,
            square,
            FrameFormat.inside(edge, edge, Resampling.LANCZOS));
  }

  /** What a template writes before its first tag: Idefics3's has another begin than SmolVLM's. */
  private static String begin(String template) {
    int tag = template.indexOf('{');
    return tag < 0 ? "<|im_start|>" : template.substring(0, tag);
  }

  @Override
  public String expand(String rendered) {
    return rendered.replace(
        "<image>", "<fake_token_around_image><global-img><image><fake_token_around_image>");
  }

  @Override
  public List<String> templateMarks() {
    return List.of("<end_of_utterance>", "Assistant:");
  }

  @Override
  public String name() {
    return "SmolVLM";
  }

  @Override
  public ImagePreprocessor images() {
    return images;
  }

  @Override
  public String placeholder() {
    return "<image>";
  }

  @Override
  public boolean answersBeginWithBlank() {
    return true;
  }

  @Override
  public void render(List<Message> chat, Prompt.Builder prompt) {
    prompt.template(begin);
    for (Message message : chat) {
      prompt.template(
          switch (message.role()) {
            case SYSTEM -> "System:";
            case USER -> "User:";
            case ASSISTANT -> "Assistant:";
          });
      boolean pictureFirst =
          !message.content().isEmpty() && message.content().get(0) instanceof Message.Image;
      if (!pictureFirst) {
        prompt.template(" ");
      }
      for (Message.Content content : message.content()) {
        if (content instanceof Message.Text text) {
          prompt.user(text.text());
        } else if (content instanceof Message.Image image) {
          picture(image.slot(), prompt);
          prompt.endOfMemory();
        } else if (content instanceof Message.Video video) {
          video(video, prompt);
        }
      }
      prompt.template("<end_of_utterance>\n");
    }
    prompt.template("Assistant:");
  }

  private static void picture(int slot, Prompt.Builder prompt) {
    prompt
        .template("<fake_token_around_image><global-img>")
        .slot(slot)
        .template("<fake_token_around_image>");
  }

  private static void video(Message.Video video, Prompt.Builder prompt) {
    List<Message.Slot> slots = video.slots();
    prompt.template(
        "You are provided the following series of "
            + Times.words(slots.size())
            + " frames from a "
            + Times.length(video.length())
            + " [H:MM:SS] video.\n");
    for (int i = 0; i < slots.size(); i++) {
      prompt.template("\n");
      Turns.words(slots.get(i), prompt);
      prompt.template(Turns.announcement(slots.get(i)));
      picture(i, prompt);
    }
    prompt.endOfMemory().template("\n\n");
  }
}
