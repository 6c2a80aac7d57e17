package io.moviechat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Assembles what breakpoint mode gives the model: long-term memory of the past, short-term frames
 * just before the moment, the current frame (MovieChat, section 3.4, "Breakpoint mode"). Unlike the
 * original, which reads the video again from its start, the past comes from memory and only a
 * window is decoded.
 */
final class BreakpointMemory {
  private final VideoReader reader;
  private final OpenedModel model;

  BreakpointMemory(VideoReader reader, OpenedModel model) {
    this.reader = reader;
    this.model = model;
  }

  /**
   * Looks at the video, which may take its time, and only then uses the model.
   *
   * @param past what is remembered until the moment
   * @param holdsFrameAtEnd whether the frame at the past's end is remembered (the newest slot of a
   *     whole memory), or is the first one that is not (the slot that straddles the moment)
   * @param whole what is remembered of the whole movie, for the spacing of its frames
   */
  MemorySnapshot at(
      Duration moment, MemorySnapshot past, boolean holdsFrameAtEnd, MemorySnapshot whole) {
    FrameFormat format = model.encoder().preferredFormat();
    Optional<Frame> current = reader.frameAt(moment, format);
    if (current.isEmpty()) {
      return past;
    }
    Duration unseenFrom = holdsFrameAtEnd ? past.end().plusNanos(1) : past.end();
    int shortTermFrames = model.breakpointFrames();
    List<Frame> frames = new ArrayList<>();
    try {
      long intervals = Math.max(1, whole.framesSeen() - 1);
      Duration spacing = whole.end().dividedBy(intervals);
      if (!spacing.isZero()) {
        Duration from = latest(unseenFrom, moment.minus(spacing.multipliedBy(shortTermFrames)));
        Duration to = current.get().timestamp();
        frames.addAll(reader.window(from, to, FrameSampling.every(spacing), format));
      }
      frames.removeIf(frame -> dropped(frame, unseenFrom, current.get().timestamp()));
      while (frames.size() > shortTermFrames) {
        frames.remove(0).close();
      }
      frames.add(current.get());
      return model.lease().use(() -> assemble(past, model.encoder().encodeAll(frames), moment));
    } finally {
      frames.forEach(Frame::close);
      current.get().close();
    }
  }

  private static boolean dropped(Frame frame, Duration from, Duration to) {
    boolean outside = frame.timestamp().compareTo(from) < 0 || frame.timestamp().compareTo(to) >= 0;
    if (outside) {
      frame.close();
    }
    return outside;
  }

  private static MemorySnapshot assemble(
      MemorySnapshot past, List<FrameTokens> recent, Duration moment) {
    try {
      // The current frame may have been on screen before the newest slot of the past ended: it then
      // repeats what that slot knows, in full detail, and its span starts where the slot ends.
      List<MemorySlot> slots = new ArrayList<>(past.slots());
      for (int i = 0; i < recent.size(); i++) {
        FrameTokens frame = recent.get(i);
        boolean last = i == recent.size() - 1;
        Duration start = latest(past.end(), frame.timestamp());
        Duration end = last ? latest(moment, start) : recent.get(i + 1).timestamp();
        slots.add(
            MemorySlot.of(
                last ? MemorySlot.Tier.CURRENT : MemorySlot.Tier.SHORT_TERM,
                start,
                latest(start, end),
                1,
                start,
                1.0,
                frame.shape(),
                frame.values()));
      }
      long seen = past.framesSeen() + recent.size();
      return new MemorySnapshot(past.shape(), slots, seen, past.framesForgotten());
    } finally {
      recent.forEach(FrameTokens::close);
    }
  }

  private static Duration latest(Duration a, Duration b) {
    return a.compareTo(b) >= 0 ? a : b;
  }
}
