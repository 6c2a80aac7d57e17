package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.internal.NativeOwner;
import io.moviechat.video.SoundWriter.Kind;
import io.moviechat.video.SoundWriter.Stretch;
import io.moviechat.video.SoundWriter.Track;
import io.moviechat.video.Sounds.Heard;
import io.moviechat.video.Sounds.Piece;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterTry;

/**
 * Every sample is within 20 ms of its time. {@code -Djqwik.tries.default=N} makes more films; the
 * number of tries here is for every build.
 */
class AudioTimesProperties {
  private static final double RATE = 16_000;
  private static final double TOLERANCE = 0.020;

  /** What filters do at an edge lies within. */
  private static final double EDGE = 0.025;

  private static final double PERIOD = 4;

  @AfterTry
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  /**
   * A film.
   *
   * @param stretches how long each one is, and the pause before it, negative for an overlap
   * @param firstPicture when pictures begin; negative for none
   */
  record Film(
      String container,
      List<Kind> kinds,
      List<double[]> stretches,
      double firstPicture,
      double from) {
    List<Stretch> sound() {
      List<Stretch> sound = new ArrayList<>();
      double end = 0;
      double earliest = 0;
      for (int i = 0; i < stretches.size(); i++) {
        Kind kind = kinds.get(i % kinds.size());
        double start = Math.max(earliest, end + stretches.get(i)[0]);
        Stretch stretch = new Stretch(kind, start, stretches.get(i)[1]);
        sound.add(stretch);
        end = stretch.end();
        // Packets begin one after the other, also where they overlap.
        double length = Math.max(64, kind.rate() / 20) / (double) kind.rate();
        double last = start + (Math.ceil(stretch.seconds() / length - 1e-6) - 1) * length;
        earliest = kind.encoder().startsWith("pcm") ? last + 0.002 : end;
      }
      return sound;
    }

    List<Double> pictures() {
      List<Double> times = new ArrayList<>();
      for (int i = 0; i < 30 && firstPicture >= 0; i++) {
        times.add(firstPicture + i * 0.04);
      }
      return times;
    }

    @Override
    public String toString() {
      return container + " " + sound() + ", pictures from " + firstPicture + ", heard from " + from;
    }
  }

  @Provide
  Arbitrary<Film> films() {
    Arbitrary<Kind> kind =
        Combinators.combine(
                Arbitraries.of("pcm_s16le", "pcm_f32le", "pcm_s24le", "flac"),
                Arbitraries.of(8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000),
                Arbitraries.of("mono", "stereo", "2.1", "5.1", "7.1"))
            .as(Kind::new);
    Arbitrary<double[]> stretch =
        Combinators.combine(
                Arbitraries.frequencyOf(
                    net.jqwik.api.Tuple.of(4, Arbitraries.doubles().between(-0.04, 0.3)),
                    net.jqwik.api.Tuple.of(2, Arbitraries.doubles().between(0.3, 3)),
                    net.jqwik.api.Tuple.of(1, Arbitraries.doubles().between(29, 40))),
                Arbitraries.doubles().between(0.1, 1.5))
            .as((pause, seconds) -> new double[] {pause, seconds});
    return Combinators.combine(
            Arbitraries.of("mkv", "nut"),
            kind.list().ofSize(1),
            stretch.list().ofMinSize(1).ofMaxSize(5),
            Arbitraries.of(-1.0, 0.0, 0.7, 2.5),
            Arbitraries.of(0.0, 0.0, 0.5, 2.3, 35.0))
        .as(Film::new);
  }

  @Property(tries = 60)
  void everySampleIsHeardAtItsTime(@ForAll("films") Film film) throws IOException {
    Path folder = Files.createTempDirectory("moviechat-sound");
    Path file = folder.resolve("film." + film.container());
    try {
      double origin =
          SoundWriter.write(
              file, List.of(new Track(film.sound(), AudioTimesProperties::ramp)), film.pictures());
      Duration from = Duration.ofNanos((long) (film.from() * 1e9));
      check(Sounds.hear(file, from, Optional.empty()), film.sound(), origin, film.from());
    } finally {
      Files.deleteIfExists(file);
      Files.delete(folder);
    }
  }

  /** Tells the time within a period of four seconds. */
  private static double ramp(double time) {
    double phase = time / PERIOD - Math.floor(time / PERIOD);
    return 1.6 * phase - 0.8;
  }

  private static void check(Heard heard, List<Stretch> sound, double origin, double from) {
    double end = sound.get(sound.size() - 1).end() - origin;
    boolean[] given = new boolean[(int) ((end + 1) * RATE)];
    double last = from;
    for (Piece piece : heard.pieces()) {
      double start = piece.time().toNanos() / 1e9;
      assertThat(start).as("time goes on").isGreaterThanOrEqualTo(last - 1e-9);
      float[] samples = piece.samples();
      for (int i = 0; i < samples.length; i++) {
        double time = start + i / RATE;
        last = time;
        given[(int) Math.round(time * RATE)] = true;
        checkSample(samples[i], time + origin, sound);
      }
    }
    assertThat(last).as("the end").isLessThan(Math.max(from, end) + EDGE);
    for (Stretch stretch : sound) {
      for (double time = stretch.start() - origin + EDGE;
          time < stretch.end() - origin - EDGE;
          time += 1 / RATE) {
        int at = (int) Math.round(time * RATE); // samples may lie between these
        if (time >= from + 1 / RATE && !given[at] && !given[at - 1] && !given[at + 1]) {
          throw new AssertionError("nothing was heard at " + time);
        }
      }
    }
  }

  private static void checkSample(double value, double time, List<Stretch> sound) {
    boolean inside = false;
    boolean near = false;
    for (Stretch stretch : sound) {
      inside |= time > stretch.start() + EDGE && time < stretch.end() - EDGE;
      near |= time > stretch.start() - EDGE && time < stretch.end() + EDGE;
    }
    double phase = time % PERIOD;
    if (inside && phase > EDGE && phase < PERIOD - EDGE) {
      double off = (value + 0.8) / 1.6 * PERIOD - phase;
      if (Math.abs(off) > TOLERANCE) {
        throw new AssertionError("at " + time + " s sound of " + off + " s later is heard");
      }
    } else if (!near && Math.abs(value) > 0.01) {
      throw new AssertionError("at " + time + " s " + value + " is heard where no sound is");
    }
  }

  @Provide
  Arbitrary<Film> changing() {
    Arbitrary<String> encoder = Arbitraries.of("mp2", "ac3", "eac3", "libmp3lame");
    return encoder.flatMap(
        name ->
            Combinators.combine(
                    Arbitraries.of("ts", "nut"),
                    Combinators.combine(
                            Arbitraries.of(32_000, 44_100, 48_000),
                            Arbitraries.of("mono", "stereo", name.endsWith("ac3") ? "5.1" : "mono"))
                        .as((rate, layout) -> new Kind(name, rate, layout))
                        .list()
                        .ofMinSize(1)
                        .ofMaxSize(3),
                    Combinators.combine(
                            Arbitraries.doubles().between(0.05, 2.5),
                            Arbitraries.doubles().between(0.3, 1.5))
                        .as((pause, seconds) -> new double[] {pause, seconds})
                        .list()
                        .ofMinSize(2)
                        .ofMaxSize(4),
                    Arbitraries.of(-1.0, 0.0, 0.7),
                    Arbitraries.of(0.0, 1.9))
                .as(Film::new));
  }

  @Property(tries = 40)
  void rateAndLayoutMayChangeWithin(@ForAll("changing") Film film) throws IOException {
    Path folder = Files.createTempDirectory("moviechat-sound");
    Path file = folder.resolve("film." + film.container());
    try {
      double origin =
          SoundWriter.write(
              file, List.of(new Track(film.sound(), AudioTimesProperties::tones)), film.pictures());
      Duration from = Duration.ofNanos((long) (film.from() * 1e9));
      Heard heard = Sounds.hear(file, from, Optional.empty());
      checkTones(heard, film.sound(), origin, film.from());
    } finally {
      Files.deleteIfExists(file);
      Files.delete(folder);
    }
  }

  private static final double SLOT = 0.1;

  private static double frequency(double time) {
    long slot = (long) Math.floor(time / SLOT);
    return 300 + 250 * (slot * 5 % 13);
  }

  private static double tones(double time) {
    return 0.5 * Math.sin(2 * Math.PI * frequency(time) * time);
  }

  /** Looks at the middle of each slot: sound that is off by more than 20 ms is another tone. */
  private static void checkTones(Heard heard, List<Stretch> sound, double origin, double from) {
    float[] all = new float[(int) (RATE * (sound.get(sound.size() - 1).end() - origin + 2))];
    Arrays.fill(all, Float.NaN);
    for (Piece piece : heard.pieces()) {
      int at = (int) Math.round(piece.time().toNanos() / 1e9 * RATE);
      System.arraycopy(piece.samples(), 0, all, at, piece.samples().length);
    }
    int checked = 0;
    for (Stretch stretch : sound) {
      double first = Math.ceil((stretch.start() + 0.06) / SLOT) * SLOT;
      for (double slot = first; slot + SLOT < stretch.end() - 0.06; slot += SLOT) {
        for (double part : new double[] {TOLERANCE, 0.5 * SLOT, SLOT - TOLERANCE - 0.01}) {
          double time = slot + part - origin;
          if (time < from + 0.06) {
            continue;
          }
          checked++;
          double share = share(all, time, 0.01, frequency(slot + SLOT / 2));
          if (!(share > 0.5)) {
            throw new AssertionError(
                "at " + (time + origin) + " s its tone is only " + share + " of what is heard");
          }
        }
      }
    }
    if (from == 0) {
      assertThat(checked).isPositive();
    }
  }

  /** The share that a frequency has of the energy of some seconds. */
  private static double share(float[] all, double time, double seconds, double frequency) {
    int first = (int) Math.round(time * RATE);
    int count = (int) (seconds * RATE);
    double sine = 0;
    double cosine = 0;
    double energy = 0;
    for (int i = first; i < first + count; i++) {
      sine += all[i] * Math.sin(2 * Math.PI * frequency * i / RATE);
      cosine += all[i] * Math.cos(2 * Math.PI * frequency * i / RATE);
      energy += all[i] * all[i];
    }
    return 2 * (sine * sine + cosine * cosine) / (count * energy);
  }
}
