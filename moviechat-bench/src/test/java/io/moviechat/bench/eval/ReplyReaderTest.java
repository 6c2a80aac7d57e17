package io.moviechat.bench.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moviechat.bench.eval.EvalItem.Form;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReplyReaderTest {
  private static final EvalItem COLOURS =
      EvalItem.builder("1", "v", Form.CHOICE)
          .question("Which colour?")
          .options(List.of("red", "dark blue", "blue", "a green door"))
          .answerIndex(1)
          .build();

  private static Reading read(String rules, String reply) {
    return ReplyReader.named(rules, "own").read(COLOURS, reply);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "B; B; letter",
        "(b); B; letter",
        "**B**; B; letter",
        "B.; B; letter",
        "'(c) because it is'; C; start",
        "'c) blue'; C; start",
        "'B. dark blue'; B; start",
        "'B: dark blue'; B; start",
        "'(B) a man in red'; B; start",
        "'**(B)** dark blue'; B; start",
        "'The answer is B, not C'; B; lead-in",
        "'Answer: (D)'; D; lead-in",
        "'The best option is **C**.'; C; lead-in",
        "'Answer: A. No, wait. Final answer: C'; C; lead-in",
        "'Option D fits'; D; lead-in",
        "'It must be D then'; D; alone",
        "'A man is near D'; D; alone",
        "'a green door'; D; text",
        "'It looks dark blue to me'; B; text",
        "'blue'; C; text",
        "'The car is red.'; A; text",
      })
  void readsOneLetter(String reply, String letter, String rule) {
    Reading reading = read("ours", reply);
    assertThat(reading.given()).isEqualTo(letter);
    assertThat(reading.rule()).isEqualTo(rule);
    assertThat(reading.right()).isEqualTo(letter.equals("B"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "''; empty",
        "'   '; empty",
        "'A man is walking'; no-option",
        "'Option 2'; no-option",
        "'I think A or B'; several-letters",
        "'B or C'; several-letters",
        "'(A) or (B)'; several-letters",
        "'The answer is B or C'; several-letters",
        "'A and B are both there, C is not'; several-letters",
        "'red or dark blue'; several-options",
        "'E'; not-offered",
        "'The answer is H'; not-offered",
        "'I do not know'; no-option",
      })
  void whatNamesNoneOrSeveralIsUnreadable(String reply, String rule) {
    Reading reading = read("ours", reply);
    assertThat(reading.readable()).isFalse();
    assertThat(reading.right()).isFalse();
    assertThat(reading.rule()).isEqualTo(rule);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "vlmevalkit; 'A man is near B'; A", // an article is a letter there
        "vlmevalkit; 'nothing'; ''",
        "mlvu; 'B) dark blue'; B",
        "mlvu; 'Best option: (C) blue'; C",
        "mlvu; 'D'; D",
        "first-char; 'B is it'; B",
        "first-char; '(B)'; ''",
        "lmms; 'The answer is C'; C",
        "lmms; 'C. blue'; C",
        "lmms; 'nothing at all'; ''",
      })
  void otherEvaluatorsRules(String rules, String reply, String letter) {
    assertThat(read(rules, reply).given()).isEqualTo(letter);
  }

  @Test
  void numbers() {
    EvalItem item =
        EvalItem.builder("1", "v", Form.NUMBER).question("How many?").answers(List.of("3")).build();
    ReplyReader ours = ReplyReader.named("ours", "own");
    assertThat(ours.read(item, "three").right()).isTrue();
    assertThat(ours.read(item, "3 times").right()).isTrue();
    assertThat(ours.read(item, "03").right()).isTrue();
    assertThat(ours.read(item, "between 2 and 3").readable()).isFalse();
    assertThat(ours.read(item, "many").readable()).isFalse();
    assertThat(ReplyReader.named("ovo", "own").read(item, "I count 3.").right()).isTrue();
    assertThat(ReplyReader.named("ovo", "own").read(item, "1, 3").right()).isFalse();
  }

  @Test
  void yesAndNo() {
    EvalItem item =
        EvalItem.builder("1", "v", Form.YES_NO).question("Is it?").answers(List.of("Yes")).build();
    ReplyReader ours = ReplyReader.named("ours", "own");
    assertThat(ours.read(item, "Yes, there is no doubt.").right()).isTrue();
    assertThat(ours.read(item, "I would say yes").right()).isTrue();
    assertThat(ours.read(item, "maybe yes, maybe no").readable()).isFalse();
    assertThat(ours.read(item, "NO").right()).isFalse();
    assertThat(ReplyReader.named("original", "ovo-bench").read(item, "Y").right()).isTrue();
  }

  @Test
  void theRightAnswerMayBeOfferedTwice() {
    EvalItem item =
        EvalItem.builder("1", "v", Form.CHOICE)
            .question("q")
            .options(List.of("six", "three", "three", "eight"))
            .answerIndex(1)
            .build();
    assertThat(ReplyReader.named("ours", "own").read(item, "C").right()).isTrue();
  }

  @Test
  void unknownRulesAreNamed() {
    assertThatThrownBy(() -> ReplyReader.named("best", "own"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("lmms");
  }

  @Test
  void wordsAreCompared() {
    Judge match = Judge.normalisedMatch();
    assertThat(match.judge("q", "Two dogs.", "the 2 dogs").orElseThrow().correct()).isTrue();
    assertThat(match.judge("q", "yes", "Yes, she is.").orElseThrow().correct()).isTrue();
    assertThat(match.judge("q", "no", "Yes, no doubt").orElseThrow().correct()).isFalse();
    assertThat(match.judge("q", "red", "red or blue").orElseThrow().correct()).isFalse();
    assertThat(match.judge("q", "red", "").orElseThrow().correct()).isFalse();
  }
}
