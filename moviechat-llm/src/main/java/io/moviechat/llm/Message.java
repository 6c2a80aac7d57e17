package io.moviechat.llm;

import io.moviechat.MemorySlot;
import io.moviechat.llm.internal.CueLines;
import io.moviechat.speech.Cue;
import io.moviechat.spi.MovieView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One message of a chat, before it becomes a prompt.
 *
 * @param role who speaks
 * @param content what is said or shown, in order
 */
record Message(Role role, List<Content> content) {
  enum Role {
    SYSTEM,
    USER,
    ASSISTANT
  }

  /** A part of a message. */
  sealed interface Content {}

  /** Text that somebody typed or a model wrote; special tokens in it are mere text. */
  record Text(String text) implements Content {}

  /** One picture: the visual rows of a memory slot, without a time. */
  record Image(int slot) implements Content {}

  /**
   * A video: all slots of a memory.
   *
   * @param slots in order
   * @param now the moment that is asked about, in breakpoint mode
   * @param length of the video so far
   */
  record Video(List<Slot> slots, Optional<Duration> now, Duration length) implements Content {
    Video {
      slots = List.copyOf(slots);
    }

    static Video of(MovieView view) {
      return of(view, List.of());
    }

    /**
     * @param cues to be shown, in order
     */
    static Video of(MovieView view, List<Cue> cues) {
      List<MemorySlot> memory = view.memory().slots();
      List<List<Cue>> said =
          CueLines.atSlots(memory.stream().map(MemorySlot::start).toList(), cues);
      List<Slot> slots = new ArrayList<>();
      for (int i = 0; i < memory.size(); i++) {
        MemorySlot slot = memory.get(i);
        slots.add(
            new Slot(
                slot.start(),
                slot.end(),
                slot.frames(),
                slot.tier() == MemorySlot.Tier.CURRENT,
                said.get(i)));
      }
      return new Video(slots, view.breakpoint(), view.breakpoint().orElse(view.memory().end()));
    }
  }

  /**
   * What a prompt may say about a slot.
   *
   * @param frames that it stands for
   * @param current whether it is what is on screen now
   * @param cues what is said from then on, in order
   */
  record Slot(Duration start, Duration end, long frames, boolean current, List<Cue> cues) {
    Slot {
      cues = List.copyOf(cues);
    }
  }

  Message {
    content = List.copyOf(content);
  }

  static Message of(Role role, Content... content) {
    return new Message(role, List.of(content));
  }
}
