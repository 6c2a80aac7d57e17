package io.moviechat.spring;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.tck.TestObservationRegistry;
import io.micrometer.observation.tck.TestObservationRegistryAssert;
import io.moviechat.MovieChat;
import io.moviechat.library.Film;
import io.moviechat.library.MovieLibrary;
import io.moviechat.ocr.TextRecognizer;
import io.moviechat.speech.SpeechRecognizer;
import io.moviechat.tinymodel.EmbeddedSpeech;
import io.moviechat.tinyworld.MovieWriter;
import io.moviechat.tinyworld.SpokenFilm;
import io.moviechat.tinyworld.World;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.actuate.health.Status;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class MovieChatAutoConfigurationTest {
  @TempDir private Path folder;

  private ApplicationContextRunner runner() {
    return new ApplicationContextRunner()
        .withConfiguration(
            AutoConfigurations.of(
                MovieChatAutoConfiguration.class, Boot3Health.class, Boot4Health.class))
        // The two lines are never on one class path but here.
        .withClassLoader(new FilteredClassLoader("org.springframework.boot.health.contributor"))
        .withPropertyValues("moviechat.library=" + folder.resolve("films"));
  }

  private Path clip() {
    Path file = folder.resolve("clip.mp4");
    MovieWriter.write(io.moviechat.tinyworld.Movies.ofScenes(2, World.Split.SEEN, 3), file, 96);
    return file;
  }

  @Test
  void watchesAndAsksObservedWithoutWhatWasSaid() {
    TestObservationRegistry registry = TestObservationRegistry.create();
    List<String> recorded = new ArrayList<>();
    registry
        .observationConfig()
        .observationHandler(
            new ObservationHandler<>() {
              @Override
              public void onStop(Observation.Context context) {
                context.getAllKeyValues().forEach(pair -> recorded.add(pair.getValue()));
                recorded.add(String.valueOf(context.getContextualName()));
              }

              @Override
              public boolean supportsContext(Observation.Context context) {
                return true;
              }
            });
    runner()
        .withBean(ObservationRegistry.class, () -> registry)
        .run(
            context -> {
              Movies movies = context.getBean(Movies.class);
              Film film = movies.library().watch(clip().toUri());
              assertThat(film.await(Duration.ofSeconds(60))).isTrue();
              String question = "How many scenes are in the video?";
              String answer = movies.ask(film, question).text();
              assertThat(answer).isNotBlank();
              assertThat(movies.askAt(film, Duration.ofSeconds(2), "What is it?")).isNotNull();
              TestObservationRegistryAssert.assertThat(registry)
                  .hasNumberOfObservationsWithNameEqualTo("gen_ai.client.operation", 2)
                  .hasAnObservationWithAKeyValue("gen_ai.system", "moviechat");
              assertThat(recorded)
                  .contains("chat", film.id())
                  .noneMatch(text -> text.contains(question) || text.contains(answer));
              HealthIndicator health = context.getBean(HealthIndicator.class);
              assertThat(health.health().getStatus()).isEqualTo(Status.UP);
              assertThat(health.health().getDetails()).containsEntry("films", 1);
            });
  }

  @Test
  void watchingIsMeteredAndListenersHearOfIt() {
    List<Film.State> heard = Collections.synchronizedList(new ArrayList<>());
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    runner()
        .withBean(FilmListener.class, () -> film -> heard.add(film.state()))
        .run(
            context -> {
              WatchMeters meters = context.getBean(WatchMeters.class);
              meters.bindTo(registry); // as Boot does with a registry
              MovieLibrary library = context.getBean(MovieLibrary.class);
              Film film = library.watch(clip().toUri());
              assertThat(film.await(Duration.ofSeconds(60))).isTrue();
              assertThat(registry.get(WatchMeters.FILMS).tag("state", "ready").gauge().value())
                  .isEqualTo(1);
              assertThat(registry.get(WatchMeters.BYTES).gauge().value())
                  .isEqualTo((double) film.bytes())
                  .isPositive();
              context.close(); // the pass has been told of by then
              assertThat(registry.get(WatchMeters.WATCH).tag("state", "ready").timer().count())
                  .isEqualTo(1);
              assertThat(registry.get(WatchMeters.FRAMES).counter().count())
                  .isEqualTo((double) film.frames())
                  .isPositive();
              assertThat(heard).containsExactly(Film.State.WATCHING, Film.State.READY);
            });
  }

  @Test
  void theEndpointTellsOfFilmsWithoutTheirNames() {
    runner()
        .run(
            context -> {
              MoviesEndpoint endpoint = context.getBean(MoviesEndpoint.class);
              Film film = context.getBean(MovieLibrary.class).watch(clip().toUri());
              assertThat(film.await(Duration.ofSeconds(60))).isTrue();
              assertThat(endpoint.movies().toString())
                  .contains(film.id())
                  .doesNotContain("clip.mp4");
              assertThat(Objects.requireNonNull(endpoint.movie(film.id())).toString())
                  .contains("frames=")
                  .doesNotContain("clip.mp4");
              assertThat(endpoint.movie("0123456789abcdef")).isNull();
            });
  }

  @Test
  void aSpeechModelListensToFilms() throws IOException {
    Path clip = folder.resolve("spoken.mp4");
    SpokenFilm.write(clip);
    runner()
        .withPropertyValues("moviechat.speech=" + new EmbeddedSpeech().folder())
        .run(
            context -> {
              assertThat(context).hasSingleBean(SpeechRecognizer.class);
              assertThat(context).doesNotHaveBean(TextRecognizer.class);
              Film film = context.getBean(MovieLibrary.class).watch(clip.toUri());
              assertThat(film.await(Duration.ofSeconds(60))).isTrue();
              assertThat(film.<Integer>with(movie -> movie.cues().list().size())).isGreaterThan(5);
            });
    runner()
        .withPropertyValues("moviechat.text=" + folder.resolve("nowhere"))
        .run(
            context -> {
              assertThat(context).hasFailed();
              assertThat(context.getStartupFailure())
                  .hasStackTraceContaining("nowhere does not exist; a text bundle is a folder");
            });
  }

  @Test
  void anApplicationsOwnBeansWin() {
    try (MovieChat own = MovieChat.create()) {
      runner()
          .withBean(MovieChat.class, () -> own)
          .run(
              context -> {
                assertThat(context.getBean(MovieChat.class)).isSameAs(own);
                assertThat(context).hasSingleBean(MovieLibrary.class);
              });
    }
  }

  @Test
  void customizersAreCalledAndAllMayBeOff() {
    List<MovieChat.Builder> called = new ArrayList<>();
    runner()
        .withBean(MovieChatCustomizer.class, () -> called::add)
        .run(context -> assertThat(called).hasSize(1));
    runner()
        .withPropertyValues("moviechat.enabled=false")
        .run(
            context ->
                assertThat(context)
                    .doesNotHaveBean(MovieChat.class)
                    .doesNotHaveBean(HealthIndicator.class));
  }

  @Test
  void worksWithoutMicrometer() {
    runner()
        .withClassLoader(
            new FilteredClassLoader("io.micrometer", "org.springframework.boot.health.contributor"))
        .run(context -> assertThat(context).hasSingleBean(Movies.class));
  }

  @Test
  void aContextThatEndsInMidWatchKeepsWhatWasSeen() {
    runner()
        .run(
            context -> {
              context.getBean(MovieLibrary.class).watch(clip().toUri(), Duration.ofMillis(40));
            });
    runner()
        .run(
            context -> {
              Film film = context.getBean(MovieLibrary.class).films().get(0);
              assertThat(film.await(Duration.ofSeconds(60))).isTrue();
              assertThat(film.state()).as("%s", film.failure()).isEqualTo(Film.State.READY);
            });
  }

  @Test
  void aModelThatIsNotThereIsExplained() {
    runner()
        .withPropertyValues("moviechat.model=" + folder.resolve("nowhere"))
        .run(
            context -> {
              assertThat(context).hasFailed();
              FailureAnalysis analysis =
                  new ModelFailureAnalyzer().analyze(context.getStartupFailure());
              assertThat(analysis).isNotNull();
              assertThat(analysis.getDescription()).contains("nowhere");
              assertThat(analysis.getAction()).contains("moviechat.model");
            });
  }

  @Test
  void metadataDescribesEveryProperty() throws Exception {
    JsonNode metadata;
    try (InputStream in =
        getClass().getResourceAsStream("/META-INF/spring-configuration-metadata.json")) {
      metadata = new ObjectMapper().readTree(Objects.requireNonNull(in));
    }
    List<String> described = new ArrayList<>();
    metadata
        .path("properties")
        .forEach(
            property -> {
              assertThat(property.path("description").asText()).endsWith(".");
              described.add(property.path("name").asText());
            });
    for (RecordComponent component : MovieChatProperties.class.getRecordComponents()) {
      String dashed =
          component.getName().replaceAll("([A-Z])", "-$1").toLowerCase(java.util.Locale.ROOT);
      assertThat(described).contains("moviechat." + dashed);
    }
  }
}
