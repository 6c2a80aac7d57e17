package io.moviechat.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.moviechat.GenerationOptions;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.VisionLanguageModel;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class GenerationSettingsTest {
  private static GenerationOptions options(Optional<GenerationOptions> wished, String... args) {
    return CommandLine.populateCommand(new GenerationSettings(), args).of(model(wished));
  }

  private static VisionLanguageModel model(Optional<GenerationOptions> wished) {
    return new VisionLanguageModel() {
      @Override
      public String name() {
        return "wisher";
      }

      @Override
      public FrameEncoder openEncoder() {
        throw new AssertionError("nothing needs to be opened");
      }

      @Override
      public AnswerGenerator openGenerator() {
        throw new AssertionError("nothing needs to be opened");
      }

      @Override
      public Optional<GenerationOptions> generationDefaults() {
        return wished;
      }
    };
  }

  @Test
  void without_options_the_model_has_its_wish_or_the_library_its_default() {
    GenerationOptions wish = GenerationOptions.builder().temperature(0.7).topP(0.9).build();

    assertThat(options(Optional.of(wish))).isEqualTo(wish);
    assertThat(options(Optional.empty())).isEqualTo(GenerationOptions.DEFAULT);
  }

  @Test
  void every_option_is_passed_on() {
    GenerationOptions options =
        options(
            Optional.empty(),
            "--max-new-tokens=7",
            "--temperature=0.5",
            "--top-p=0.8",
            "--top-k=9",
            "--min-p=0.1",
            "--repetition-penalty=1.2",
            "--prompt-lookup=6",
            "--length-penalty=-1",
            "--seed=-3",
            "--stop=###",
            "--stop=User:",
            "--timeout=1:30");

    assertThat(options)
        .isEqualTo(
            GenerationOptions.builder()
                .maxTokens(7)
                .temperature(0.5)
                .topP(0.8)
                .topK(9)
                .minP(0.1)
                .repetitionPenalty(1.2)
                .promptLookup(6)
                .lengthPenalty(-1)
                .seed(-3)
                .stopStrings(List.of("###", "User:"))
                .timeout(Duration.ofSeconds(90))
                .build());
  }

  @Test
  void what_is_asked_for_wins_over_a_wish_that_excludes_it() {
    GenerationOptions sampling = GenerationOptions.builder().temperature(0.7).build();
    GenerationOptions beams = GenerationOptions.builder().beams(5).build();
    GenerationOptions longAnswers = GenerationOptions.builder().minTokens(50).build();

    assertThat(options(Optional.of(sampling), "--num-beams=3").temperature()).isZero();
    assertThat(options(Optional.of(sampling), "--num-beams=3").beams()).isEqualTo(3);
    assertThat(options(Optional.of(beams), "--temperature=1").beams()).isEqualTo(1);
    assertThat(options(Optional.of(longAnswers), "--max-new-tokens=20").minTokens()).isEqualTo(20);
  }

  @Test
  void beams_and_a_temperature_asked_for_together_are_refused() {
    GenerationSettings settings =
        CommandLine.populateCommand(new GenerationSettings(), "--num-beams=3", "--temperature=1");

    assertThatIllegalArgumentException()
        .isThrownBy(settings::validate)
        .withMessageContaining("exclude each other");
  }
}
