package io.moviechat.spi;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.MemorySnapshot;
import io.moviechat.speech.Cues;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * What a question is asked about: the whole movie (global mode) or a moment of it (breakpoint
 * mode). Immutable and thread-safe. Views are compared by identity: a movie makes one view of
 * itself and one for each {@link io.moviechat.Moment}, and a generator may keep by view what the
 * sessions about it share.
 */
public final class MovieView {
  private final MemorySnapshot memory;
  private final Optional<Duration> breakpoint;
  private final Pictures pictures;
  private final Cues cues;

  private MovieView(
      MemorySnapshot memory, Optional<Duration> breakpoint, Pictures pictures, Cues cues) {
    this.memory = memory;
    this.breakpoint = breakpoint;
    this.pictures = pictures;
    this.cues = cues;
  }

  /** A view of the whole movie, without pictures. */
  public static MovieView of(MemorySnapshot memory) {
    return new MovieView(
        Objects.requireNonNull(memory, "memory"), Optional.empty(), Pictures.NONE, Cues.NONE);
  }

  /** A view of a moment with the same memory, which holds nothing later, and the same pictures. */
  public MovieView at(Duration moment) {
    return new MovieView(memory, Optional.of(moment), pictures, cues);
  }

  /** A view with pictures of the movie, for generators that read pictures. */
  public MovieView with(Pictures newPictures) {
    return new MovieView(memory, breakpoint, Objects.requireNonNull(newPictures, "pictures"), cues);
  }

  /** The same view of another part of the same movie's memory. */
  public MovieView withMemory(MemorySnapshot newMemory) {
    return new MovieView(Objects.requireNonNull(newMemory, "memory"), breakpoint, pictures, cues);
  }

  /** The same view with what the movie says; in breakpoint mode nothing later than the moment. */
  public MovieView withCues(Cues newCues) {
    return new MovieView(memory, breakpoint, pictures, Objects.requireNonNull(newCues, "cues"));
  }

  /** What the movie says; in breakpoint mode nothing later than the moment. */
  public Cues cues() {
    return cues;
  }

  /** What is remembered; in breakpoint mode nothing later than the moment. */
  public MemorySnapshot memory() {
    return memory;
  }

  /** The moment, empty in global mode. */
  public Optional<Duration> breakpoint() {
    return breakpoint;
  }

  /** Pictures of the movie. */
  public Pictures pictures() {
    return pictures;
  }

  @Override
  public String toString() {
    return "MovieView["
        + breakpoint.map(moment -> "at " + moment).orElse("whole")
        + ", "
        + memory.slots().size()
        + " slots]";
  }

  /** Pictures of a movie by time. Thread-safe. */
  @FunctionalInterface
  public interface Pictures {
    /** No pictures: the movie came from a file of its memory alone. */
    Pictures NONE = (moment, format) -> Optional.empty();

    /**
     * The frame on screen at a moment; empty if the video is not at hand.
     *
     * @return a frame that the caller closes
     * @throws io.moviechat.VideoException if the video is there but cannot be decoded
     */
    Optional<Frame> frameAt(Duration moment, FrameFormat format);
  }
}
