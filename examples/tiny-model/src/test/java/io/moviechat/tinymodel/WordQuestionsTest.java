package io.moviechat.tinymodel;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.Answer;
import io.moviechat.Movie;
import io.moviechat.MovieChat;
import io.moviechat.WatchOptions;
import io.moviechat.llm.SpeechBundle;
import io.moviechat.speech.Cue;
import io.moviechat.speech.Cues;
import io.moviechat.speech.SpeechRecognizer;
import io.moviechat.tinyworld.SpokenFilm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Questions that only the words of the film answer, from the film to the answer: where its words
 * are known, because its lines lie beside it as subtitles, and where they are heard, for which 90 %
 * are asked.
 */
class WordQuestionsTest {
  private static final Map<String, String> QUESTIONS = new LinkedHashMap<>();

  static {
    QUESTIONS.put("Who speaks of the red fish?", "I like the red fish.");
    QUESTIONS.put("What is said at the end?", "Goodbye.");
    QUESTIONS.put("What is said at the very beginning?", "The cyan house bounces.");
    QUESTIONS.put("What is said about boats?", "There are seven boats in the water.");
    QUESTIONS.put("How many boats are mentioned?", "There are seven boats in the water.");
    QUESTIONS.put("Does anybody talk about a door?", "Who is behind the door?");
    QUESTIONS.put("Which number is said?", "The number is twelve.");
    QUESTIONS.put("What do they say of the water?", "There are seven boats in the water.");
    QUESTIONS.put("What colour has the cup that they speak of?", "Remember the blue cup.");
    QUESTIONS.put("Who says goodbye?", "Goodbye.");
    QUESTIONS.put("What is heard at 0:29?", "Remember the blue cup.");
    QUESTIONS.put("What is said of the yellow heart?", "The yellow heart leaves.");
    QUESTIONS.put("Does somebody speak about a star?", "The red star bounces.");
    QUESTIONS.put("What does the voice tell us to remember?", "Remember the blue cup.");
    QUESTIONS.put("What fish do they say they like?", "I like the red fish.");
    QUESTIONS.put("What is said about the growing face?", "The yellow face grows.");
    QUESTIONS.put("Who is mentioned behind the door?", "Who is behind the door?");
    QUESTIONS.put("Does anyone say something of elephants?", "Nothing that is said fits");
    QUESTIONS.put("What is said in the last five seconds?", "Goodbye.");
    QUESTIONS.put("Say what blinks.", "The red circle blinks.");
  }

  @MustBeClosed
  private static MovieChat chat(Path folder) {
    return MovieChat.builder().model(new EmbeddedModel(folder.resolve("cache")).model()).build();
  }

  private static SpeechBundle speech(String place) {
    return place.equals("embedded")
        ? new EmbeddedSpeech().bundle()
        : SpeechBundle.at(Path.of(place));
  }

  /** The questions whose answer is not the line that answers them. */
  private static List<String> wrong(Movie movie) {
    List<String> wrong = new ArrayList<>();
    QUESTIONS.forEach(
        (question, words) -> {
          Answer answer = movie.ask(question);
          boolean quoted =
              words.startsWith("Nothing")
                  || answer.cues().stream().anyMatch(cue -> plain(cue.text()).equals(plain(words)));
          if (!plain(answer.text()).contains(plain(words)) || !quoted) {
            wrong.add(question + " -> " + answer.text());
          }
        });
    return wrong;
  }

  private static String plain(String text) {
    return text.toLowerCase(Locale.ROOT).replaceAll("[^a-z ]", "").strip();
  }

  /** By the embedded model, or that of {@code -Dmoviechat.speech=FOLDER}. */
  @Test
  void areAnsweredFromWhatIsHeard(@TempDir Path folder) throws Exception {
    Path film = folder.resolve("spoken.mp4");
    SpokenFilm.write(film);
    try (MovieChat chat = chat(folder);
        SpeechRecognizer speech =
            speech(System.getProperty("moviechat.speech", "embedded")).open();
        Movie movie = chat.watch(film, WatchOptions.DEFAULT.withSpeech(speech))) {
      List<String> wrong = wrong(movie);
      assertThat(wrong)
          .as("%s of %s", wrong, movie.cues().list())
          .hasSizeLessThanOrEqualTo(QUESTIONS.size() / 10);
    }
  }

  @Test
  void areAnsweredFromTheWords(@TempDir Path folder) throws Exception {
    Path film = folder.resolve("spoken.mp4");
    SpokenFilm.write(film);
    List<Cue> lines = new ArrayList<>();
    for (SpokenFilm.Line line : SpokenFilm.lines()) {
      lines.add(
          Cue.of(
              Duration.ofMillis(line.startMillis()),
              Duration.ofMillis(line.endMillis()),
              line.text(),
              Cue.Origin.SUBTITLE));
    }
    Files.writeString(folder.resolve("spoken.en.srt"), Cues.of(lines).toSrt());
    try (MovieChat chat = chat(folder);
        Movie movie = chat.watch(film)) {
      assertThat(movie.cues().list()).hasSameSizeAs(lines);
      assertThat(wrong(movie)).isEmpty();
      assertThat(movie.at(Duration.ofSeconds(20)).ask("What is said at the end?").text())
          .contains("The yellow heart leaves.");
    }
  }
}
