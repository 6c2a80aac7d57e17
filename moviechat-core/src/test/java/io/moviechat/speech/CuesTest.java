package io.moviechat.speech;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CuesTest {
  private static Cue cue(int from, int to, String text) {
    return Cue.of(Duration.ofSeconds(from), Duration.ofSeconds(to), text, Cue.Origin.SUBTITLE);
  }

  private static final Cues CUES =
      Cues.of(List.of(cue(4, 6, "second"), cue(1, 3, "first"), cue(8, 9, "third\nand on")));

  @Test
  void areInOrderAndHeardToTheirEnd() {
    assertThat(CUES.list())
        .extracting(Cue::text)
        .containsExactly("first", "second", "third\nand on");
    assertThat(CUES.heard()).isEqualTo(Duration.ofSeconds(9));
  }

  @Test
  void aPartOfThem() {
    Duration four = Duration.ofSeconds(4);
    assertThat(CUES.between(Duration.ofSeconds(2), four).list()).hasSize(1);
    assertThat(CUES.between(four, four.plusNanos(1)).list()).hasSize(1);
    assertThat(CUES.between(Duration.ofSeconds(6), Duration.ofSeconds(8)).list()).isEmpty();
    assertThat(CUES.until(Duration.ofSeconds(5)).list()).hasSize(1);
    assertThat(CUES.until(Duration.ofSeconds(5)).heard()).isEqualTo(four); // "second" is still on
    assertThat(CUES.until(Duration.ofSeconds(6)).list()).hasSize(2);
    assertThat(CUES.within(Duration.ofSeconds(8)).list()).hasSize(2);
    assertThat(CUES.within(Duration.ofSeconds(5)).list().get(1).end())
        .isEqualTo(Duration.ofSeconds(5));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CUES.between(four, Duration.ZERO))
        .withMessageContaining("out of order");
  }

  @Test
  void theOldestOfTooManyAreForgottenAndCounted() {
    Cues many =
        Cues.of(IntStream.range(0, Cues.MOST + 5).mapToObj(i -> cue(i, i + 1, "x")).toList());
    assertThat(many.list()).hasSize(Cues.MOST);
    assertThat(many.forgotten()).isEqualTo(5);
    assertThat(many.list().get(0).start()).isEqualTo(Duration.ofSeconds(5));
    String large = "y".repeat(9 << 20);
    Cues large2 = Cues.of(List.of(cue(0, 1, large), cue(1, 2, large)));
    assertThat(large2.list()).hasSize(1);
    assertThat(large2.forgotten()).isEqualTo(1);
  }

  @Test
  void subtitlesAsOthersWriteThem() {
    String srt =
        """
        \uFEFF1
        00:00:01,500 --> 00:00:03,000 X1:0
        Good morning,
        rabbit!

        00:04.000 --> 00:05.25
        no number

        7
        00:00:09,000 --> 00:00:08,000
        back
        """;
    assertThat(Cues.parse(srt.replace("\n", "\r\n")).list())
        .extracting(Cue::text)
        .containsExactly("Good morning,\nrabbit!", "no number");
    Cues vtt =
        Cues.parse(
            """
            WEBVTT - a title

            STYLE
            ::cue { color: red }

            NOTE 00:00:01.000 is a time

            intro
            00:01.000 --> 00:02.000 align:start
            <v Fish>Who <i>is</i> &lt;that&gt; &amp;lt;
            """);
    assertThat(vtt.list()).extracting(Cue::text).containsExactly("Who is <that> &lt;");
    assertThat(Cues.parse("").isEmpty()).isTrue();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Cues.parse("Dear Sir or Madam"))
        .withMessageContaining("no subtitles");
  }

  @Test
  void theTextIsKeptAsLinesWithoutControls() {
    assertThat(cue(0, 1, " a\u0000b \r\n\n \t c").text()).isEqualTo("a b\nc");
    assertThatIllegalArgumentException().isThrownBy(() -> cue(0, 1, "\u0007\n"));
  }

  @Test
  void textInThePictureIsKnownWhileItIsShown() {
    Cue sign =
        Cue.of(Duration.ofSeconds(2), Duration.ofSeconds(30), "EXIT", Cue.Origin.SCREEN_TEXT);
    Cues cues = CUES.plus(List.of(sign));
    assertThat(cues.heard()).isEqualTo(Duration.ofSeconds(9));
    assertThat(cues.read()).isEqualTo(Duration.ofSeconds(30));
    Cues then = cues.until(Duration.ofSeconds(7));
    assertThat(then.list()).extracting(Cue::text).containsExactly("first", "EXIT", "second");
    assertThat(then.list().get(1).end()).isEqualTo(Duration.ofSeconds(7));
    assertThat(then.heard()).isEqualTo(Duration.ofSeconds(7));
    assertThat(then.read()).isEqualTo(Duration.ofSeconds(7));
    assertThat(cues.until(Duration.ofSeconds(1)).list()).isEmpty();
    assertThat(cues.only(cue -> !cue.equals(sign)).read()).isEqualTo(Duration.ofSeconds(30));
  }
}
