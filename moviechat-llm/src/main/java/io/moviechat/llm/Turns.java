package io.moviechat.llm;

import io.moviechat.llm.internal.CueLines;
import io.moviechat.llm.internal.Times;
import io.moviechat.speech.Cue;

/** What several families' prompts have in common. */
final class Turns {
  private Turns() {}

  /** How a turn begins in ChatML. */
  static String chatMl(Message.Role role) {
    return switch (role) {
      case SYSTEM -> "<|im_start|>system\n";
      case USER -> "<|im_start|>user\n";
      case ASSISTANT -> "<|im_start|>assistant\n";
    };
  }

  /** A slot's time, before its picture. */
  static String announcement(Message.Slot slot) {
    if (slot.current()) {
      return "Frame now, at " + Times.hours(slot.start()) + ":";
    }
    if (slot.frames() == 1) {
      return "Frame from " + Times.minutes(slot.start()) + ":";
    }
    return "Frames from " + Times.hours(slot.start()) + " to " + Times.hours(slot.end()) + ":";
  }

  /** What is said at a slot, before its announcement: a line for each cue. */
  static void words(Message.Slot slot, Prompt.Builder prompt) {
    for (Cue cue : slot.cues()) {
      prompt.template(CueLines.begin(cue)).user(CueLines.words(cue)).template(CueLines.END);
    }
  }

  /** What is said in a video, for families whose slots have no announcements. */
  static void words(Message.Video video, Prompt.Builder prompt) {
    video.slots().forEach(slot -> words(slot, prompt));
  }

  /** Tells past from present, in breakpoint mode; empty in global mode. */
  static String moment(Message.Video video) {
    return video
        .now()
        .map(
            now ->
                "The video is at "
                    + Times.hours(now)
                    + ". The last picture is what is on screen now, those before it are the past. ")
        .orElse("");
  }
}
