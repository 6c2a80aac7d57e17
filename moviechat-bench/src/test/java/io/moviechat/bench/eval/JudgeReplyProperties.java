package io.moviechat.bench.eval;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.bench.eval.Judge.Verdict;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** What a judge writes is untrusted text: it gives a verdict in range or none, and never fails. */
class JudgeReplyProperties {
  @Property(tries = 2000)
  void anyTextGivesAVerdictInRangeOrNone(@ForAll String text) {
    check(text);
  }

  @Property(tries = 3000)
  void piecesOfVerdictsGiveOneInRangeOrNone(@ForAll("pieces") List<String> pieces) {
    check(String.join("", pieces));
  }

  private static void check(String text) {
    Optional<Verdict> verdict = JudgeReply.verdict(text);
    verdict.ifPresent(v -> assertThat(v.score()).isBetween(0.0, 5.0));
    JudgeReply.marks(text, List.of("score", "pred"))
        .ifPresent(marks -> assertThat(marks).allMatch(m -> m >= 1 && m <= 5));
  }

  @Provide
  Arbitrary<List<String>> pieces() {
    return Arbitraries.of(
            "{",
            "}",
            "'",
            "\"",
            "pred",
            "score",
            ":",
            ",",
            "yes",
            "no",
            "5",
            "4.8",
            "-1",
            "1e999",
            "NaN",
            "null",
            " ",
            "\n",
            "[",
            "]",
            "\\",
            "\u0000",
            "{'pred': 'yes', 'score': 4}",
            "{\"pred\":\"no\",\"score\":0}")
        .list()
        .ofMaxSize(40);
  }

  @Property
  void whatItIsAskedForIsReadWhereverItStands(
      @ForAll("before") String before, @ForAll @IntRange(max = 5) int score, @ForAll boolean yes) {
    String json = "{\"pred\": \"%s\", \"score\": %d}".formatted(yes ? "Yes" : "no", score);
    assertThat(JudgeReply.verdict(before + json + " Hope this helps!"))
        .contains(new Verdict(yes, score));
  }

  @Provide
  Arbitrary<String> before() {
    return Arbitraries.strings().withChars("abc '\".:\n{([").ofMaxLength(30);
  }

  @Example
  void dictionariesRoundingAndContradictions() {
    assertThat(JudgeReply.verdict("{'pred': 'yes', 'score': 4.8}")).contains(new Verdict(true, 5));
    assertThat(JudgeReply.verdict("```json\n{\"pred\": \"no\", \"score\": \"2\",}\n```"))
        .contains(new Verdict(false, 2));
    assertThat(JudgeReply.verdict("{\"reasoning\": {\"pred\": \"yes\", \"score\": 3}}"))
        .contains(new Verdict(true, 3));
    assertThat(JudgeReply.verdict("{\"pred\": \"yes\", \"score\": 9}")).isEmpty();
    assertThat(JudgeReply.verdict("{\"pred\": \"perhaps\", \"score\": 3}")).isEmpty();
    assertThat(JudgeReply.verdict("yes, 5")).isEmpty();
    assertThat(new Verdict(true, 1).contradictsItself()).isTrue();
    assertThat(new Verdict(false, 4).contradictsItself()).isTrue();
    assertThat(new Verdict(true, 4).contradictsItself()).isFalse();
    assertThat(JudgeReply.marks("{accuracy: 4, relevance: 2.6}", List.of("accuracy", "relevance")))
        .contains(List.of(4, 3));
    assertThat(JudgeReply.marks("{accuracy: 4}", List.of("accuracy", "relevance"))).isEmpty();
  }

  @Example
  void hostileNestingIsReadInNoTime() {
    assertThat(JudgeReply.verdict("{".repeat(100_000))).isEmpty();
    assertThat(JudgeReply.verdict("{".repeat(50_000) + "}".repeat(50_000))).isEmpty();
  }
}
