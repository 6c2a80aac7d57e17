package io.moviechat.llm;

import com.google.common.collect.ImmutableList;
import io.moviechat.GenerationOptions;
import java.util.Arrays;

/**
 * The prompt of the original MovieChat code, its stop rule, and what it makes of the generated
 * tokens (models/chat_model.py and the inference scripts), for bundles made of its checkpoints.
 *
 * <p>The text around the video is encoded in two parts: the first with the tokenizer's begin token,
 * the second without; the visual rows stand between them.
 */
final class OriginalPrompt {
  /** The original's inference script. */
  static final OriginalPrompt INFERENCE = new OriginalPrompt("in details.");

  /** Its evaluation scripts. */
  static final OriginalPrompt EVALUATION = new OriginalPrompt(".");

  /** Its evaluation scripts for short videos. */
  static final OriginalPrompt SHORT_VIDEO = new OriginalPrompt("in detail.");

  /** How the original samples; its nucleus sampling is not deterministic without a seed. */
  static final GenerationOptions SAMPLING = GenerationOptions.ORIGINAL;

  /** Longest prompt with its answer; what is longer loses its beginning. */
  static final int LONGEST = 2000;

  /** "###" as one token and as two, in LLaMA's vocabulary. */
  private static final ImmutableList<int[]> STOPS =
      ImmutableList.of(new int[] {835}, new int[] {2277, 29937});

  private final String system;

  private OriginalPrompt(String ending) {
    // The missing blank after "provides." is the original's, and what its weights were tuned with.
    this.system =
        "You are able to understand the visual content that the user provides."
            + "Follow the instructions carefully and explain your answers"
            + (ending.equals(".") ? "" : " ")
            + ending;
  }

  /** The system sentence. */
  String system() {
    return system;
  }

  /** What stands before the visual rows. */
  String before() {
    return system + "###Human: <Video>";
  }

  /** What stands after the visual rows. */
  String after(String question) {
    return "</Video> " + question + "###Assistant:";
  }

  /** Whether ids end with one of the two tokenizations of "###". */
  static boolean stops(int[] ids, int count) {
    for (int[] stop : STOPS) {
      if (count >= stop.length
          && Arrays.equals(ids, count - stop.length, count, stop, 0, stop.length)) {
        return true;
      }
    }
    return false;
  }

  /** How many ids at the beginning are no part of the answer: one 0, then one 1. */
  static int leading(int[] ids, int count) {
    int first = 0;
    if (first < count && ids[first] == 0) {
      first++;
    }
    if (first < count && ids[first] == 1) {
      first++;
    }
    return first;
  }

  /** The answer in decoded text: before the first "###", after the last "Assistant:". */
  static String clean(String decoded) {
    int end = decoded.indexOf("###");
    String text = end < 0 ? decoded : decoded.substring(0, end);
    int begin = text.lastIndexOf("Assistant:");
    return (begin < 0 ? text : text.substring(begin + "Assistant:".length())).strip();
  }

  /** The first position of a prompt that is kept. */
  static int firstKept(int length, int maxTokens) {
    return Math.max(0, length - (LONGEST - maxTokens));
  }
}
