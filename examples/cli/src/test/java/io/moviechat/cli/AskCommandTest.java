package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.internal.NativeOwner;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class AskCommandTest {
  @TempDir static Path clips;
  static Path clip;

  @TempDir Path folder;

  @BeforeAll
  static void makeClip() {
    clip = Clips.good(clips, 6);
  }

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  static List<String> bundles() {
    return Bundles.all();
  }

  private static String[] args(String bundle, String... more) {
    List<String> args = new ArrayList<>(List.of("ask", "-q", "What happens?"));
    args.addAll(List.of("--model", Bundles.of(bundle).toString(), "--max-new-tokens", "12"));
    args.addAll(List.of(more));
    return args.toArray(String[]::new);
  }

  private static Ran ask(String bundle, String... more) {
    Ran ran = Ran.command(args(bundle, more));
    assertThat(ran.err()).isEmpty();
    assertThat(ran.exitCode()).isZero();
    return ran;
  }

  private static Map<String, List<String>> json(String text) {
    return JsonLeaves.of(text);
  }

  @ParameterizedTest
  @MethodSource("bundles")
  void prints_one_json_object_with_everything_asked_for(String bundle) {
    Map<String, List<String>> json =
        json(ask(bundle, "--video", clip.toString(), "--frames", "5", "--json").out());

    assertThat(json.keySet())
        .contains(
            "/answer",
            "/finishReason",
            "/promptTokens",
            "/frames",
            "/slots",
            "/memoryBytes",
            "/evidence[]/start",
            "/evidence[]/end",
            "/evidence[]/frames",
            "/timings/watchMs",
            "/timings/decodeMs",
            "/timings/encodeMs",
            "/timings/memoryMs",
            "/timings/prefillMs",
            "/timings/firstTokenMs",
            "/timings/generateMs",
            "/tokens[]");
    assertThat(json).hasSize(17);
    assertThat(json.get("/frames")).containsExactly("5");
    int slots = Integer.parseInt(json.get("/slots").get(0));
    assertThat(slots).isBetween(1, 5);
    assertThat(json.get("/evidence[]/frames")).hasSize(slots);
    assertThat(json.get("/evidence[]/frames").stream().mapToInt(Integer::parseInt).sum())
        .isEqualTo(5);
    assertThat(json.get("/finishReason").get(0)).isIn("stop", "length");
    assertThat(json.get("/tokens[]")).hasSizeBetween(1, 12);
  }

  @ParameterizedTest
  @MethodSource("bundles")
  void streams_the_same_answer_that_json_tells(String bundle) {
    String[] settings = {"--video", clip.toString(), "--interval", "2"};
    List<String> withJson = new ArrayList<>(List.of(settings));
    withJson.add("--json");

    String text = ask(bundle, settings).out();

    assertThat(text)
        .isEqualTo(
            json(ask(bundle, withJson.toArray(String[]::new)).out()).get("/answer").get(0)
                + System.lineSeparator());
    assertThat(text).isNotBlank();
  }

  @Test
  void a_breakpoint_is_given_nothing_later() {
    Map<String, List<String>> json =
        json(
            ask(Bundles.ONE_VISION, "--video", clip.toString(), "--at", "00:00:04", "--json")
                .out());

    assertThat(json.get("/evidence[]/end").stream().mapToDouble(Double::parseDouble).max())
        .hasValue(4.0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "5.9", "00:00:06"})
  void the_first_and_last_moments_can_be_asked_about(String moment) {
    ask(Bundles.ONE_VISION, "--video", clip.toString(), "--at", moment);
  }

  @Test
  void sampling_is_repeated_by_its_seed() {
    String[] settings = {
      "--video", clip.toString(), "--temperature", "1.5", "--top-p", "0.95", "--top-k", "50"
    };
    List<String> seven = new ArrayList<>(List.of(settings));
    seven.addAll(List.of("--seed", "7"));
    List<String> eight = new ArrayList<>(List.of(settings));
    eight.addAll(List.of("--seed", "8"));

    String first = ask(Bundles.SMOL_VLM, seven.toArray(String[]::new)).out();

    assertThat(ask(Bundles.SMOL_VLM, seven.toArray(String[]::new)).out()).isEqualTo(first);
    assertThat(ask(Bundles.SMOL_VLM, eight.toArray(String[]::new)).out()).isNotEqualTo(first);
  }

  @Test
  void another_memory_strategy_is_taken_by_name() {
    ask(Bundles.SMOL_VLM, "--video", clip.toString(), "--memory", "moviechat-released");
  }

  @Test
  void a_saved_memory_answers_without_the_video() throws IOException {
    Path file = folder.resolve("clip.memory");
    Path video = Files.copy(clip, folder.resolve("clip.mp4"));
    String watched =
        ask(Bundles.ONE_VISION, "--video", video.toString(), "--memory-file", file.toString())
            .out();
    assertThat(file).isRegularFile();
    Files.delete(video);

    Map<String, List<String>> json =
        json(ask(Bundles.ONE_VISION, "--memory-file", file.toString(), "--json").out());

    assertThat(json.get("/answer").get(0) + System.lineSeparator()).isEqualTo(watched);
    assertThat(json.get("/timings/watchMs")).containsExactly("0");
  }

  @Test
  void a_saved_memory_refuses_another_video_and_another_model() {
    Path file = folder.resolve("clip.memory");
    ask(Bundles.ONE_VISION, "--video", clip.toString(), "--memory-file", file.toString());
    Path other = Clips.good(folder, 2);

    Ran ran =
        Ran.command(
            args(
                Bundles.ONE_VISION, "--video", other.toString(), "--memory-file", file.toString()));
    assertThat(ran.err()).contains("clip.memory", "clip-6s.mp4", "clip-2s.mp4");
    assertThat(ran.exitCode()).isEqualTo(1);

    ran = Ran.command(args(Bundles.SMOL_VLM, "--memory-file", file.toString()));
    assertThat(ran.err()).contains("clip.memory", "llava_onevision", "smolvlm");
    assertThat(ran.exitCode()).isEqualTo(1);
  }

  @Test
  void a_terminal_sees_progress_that_is_gone_when_the_answer_comes() {
    String[] args = args(Bundles.SMOL_VLM, "--video", clip.toString(), "--interval", "1");

    Ran ran = Ran.inTerminal("", args);

    assertThat(ran.exitCode()).isZero();
    assertThat(ran.err())
        .contains("opening " + Bundles.SMOL_VLM, "watching [", "reading ", " memory slots");
    assertThat(ran.err()).contains("(cut after 12 tokens; --max-new-tokens sets that)");
    assertThat(ran.out()).isEqualTo(Ran.command(args).out());
  }

  @Test
  void ending_the_process_cancels_watching_and_closes_everything() {
    Interruption interruption = new Interruption();
    AtomicBoolean once = new AtomicBoolean();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    PrintStream shown =
        new PrintStream(err, true, StandardCharsets.UTF_8) {
          @Override
          public void print(String text) {
            super.print(text);
            if (text.contains("watching") && once.compareAndSet(false, true)) {
              new Thread(interruption::request).start(); // as the shutdown hook does
              while (!interruption.requested()) {
                Thread.onSpinWait();
              }
            }
          }
        };
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Terminal terminal =
        new Terminal(
            prompt -> null,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            shown,
            false,
            true,
            80);

    int exitCode =
        Moviechat.run(
            new Context(terminal, interruption),
            args(Bundles.SMOL_VLM, "--video", clip.toString(), "--sampling", "every-frame"));
    interruption.finished();

    assertThat(exitCode).isEqualTo(1);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("moviechat: cancelled");
    assertThat(out.size()).isZero();
  }
}
