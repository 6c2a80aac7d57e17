package io.moviechat;

import io.moviechat.speech.Cue;
import io.moviechat.speech.Cues;
import io.moviechat.spi.VideoSourceProvider;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** All words of one film, collected beside its pictures: what is said, and what is written. */
final class WordsPass implements AutoCloseable {
  private final Listening listening;
  private final Reading reading;
  private final List<Collecting> both;

  /**
   * @param earlier what was collected before; this goes on behind it
   */
  WordsPass(VideoSourceProvider provider, VideoLocation location, Words words, Cues earlier) {
    Cues written = earlier.only(cue -> cue.origin() == Cue.Origin.SCREEN_TEXT);
    Cues said = earlier.only(cue -> cue.origin() != Cue.Origin.SCREEN_TEXT);
    listening = new Listening(provider, location, words, said);
    reading =
        new Reading(
            provider, location, words, written.withForgotten(0).withProblem(Optional.empty()));
    both = List.of(listening, reading);
  }

  /** Begins, once: when the video is known to be there. */
  void begin() {
    both.forEach(Collecting::begin);
  }

  /** What was collected until now. */
  Cues cues() {
    Cues said = listening.cues();
    Cues written = reading.cues();
    Optional<String> problem =
        Stream.of(said, written)
            .flatMap(cues -> cues.problem().stream())
            .collect(Collectors.collectingAndThen(Collectors.joining("; "), Optional::of))
            .filter(text -> !text.isEmpty());
    return said.plus(written.list())
        .withRead(written.read())
        .withForgotten(said.forgotten() + written.forgotten())
        .withProblem(problem);
  }

  /** Up to where the film was listened to. */
  Duration heard() {
    return listening.cues().heard();
  }

  /** Up to where text was read in its pictures. */
  Duration read() {
    return reading.cues().read();
  }

  /** Waits until nothing more will come. */
  boolean awaitDone(long millis) throws InterruptedException {
    return listening.awaitDone(millis) && reading.awaitDone(millis);
  }

  /** Ends it here: what was heard and read still counts. Does not wait. */
  void stop() {
    both.forEach(Collecting::stop);
  }

  /** Ends reads that do not end by themselves after {@link #stop}. */
  void endSources() {
    both.forEach(Collecting::endSource);
  }

  @Override
  public void close() {
    both.forEach(Collecting::close);
  }
}
