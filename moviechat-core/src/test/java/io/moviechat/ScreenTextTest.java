package io.moviechat;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.ocr.TextRecognizer;
import io.moviechat.speech.Cue;
import io.moviechat.speech.Cues;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A picture a second, and the lines in it. */
class ScreenTextTest {
  private static List<TextRecognizer.Line> lines(String... texts) {
    return Stream.of(texts).map(text -> TextRecognizer.Line.of(text, 0.95)).toList();
  }

  private static List<Cue> read(List<List<TextRecognizer.Line>> pictures) {
    ScreenText text = ScreenText.after(Cues.NONE);
    List<Cue> cues = new ArrayList<>();
    for (int second = 0; second < pictures.size(); second++) {
      cues.addAll(text.see(Duration.ofSeconds(second), pictures.get(second)));
    }
    cues.addAll(text.on(Duration.ofSeconds(pictures.size())));
    return cues;
  }

  private static List<String> told(List<Cue> cues) {
    return cues.stream()
        .map(cue -> cue.start().toSeconds() + "-" + cue.end().toSeconds() + " " + cue.text())
        .toList();
  }

  @Test
  void whatStaysIsOneCueAndEndsWithTheFirstPictureWithoutIt() {
    List<Cue> cues =
        read(
            List.of(lines(), lines("THE END"), lines("THE END"), lines(), lines(), lines("again")));
    assertThat(told(cues)).containsExactly("1-3 THE END", "5-6 again");
    assertThat(cues.get(0).origin()).isEqualTo(Cue.Origin.SCREEN_TEXT);
    assertThat(cues.get(0).probability()).hasValue(0.95);
  }

  @Test
  void linesThatComeAndGoTogetherAreOneCueInTheirOrder() {
    List<Cue> cues =
        read(
            List.of(
                lines("Channel 7", "To be", "continued"),
                lines("Channel 7", "To be", "continued"),
                lines("Channel 7"),
                lines("Channel 7")));
    assertThat(told(cues)).containsExactly("0-2 To be\ncontinued", "0-4 Channel 7");
  }

  @Test
  void onePictureInWhichItIsMissedDoesNotEndIt() {
    assertThat(told(read(List.of(lines("EXIT 42"), lines(), lines("EXIT 42")))))
        .containsExactly("0-3 EXIT 42");
  }

  @Test
  void theSurestReadingCountsAndOtherNumbersAreOtherText() {
    List<Cue> cues =
        read(
            List.of(
                List.of(
                    TextRecognizer.Line.of("The pcach open movie", 0.9),
                    TextRecognizer.Line.of("3:1 now", 0.9)),
                List.of(
                    TextRecognizer.Line.of("The pcach open movie", 0.9),
                    TextRecognizer.Line.of("3:1 now", 0.9)),
                List.of(
                    TextRecognizer.Line.of("THE PEACH OPEN MOVIE", 0.99),
                    TextRecognizer.Line.of("3:2 now", 0.9)),
                List.of(
                    TextRecognizer.Line.of("the peach open movle", 0.91),
                    TextRecognizer.Line.of("3:2 now", 0.9))));
    assertThat(told(cues))
        .containsExactlyInAnyOrder("0-4 THE PEACH OPEN MOVIE", "0-2 3:1 now", "2-4 3:2 now");
  }

  private static TextRecognizer.Line at(double top, String text) {
    return TextRecognizer.Line.of(text, 0.95)
        .withPlace(new TextRecognizer.Place(0.1, top, 0.5, top + 0.05));
  }

  @Test
  void aClockIsOneCueAndItsPlaceIsItsOwn() {
    List<Cue> cues =
        read(
            List.of(
                List.of(at(0.1, "10:59:58"), at(0.8, "7 days")),
                List.of(at(0.1, "10:59:59"), at(0.8, "7 days")),
                List.of(at(0.8, "7 days")), // missed once
                List.of(at(0.1, "11:00:01"), at(0.8, "7 days")),
                List.of(at(0.1, "11:00:01"), at(0.8, "7 days")), // a picture twice
                List.of(at(0.1, "11:00:02"), at(0.8, "8 days")),
                List.of(at(0.5, "11:00:03"), at(0.8, "8 days"))));
    assertThat(told(cues))
        .containsExactlyInAnyOrder(
            "0-6 10:59:58 … 11:00:02", "0-5 7 days", "5-7 8 days", "6-7 11:00:03");
  }

  @Test
  void linesThatMoveUpTogetherAreOneCueUntilItIsFull() {
    List<List<TextRecognizer.Line>> pictures = new ArrayList<>();
    for (int second = 0; second < 60; second++) {
      List<TextRecognizer.Line> lines = new ArrayList<>();
      lines.add(at(0, "The credits"));
      for (int row = 0; row < 100; row++) {
        double top = 0.9 + 0.1 * row - 0.2 * second;
        if (top > 0.06 && top < 0.95) {
          lines.add(at(top, "Aide " + (char) ('a' + row % 26) + (char) ('a' + row / 26)));
        }
      }
      pictures.add(lines);
    }
    List<Cue> cues = read(pictures);
    assertThat(cues).hasSizeBetween(3, 5);
    assertThat(told(cues)).contains("0-60 The credits");
    List<String> rows =
        cues.stream()
            .flatMap(cue -> cue.text().lines())
            .filter(text -> text.startsWith("Aide"))
            .toList();
    assertThat(rows).hasSize(100).doesNotHaveDuplicates();
    assertThat(rows.get(0)).isEqualTo("Aide aa");
    assertThat(rows.get(99)).isEqualTo("Aide vd");
    assertThat(cues).allSatisfy(cue -> assertThat(cue.text().length()).isLessThanOrEqualTo(400));
  }

  @Test
  void oneLetterAndTheSameLineTwiceAreLeftOut() {
    assertThat(told(read(List.of(lines("l", "--", "GOAL", "GOAL!"), lines("GOAL", "GOAL!")))))
        .containsExactly("0-2 GOAL");
  }

  @Test
  void longPagesAreSeveralCues() {
    String[] page =
        IntStream.range(0, 10).mapToObj(i -> ("line " + i + " ").repeat(10)).toArray(String[]::new);
    List<Cue> cues = read(List.of(lines(page)));
    assertThat(cues).hasSizeGreaterThan(1);
    assertThat(cues).allSatisfy(cue -> assertThat(cue.text().length()).isLessThanOrEqualTo(400));
    assertThat(String.join("\n", cues.stream().map(Cue::text).toList()).lines()).hasSize(10);
  }

  /** Stopped at any picture and gone on with, the cues are those of one go. */
  @Test
  void goingOnGivesTheSame() {
    List<List<TextRecognizer.Line>> pictures =
        List.of(
            lines("one", "logo", "00:00"),
            lines("one", "logo", "00:01"),
            lines("logo", "00:02"),
            lines("two", "three", "logo", "00:03"),
            lines("two", "three", "logo", "00:04"),
            lines("logo", "00:05"),
            lines("logo"));
    List<String> whole = told(read(pictures));
    for (int stop = 0; stop < pictures.size(); stop++) {
      ScreenText before = ScreenText.after(Cues.NONE);
      Cues cues = Cues.NONE;
      for (int i = 0; i <= stop; i++) {
        cues = cues.plus(before.see(Duration.ofSeconds(i), pictures.get(i)));
      }
      Duration at = Duration.ofSeconds(stop);
      Cues stopped = cues.plus(before.on(at)).withRead(at);
      ScreenText after = ScreenText.after(stopped);
      List<Cue> all = new ArrayList<>(stopped.only(cue -> !after.isOn(cue)).list());
      for (int i = stop; i < pictures.size(); i++) {
        all.addAll(after.see(Duration.ofSeconds(i), pictures.get(i)));
      }
      all.addAll(after.on(Duration.ofSeconds(pictures.size())));
      assertThat(told(all)).as("stopped at %s", at).containsExactlyInAnyOrderElementsOf(whole);
    }
  }
}
