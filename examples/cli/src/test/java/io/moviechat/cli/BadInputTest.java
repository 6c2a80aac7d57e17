package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.internal.NativeOwner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each message names the thing, what was found, what was expected and what to do. */
class BadInputTest {
  @TempDir static Path clips;
  static Path good;

  @TempDir Path folder;

  @BeforeAll
  static void makeClip() {
    good = Clips.good(clips, 3);
  }

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  private static Ran ask(Object model, Object video, String... more) {
    String[] fixed = {
      "ask", "--model", model.toString(), "--video", video.toString(), "--max-new-tokens", "4"
    };
    String[] args = new String[fixed.length + more.length];
    System.arraycopy(fixed, 0, args, 0, fixed.length);
    System.arraycopy(more, 0, args, fixed.length, more.length);
    return Ran.command(args);
  }

  private static Ran ask(Object video) {
    return ask(Bundles.of(Bundles.ONE_VISION), video, "-q", "What happens?");
  }

  private static Ran askModel(Path model) {
    return ask(model, good, "-q", "What happens?");
  }

  /** One line on standard error, nothing on standard output. */
  private static void assertRefused(Ran ran, int exitCode, String... parts) {
    assertThat(ran.err()).startsWith("moviechat: ").contains(parts);
    assertThat(ran.err().stripTrailing()).doesNotContain("\n").doesNotContain("Exception");
    assertThat(ran.out()).isEmpty();
    assertThat(ran.exitCode()).isEqualTo(exitCode);
  }

  @Test
  void a_good_clip_and_model_are_not_refused() {
    Ran ran = ask(good);

    assertThat(ran.err()).isEmpty();
    assertThat(ran.exitCode()).isZero();
  }

  @Test
  void a_missing_video() {
    assertRefused(ask(folder.resolve("nowhere.mp4")), 1, "there is no file", "nowhere.mp4");
  }

  @Test
  void a_directory_for_a_video() {
    assertRefused(ask(folder), 1, folder.toString(), "is a directory", "name a video file");
  }

  @Test
  void an_empty_video() {
    assertRefused(ask(Clips.empty(folder)), 1, "empty.mp4", "is empty", "0 bytes");
  }

  @Test
  void a_text_with_the_name_of_a_video() {
    assertRefused(ask(Clips.text(folder)), 1, "list.mp4", "not a video", "expected", "MP4");
  }

  @Test
  void audio_only() {
    assertRefused(ask(Clips.audioOnly(folder)), 1, "song.mp4", "no video track", "AUDIO pcm_s16le");
  }

  @Test
  void a_video_cut_in_the_middle() throws IOException {
    Path copy = Files.copy(good, folder.resolve("whole.mp4"));

    assertRefused(ask(Clips.cut(copy, 0.5)), 1, "cut.mp4", "index is missing", "complete file");
  }

  @Test
  void an_address_that_no_video_source_knows() {
    assertRefused(ask("gopher://example.org/movie"), 1, "gopher://example.org/movie");
  }

  @Test
  void a_missing_model_folder() {
    assertRefused(askModel(folder.resolve("no-model")), 1, "no-model", "config.json");
  }

  @Test
  void a_file_for_a_model_folder() {
    assertRefused(askModel(good), 1, good.toString());
  }

  @Test
  void a_model_folder_without_its_decoder() throws IOException {
    Path model = Bundles.copy(Bundles.SMOL_VLM, folder);
    Files.delete(model.resolve("onnx/decoder_model_merged.onnx"));

    assertRefused(askModel(model), 1, model.toString(), "decoder_model_merged", "is missing");
  }

  @Test
  void a_model_folder_without_its_tokenizer_and_configuration() throws IOException {
    Path model = Bundles.copy(Bundles.SMOL_VLM, folder);
    Files.delete(model.resolve("tokenizer.json"));
    Files.delete(model.resolve("preprocessor_config.json"));

    assertRefused(
        askModel(model),
        1,
        "2 problems: ",
        "tokenizer.json is missing",
        "preprocessor_config.json is missing");
  }

  @Test
  void a_truncated_graph() throws IOException {
    Path model = Bundles.copy(Bundles.SMOL_VLM, folder);
    Bundles.truncate(model.resolve("onnx/vision_encoder.onnx"), 0.5);

    assertRefused(askModel(model), 1, model.toString(), "vision_encoder.onnx");
  }

  @Test
  void truncated_external_weights() throws IOException {
    Path model = Bundles.copy(Bundles.SMOL_VLM, folder);
    Bundles.truncate(model.resolve("onnx/decoder_model_merged.onnx_data"), 0.9);

    assertRefused(askModel(model), 1, "decoder_model_merged.onnx_data", "cut off", "bytes");
  }

  @Test
  void a_truncated_configuration() throws IOException {
    Path model = Bundles.copy(Bundles.SMOL_VLM, folder);
    Bundles.truncate(model.resolve("config.json"), 0.5);

    assertRefused(askModel(model), 1, model.toString(), "config.json");
  }

  @Test
  void a_tokenizer_that_does_not_match_the_embeddings() throws IOException {
    Path model = Bundles.copy(Bundles.ONE_VISION, folder);
    Bundles.replace(
        model.resolve("tokenizer.json"),
        "\"added_tokens\": [",
        "\"added_tokens\": [{\"id\": 99999, \"content\": \"<far>\", \"single_word\": false,"
            + " \"lstrip\": false, \"rstrip\": false, \"normalized\": false, \"special\": true},");

    assertRefused(
        askModel(model), 1, "tokenizer.json", "99999", "embed_tokens.onnx", "rows of embeddings");
  }

  @Test
  void an_encoder_and_a_decoder_of_different_width() throws IOException {
    Path model = Bundles.copy(Bundles.ONE_VISION, folder);
    Files.copy(
        Bundles.of(Bundles.SMOL_VLM).resolve("onnx/vision_encoder.onnx"),
        model.resolve("onnx/vision_encoder.onnx"),
        StandardCopyOption.REPLACE_EXISTING);

    assertRefused(
        askModel(model), 1, "vision_encoder.onnx", "width 72", "width 64", "take both from one");
  }

  @Test
  void an_unknown_model_type() throws IOException {
    Path model = Bundles.copy(Bundles.ONE_VISION, folder);
    Bundles.replace(
        model.resolve("config.json"),
        "\"model_type\": \"llava_onevision\"",
        "\"model_type\": \"llava_threevision\"");

    assertRefused(
        askModel(model), 1, "llava_threevision", "is unknown", "known are", "llava_onevision");
  }

  @Test
  void a_precision_that_the_bundle_lacks() {
    assertRefused(
        ask(Bundles.of(Bundles.SMOL_VLM), good, "-q", "What?", "--precision", "q4"),
        1,
        "_q4.onnx is missing");
  }

  @Test
  void a_frame_size_or_a_letterbox_for_a_model_that_takes_none() {
    assertRefused(
        ask(Bundles.of(Bundles.SMOL_VLM), good, "-q", "What?", "--frame-size", "640x352"),
        1,
        "a frame size cannot be chosen");
    assertRefused(
        ask(Bundles.of(Bundles.SMOL_VLM), good, "-q", "What?", "--letterbox"),
        1,
        "was not trained on letterboxed frames");
  }

  @Test
  void a_breakpoint_past_the_end() {
    assertRefused(
        ask(Bundles.of(Bundles.ONE_VISION), good, "-q", "What?", "--at", "00:01:05"),
        1,
        "the breakpoint 00:01:05 is past the end of " + good,
        "lasts 00:00:03",
        "choose a time from 00:00:00 to 00:00:03");
  }

  @Test
  void an_empty_question() {
    assertRefused(
        ask(Bundles.of(Bundles.ONE_VISION), good, "-q", "  "),
        2,
        "the question is empty",
        "--question");
  }

  @Test
  void a_prompt_longer_than_the_context() {
    assertRefused(
        ask(Bundles.of(Bundles.ONE_VISION), good, "-q", "Why? ".repeat(5_000)),
        1,
        "the prompt has",
        "tokens",
        "1024");
  }

  @Test
  void a_memory_file_that_is_none() throws IOException {
    Path file = Files.writeString(folder.resolve("notes.memory"), "no memory at all");

    assertRefused(
        Ran.command(
            "ask",
            "--model",
            Bundles.of(Bundles.ONE_VISION).toString(),
            "--memory-file",
            file.toString(),
            "-q",
            "What?"),
        1,
        "notes.memory");
  }

  @Test
  void a_memory_file_in_a_missing_folder_is_found_out_before_watching() {
    assertRefused(
        ask(
            Bundles.of(Bundles.ONE_VISION),
            good,
            "-q",
            "What?",
            "--memory-file",
            folder.resolve("no/such/folder/x.memory").toString()),
        1,
        "x.memory",
        "folder is missing");
  }

  @Test
  void verbose_shows_the_stack_trace_before_the_line() {
    Ran ran = ask(Bundles.of(Bundles.ONE_VISION), folder, "-q", "What?", "--verbose");

    assertThat(ran.err()).contains("io.moviechat.VideoException", "\tat ");
    assertThat(ran.err().lines().toList())
        .last()
        .asString()
        .startsWith("moviechat: " + folder + " is a directory");
    assertThat(ran.exitCode()).isEqualTo(1);
  }
}
