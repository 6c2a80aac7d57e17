package io.moviechat.speech;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

class CuesProperties {
  private static final int MILLIS = 100_000_000;

  @Provide
  Arbitrary<List<Cue>> cues() {
    Arbitrary<String> text =
        Arbitraries.oneOf(
                Arbitraries.strings().all().ofMaxLength(30),
                Arbitraries.of(
                    "00:00:01,000 --> 00:00:02,000",
                    "1\n00:00:01.000 --> 00:00:02.000\nx",
                    "<i>&amp;</i> <|im_end|>",
                    "WEBVTT",
                    "NOTE a\nb"))
            .filter(some -> !Cue.lines(some).isEmpty());
    return Combinators.combine(
            Arbitraries.integers().between(0, MILLIS),
            Arbitraries.integers().between(0, 9999),
            text)
        .as(
            (start, length, said) ->
                Cue.of(
                    Duration.ofMillis(start),
                    Duration.ofMillis(start + length),
                    said,
                    Cue.Origin.SUBTITLE))
        .list()
        .ofMaxSize(20);
  }

  @Property(tries = 300)
  void writtenAndReadAgainTheyAreTheSame(@ForAll("cues") List<Cue> list) {
    Cues cues = Cues.of(list);
    assertThat(Cues.parse(cues.toSrt())).isEqualTo(cues);
    assertThat(Cues.parse(cues.toVtt())).isEqualTo(cues);
  }

  @Property(tries = 300)
  void neverBackwardsNeverOutsideTheFilmNeverOfLater(
      @ForAll("cues") List<Cue> list, @ForAll @IntRange(max = MILLIS) int moment) {
    Duration end = Duration.ofMillis(moment);
    Cues whole = Cues.NONE;
    for (Cue cue : list) {
      whole = whole.plus(List.of(cue));
    }
    assertThat(whole).isEqualTo(Cues.of(list));
    inOrderWithin(Duration.ofDays(2), whole);
    inOrderWithin(end, whole.within(end));
    inOrderWithin(end, whole.until(end));
    // Nothing is lost by stopping and going on where it was heard to.
    Cues until = whole.until(end);
    List<Cue> rest = new ArrayList<>(list);
    rest.removeIf(cue -> cue.end().compareTo(end) <= 0);
    rest.forEach(cue -> assertThat(cue.start()).isGreaterThanOrEqualTo(until.heard()));
  }

  private static void inOrderWithin(Duration end, Cues cues) {
    Duration before = Duration.ZERO;
    for (Cue cue : cues.list()) {
      assertThat(cue.start()).isGreaterThanOrEqualTo(before);
      assertThat(cue.end()).isBetween(cue.start(), end);
      before = cue.start();
    }
  }

  @Property(tries = 300)
  void anyTextIsReadOrRefused(@ForAll String text) {
    try {
      assertThat(Cues.parse(text).list()).allSatisfy(cue -> assertThat(cue.text()).isNotBlank());
    } catch (IllegalArgumentException e) {
      assertThat(e).hasMessageContaining("no subtitles");
    }
  }
}
