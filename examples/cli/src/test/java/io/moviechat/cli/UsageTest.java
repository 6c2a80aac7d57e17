package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UsageTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ''                                            | no command was given; there are demo, ask, chat
          sing                                          | there is no command 'sing'; there are demo
          aks                                           | no command 'aks'; did you mean ask?
          model pul a/b                                 | no command 'pul'; did you mean pull?
          ask --vide x.mp4                              | no option --vide; did you mean --video?
          ask --video x.mp4 --qestion Why?              | no option --qestion; did you mean --question?
          ask -q Why? --video x.mp4 --server http://h/v1  | --chat-model
          ask -q Why? --video x.mp4 --server ftp://h/v1 --chat-model m | must be an http or https address
          ask -q Why? --video x.mp4 --server http://h/v1 --chat-model m --model d | --server excludes --model
          ask -q Why? --video x.mp4 --server http://h/v1 --chat-model m --key-env NO_SUCH_VAR_ | NO_SUCH_VAR_ of --key-env is not set
          ask --video x.mp4                             | --question
          ask -q Why?                                   | use --video FILE
          ask -q Why? --memory-file nowhere.memory      | no memory file nowhere.memory yet
          ask -q Why? --video x.mp4 --frames none       | --frames
          ask -q Why? --video x.mp4 --frames 0          | at least 1 frame, was 0
          ask -q Why? --video x.mp4 --interval 0        | must be above zero
          ask -q Why? --video x.mp4 --frames 2 --interval 2 | mutually exclusive
          ask -q Why? --video x.mp4 --sampling daily    | there are original, every-frame, keyframes
          ask -q Why? --video x.mp4 --at 00:61:00       | below 60
          ask -q Why? --video x.mp4 --at -3             | is not a time
          ask -q Why? --video x.mp4 --max-new-tokens 0  | maxTokens must be at least 1, was 0
          ask -q Why? --video x.mp4 --temperature -1    | temperature must be in [0, 100], was -1
          ask -q Why? --video x.mp4 --temperature NaN   | temperature must be in [0, 100], was NaN
          ask -q Why? --video x.mp4 --top-p 0           | topP must be in (0, 1], was 0
          ask -q Why? --video x.mp4 --top-k -1          | topK must not be negative, was -1
          ask -q Why? --video x.mp4 --repetition-penalty 0 | repetitionPenalty must be in (0, 100]
          ask -q Why? --video x.mp4 --num-beams 0       | beams must be in [1, 64], was 0
          ask -q Why? --video x.mp4 --num-beams 2 --temperature 1 | exclude each other
          ask -q Why? --video x.mp4 --seed x            | --seed
          ask -q Why? --video x.mp4 --memory paper      | there are moviechat
          ask -q Why? --video x.mp4 --device tpu        | there are cpu, cuda, cuda:N and auto
          ask -q Why? --video x.mp4 --precision fp12    | --precision
          ask -q Why? --video x.mp4 --frame-size 640    | no size of frames; write width and height as in 640x352
          ask -q Why? --video x.mp4 --server http://h/v1 --chat-model m --pool | --server excludes --model
          ask -q Why? --video x.mp4 --loud              | --loud
          ask -q Why? -q How? --video x.mp4             | --question
          chat                                          | use --video FILE
          chat --video x.mp4 --top-p 2                  | topP must be in (0, 1], was 2
          model                                         | there are pull, list, check, remove
          model pull                                    | OWNER/NAME
          model pull nobody                             | owner/name@revision, was 'nobody'
          model pull a/b --precision half               | --precision
          model pull a/b --mirror ftp://example.org     | http
          model check ../secrets                        | owner/name
          model remove nobody                           | owner/name@revision, was 'nobody'
          doctor now                                    | 'now'
          storyboard --video x.mp4                      | --out
          transcribe --video x.mp4 --out x.srt          | --speech
          transcribe --video x.mp4 --speech d --out x.txt | neither with .srt nor with .vtt
          transcribe --video x.mp4 --speech d --out x.srt --threads -1 | threads must not be negative
          info                                          | VIDEO|MODEL_DIR
          info a b                                      | 'b'
          """)
  void a_wrong_command_line_is_answered_in_one_line_with_exit_code_2(String line, String part) {
    String[] args = line.isEmpty() ? new String[0] : line.split(" ");

    Ran ran = Ran.command(args);

    assertThat(ran.err()).startsWith("moviechat: ").contains(part).contains("--help)");
    assertThat(ran.err().stripTrailing()).doesNotContain("\n");
    assertThat(ran.out()).isEmpty();
    assertThat(ran.exitCode()).isEqualTo(2);
  }

  @Test
  void help_goes_to_standard_output() {
    Ran ran = Ran.command("--help");

    assertThat(ran.out())
        .contains("ask", "chat", "info", "storyboard", "model", "doctor", "Exit codes:");
    assertThat(ran.err()).isEmpty();
    assertThat(ran.exitCode()).isZero();
    assertThat(Ran.command("chat", "--help").out()).contains("/at 00:01:05", "/quit");
  }

  @Test
  void version_is_the_one_that_was_built() {
    Ran ran = Ran.command("--version");

    assertThat(ran.out()).containsPattern("MovieChat for Java \\d+\\.\\d+").contains("Java ");
    assertThat(ran.exitCode()).isZero();
  }

  @Test
  void help_is_a_command_too() {
    assertThat(Ran.command("help", "ask").out()).contains("--question", "--server");
    assertThat(Ran.command("help").out()).contains("generate-completion");
    assertThat(Ran.command("--help").out().replaceAll("\\s+", " ")).contains("beside the answers.");
  }

  @Test
  void a_completion_script_is_printed() {
    assertThat(Ran.command("generate-completion").out())
        .contains("complete -F", "--memory-slots", "--chat-model");
  }
}
