package io.moviechat.llm.remote;

import java.util.Locale;
import java.util.regex.Pattern;

/** What to do about a server's refusal, where its words tell. */
final class Refusals {
  private static final Pattern MANY_IMAGES =
      Pattern.compile(
          "(at most|too many|limit|maximum|exceed)[^.]*\\b(image|multimodal|multi-modal)"
              + "|\\b(image|multimodal|multi-modal)[^.]*(at most|too many|limit|maximum|exceed)");
  private static final Pattern LONG_PROMPT =
      Pattern.compile(
          "context|n_ctx|maximum.{0,20}length|max_model_len|prompt is too long"
              + "|too many tokens|exceeds? the.{0,20}(size|length)");
  private static final Pattern NO_PICTURES =
      Pattern.compile(
          "(not|n't).{0,40}(support|process|accept).{0,30}(image|vision|multimodal)"
              + "|image input is not supported|not a (multimodal|vision) model|mmproj");

  private Refusals() {}

  /** Whether a server says that a prompt is longer than its context. */
  static boolean isTooLong(String body) {
    String text = body.toLowerCase(Locale.ROOT);
    return !MANY_IMAGES.matcher(text).find() && LONG_PROMPT.matcher(text).find();
  }

  /** A sentence in brackets that begins with a space, or nothing. */
  static String advice(int status, String body, int pictures) {
    String text = body.toLowerCase(Locale.ROOT);
    if (NO_PICTURES.matcher(text).find()) {
      return " (the model must be one that sees pictures)";
    }
    if (MANY_IMAGES.matcher(text).find()) {
      return " ("
          + pictures
          + " pictures were sent: lower maxImages, or raise the server's limit,"
          + " --limit-mm-per-prompt of vLLM)";
    }
    if (LONG_PROMPT.matcher(text).find()) {
      return " ("
          + pictures
          + " pictures were sent: lower maxImages or imageFormat, or give the server a longer"
          + " context: --max-model-len of vLLM, -c of llama.cpp, num_ctx of Ollama)";
    }
    return switch (status) {
      case 401, 403 -> " (is the key right?)";
      case 404 ->
          " (is the address right up to its version, as in http://localhost:8000/v1, and is the"
              + " model named as the server names it?)";
      case 301, 302, 303, 307, 308 -> " (redirects are not followed: give the address itself)";
      case 413 -> " (" + pictures + " pictures were sent: lower maxImages or imageFormat)";
      default -> "";
    };
  }
}
