package io.moviechat;

import io.moviechat.ocr.OcrOptions;
import io.moviechat.ocr.TextRecognizer;
import io.moviechat.speech.Cues;
import io.moviechat.spi.FrameStream;
import io.moviechat.spi.VideoSource;
import io.moviechat.spi.VideoSourceProvider;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The text in the pictures of one film. It is decoded once more, in its own size: the pictures of a
 * model are too small to read in.
 */
final class Reading extends Collecting {
  private final VideoSourceProvider provider;
  private final VideoLocation location;
  private final Words words;
  private final Cues earlier;

  /**
   * @param earlier what was read before; reading goes on behind it
   */
  Reading(VideoSourceProvider provider, VideoLocation location, Words words, Cues earlier) {
    super("reading", location, earlier, words.reader().isPresent());
    this.provider = provider;
    this.location = location;
    this.words = words;
    this.earlier = earlier;
  }

  @Override
  void collect() {
    if (provider.isLive(location)) {
      throw new VideoException(
          location + " is live: it cannot be opened once more to read text in its pictures");
    }
    try (VideoSource source = provider.open(location)) {
      if (isWanted(source)) {
        setCues(cues().withProblem(Optional.empty())); // of the pass before
        read(source, words.reader().orElseThrow(), words.ocr());
      }
    }
  }

  private void read(VideoSource source, TextRecognizer recognizer, OcrOptions options) {
    ScreenText text = ScreenText.after(earlier);
    Cues gone = earlier.only(cue -> !text.isOn(cue));
    Duration last = earlier.read();
    try (FrameStream frames =
        source.frames(
            last, VideoSource.END, FrameSampling.every(options.interval()), FrameFormat.ORIGINAL)) {
      Optional<Frame> next = next(frames);
      while (next.isPresent() && !isEnded()) {
        try (Frame frame = next.get()) {
          List<TextRecognizer.Line> lines =
              recognizer.read(frame).stream()
                  .filter(line -> line.probability() >= options.minProbability())
                  .toList();
          last = frame.timestamp();
          gone = gone.plus(text.see(last, lines));
          setCues(gone.plus(text.on(last)).withRead(last));
        }
        next = next(frames);
      }
    }
    if (!isStopped() && !isEnded()) {
      Duration seen = last;
      Duration end = source.length().filter(length -> length.compareTo(seen) > 0).orElse(seen);
      setCues(gone.plus(text.on(end)).withRead(end));
    }
  }

  private Optional<Frame> next(FrameStream frames) {
    try {
      return isStopped() ? Optional.empty() : frames.next();
    } catch (VideoException | IllegalStateException e) {
      if (isStopped()) {
        return Optional.empty();
      }
      throw e;
    }
  }
}
