package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.internal.NativeOwner;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatCommandTest {
  @TempDir static Path clips;
  static Path clip;

  @TempDir Path folder;

  @BeforeAll
  static void makeClip() {
    clip = Clips.good(clips, 5);
  }

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  private static String[] args() {
    return new String[] {
      "chat",
      "--model",
      Bundles.of(Bundles.SMOL_VLM).toString(),
      "--video",
      clip.toString(),
      "--max-new-tokens",
      "6"
    };
  }

  private static Ran chat(String... lines) {
    Ran ran = Ran.typing(String.join("\n", lines), args());
    assertThat(ran.exitCode()).isZero();
    return ran;
  }

  @Test
  void answers_each_line_on_a_line_of_its_own() {
    Ran ran = chat("What is it?", "", "   ", "And why?");

    assertThat(ran.out().lines()).hasSize(2);
    assertThat(ran.err()).isEmpty();
  }

  @Test
  void goes_on_in_one_conversation() {
    List<String> both = chat("What is it?", "And why?").out().lines().toList();

    assertThat(chat("And why?").out().lines().toList()).doesNotContain(both.get(1));
  }

  @Test
  void a_moment_and_the_whole_movie_are_different_conversations() {
    Ran ran = chat("/at 00:00:03", "/memory", "/all", "/memory");

    String[] memories = ran.out().split("strategy moviechat");
    assertThat(memories).hasSize(3);
    assertThat(memories[1]).contains("00:00:03 - 00:00:03", "  current").doesNotContain("00:00:04");
    assertThat(memories[2]).doesNotContain("  current");
  }

  @Test
  void a_mistake_ends_the_line_and_not_the_chat() {
    Ran ran = chat("/at 00:09:00", "/at soon", "/sing", "/save", "What is it?");

    assertThat(ran.err().lines())
        .hasSize(4)
        .allMatch(line -> line.startsWith("moviechat: "))
        .anyMatch(line -> line.contains("00:09:00 is past the end") && line.contains("00:00:05"))
        .anyMatch(line -> line.contains("'soon' is not a time"))
        .anyMatch(line -> line.contains("no command /sing; /help"))
        .anyMatch(line -> line.contains("/save needs a file name"));
    assertThat(ran.out().lines()).hasSize(1);
  }

  @Test
  void a_question_that_does_not_fit_ends_the_line_and_not_the_chat() {
    Ran ran = chat("Why? ".repeat(5_000), "What is it?");

    assertThat(ran.err()).contains("the prompt has");
    assertThat(ran.out().lines()).hasSize(1);
  }

  @Test
  void saves_the_memory() {
    Path file = folder.resolve("film.memory");

    assertThat(chat("/save " + file).err()).contains("saved to " + file);
    assertThat(file).isRegularFile();
  }

  @Test
  void quit_ends_and_what_follows_is_not_read() {
    assertThat(chat("/quit", "What is it?").out()).isEmpty();
  }

  @Test
  void a_person_is_told_what_to_do_and_prompted() {
    Ran ran = Ran.inTerminal("/help\n/at 3\n/quit\n", args());

    assertThat(ran.err()).contains("/help lists commands", "\n> ", "/save FILE", "00:00:03> ");
    assertThat(ran.out()).isEmpty();
  }
}
