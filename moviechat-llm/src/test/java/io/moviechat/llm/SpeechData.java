package io.moviechat.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moviechat.speech.AudioSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Goldens and bundles of speech, and sounds that tests make. */
final class SpeechData {
  private static final ObjectMapper JSON = new ObjectMapper();

  private SpeechData() {}

  static Path goldens() {
    return root("moviechat.goldens.speech", "speech/goldens");
  }

  static Path bundle() {
    return root("moviechat.fixtures.speech", "speech/speech-tiny");
  }

  private static Path root(String property, String name) {
    String given = System.getProperty(property, "");
    return given.isEmpty() ? TestData.resource(name) : Path.of(given);
  }

  static JsonNode json(Path file) {
    try {
      return JSON.readTree(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static JsonNode expected(String name) {
    return json(goldens().resolve("expected").resolve(name + ".json"));
  }

  /** Names of the clips that have expectations and exact samples. */
  static List<String> clips() {
    try (Stream<Path> files = Files.list(goldens().resolve("expected"))) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".json"))
          .map(name -> name.substring(0, name.length() - 5))
          .filter(name -> Files.exists(flac(name)))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path flac(String clip) {
    Path exact = goldens().resolve("pcm").resolve(clip + ".flac");
    return Files.exists(exact) ? exact : goldens().resolve("clips").resolve(clip + ".flac");
  }

  static float[] pcm(String clip) {
    try {
      return FlacFile.read(flac(clip));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A sound that gives what a function makes of each sample's number. */
  interface Wave {
    float at(long sample);
  }

  static Wave of(float[] pcm) {
    return sample -> pcm[(int) sample];
  }

  /** A sound of that many samples, whose first one lies at a time. */
  static Sound sound(long length, Duration start, Wave wave) {
    return new Sound(length, start, wave);
  }

  static class Sound implements AudioSource {
    private final long length;
    private final Duration start;
    private final Wave wave;
    private long at;
    private Duration time = Duration.ZERO;
    boolean closed;

    Sound(long length, Duration start, Wave wave) {
      this.length = length;
      this.start = start;
      this.wave = wave;
    }

    @Override
    public int read(FloatBuffer into) {
      if (at == length) {
        return -1;
      }
      // Pieces of odd sizes, as decoders give them.
      int count = (int) Math.min(Math.min(into.remaining(), 1021), length - at);
      time = start.plusNanos(at * 62_500);
      for (int i = 0; i < count; i++) {
        into.put(wave.at(at++));
      }
      return count;
    }

    @Override
    public Duration time() {
      return time;
    }

    @Override
    public Optional<String> language() {
      return Optional.empty();
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
