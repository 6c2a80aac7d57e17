package io.moviechat.llm.internal;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.InferenceException;
import io.moviechat.MemorySlot;
import io.moviechat.internal.JavaPictures;
import io.moviechat.speech.Cue;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.MovieView;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;

/** A memory as pictures with their times, for models that see pictures instead of our tokens. */
public final class Pictures {
  /**
   * One picture.
   *
   * @param start of its slot
   * @param caption says its time
   * @param jpegBase64 the picture
   */
  public record Picture(Duration start, String caption, String jpegBase64) {}

  /** Characters of what is said in one question: about a quarter of a context of 8,192 tokens. */
  private static final int MOST_SAID = 8_000;

  private Pictures() {}

  /**
   * The representative frames of a view's slots.
   *
   * @param most of more slots so many are taken, evenly, the last one always
   * @throws InferenceException if there are slots but the video is not at hand
   */
  public static List<Picture> of(MovieView view, int most, FrameFormat format) {
    List<MemorySlot> slots = view.memory().slots();
    int count = Math.min(most, slots.size());
    List<Picture> pictures = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int index =
          count == 1 ? slots.size() - 1 : (int) ((long) i * (slots.size() - 1) / (count - 1));
      MemorySlot slot = slots.get(index);
      Optional<Frame> found = view.pictures().frameAt(slot.representative(), format);
      if (found.isPresent()) {
        try (Frame frame = found.get()) {
          pictures.add(new Picture(slot.start(), caption(slot), jpeg(frame)));
        }
      }
    }
    if (pictures.isEmpty() && !slots.isEmpty()) {
      throw new InferenceException(
          "this model sees pictures, but the video is not at hand to take them from; open the movie"
              + " with its video, or ask a model that reads the memory's own tokens");
    }
    return pictures;
  }

  /** What is said of a request: as many of the most wanted cues as 8,000 characters hold. */
  public static List<Cue> said(AnswerRequest request) {
    return CueLines.fitting(request.cues(), MOST_SAID, cue -> CueLines.line(cue).length());
  }

  /**
   * The captions, each with what is said from then on before it.
   *
   * @param said in order of time
   */
  public static List<String> captions(List<Picture> pictures, List<Cue> said) {
    List<List<Cue>> cues = CueLines.atSlots(pictures.stream().map(Picture::start).toList(), said);
    List<String> captions = new ArrayList<>();
    for (int i = 0; i < pictures.size(); i++) {
      String lines = cues.get(i).stream().map(CueLines::line).collect(Collectors.joining());
      captions.add(lines + pictures.get(i).caption());
    }
    return captions;
  }

  private static String caption(MemorySlot slot) {
    if (slot.tier() == MemorySlot.Tier.CURRENT) {
      return "Frame now, at " + Times.hours(slot.start()) + ":";
    }
    if (slot.frames() == 1) {
      return "Frame from " + Times.hours(slot.start()) + ":";
    }
    return "Frames from " + Times.hours(slot.start()) + " to " + Times.hours(slot.end()) + ":";
  }

  private static String jpeg(Frame frame) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      if (!ImageIO.write(JavaPictures.of(frame), "jpg", bytes)) {
        throw new InferenceException("this JDK cannot write JPEG pictures");
      }
    } catch (IOException e) {
      throw new InferenceException("a picture cannot be encoded: " + e.getMessage(), e);
    }
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }
}
