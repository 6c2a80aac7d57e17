package io.moviechat.spring;

import com.google.errorprone.annotations.MustBeClosed;
import io.micrometer.observation.ObservationRegistry;
import io.moviechat.FrameSampling;
import io.moviechat.MemoryBudget;
import io.moviechat.MovieChat;
import io.moviechat.library.Film;
import io.moviechat.library.MovieLibrary;
import io.moviechat.llm.ModelBundle;
import io.moviechat.llm.SpeechBundle;
import io.moviechat.llm.TextBundle;
import io.moviechat.ocr.OcrOptions;
import io.moviechat.ocr.TextRecognizer;
import io.moviechat.speech.SpeechOptions;
import io.moviechat.speech.SpeechRecognizer;
import java.util.List;
import java.util.Objects;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Makes the beans that an application has not made itself. */
@AutoConfiguration
@ConditionalOnProperty(name = "moviechat.enabled", matchIfMissing = true)
@EnableConfigurationProperties(MovieChatProperties.class)
class MovieChatAutoConfiguration {
  @Bean(destroyMethod = "close")
  @MustBeClosed
  @ConditionalOnMissingBean
  @ConditionalOnProperty("moviechat.speech")
  SpeechRecognizer movieSpeech(MovieChatProperties properties) {
    return SpeechBundle.at(Objects.requireNonNull(properties.speech())).open();
  }

  @Bean(destroyMethod = "close")
  @MustBeClosed
  @ConditionalOnMissingBean
  @ConditionalOnProperty("moviechat.text")
  TextRecognizer movieText(MovieChatProperties properties) {
    return TextBundle.at(Objects.requireNonNull(properties.text())).open();
  }

  /** Depends on who listens and reads, so that it is closed before them. */
  @Bean(destroyMethod = "close")
  @MustBeClosed
  @ConditionalOnMissingBean
  MovieChat movieChat(
      MovieChatProperties properties,
      ObjectProvider<SpeechRecognizer> speech,
      ObjectProvider<TextRecognizer> text,
      ObjectProvider<MovieChatCustomizer> customizers) {
    MovieChat.Builder settings = MovieChat.builder();
    if (properties.model() != null) {
      settings.model(ModelBundle.at(properties.model()));
    }
    if (properties.memorySlots() != null) {
      settings.memoryBudget(MemoryBudget.ofSlots(properties.memorySlots()));
    }
    if (properties.every() != null) {
      settings.sampling(FrameSampling.every(properties.every()));
    }
    speech.ifUnique(listener -> settings.speech(listener, SpeechOptions.DEFAULT));
    text.ifUnique(reader -> settings.screenText(reader, OcrOptions.DEFAULT));
    customizers.orderedStream().forEach(customizer -> customizer.customize(settings));
    return settings.build();
  }

  /** Depends on the chat, so that it is closed before it. */
  @Bean(destroyMethod = "close")
  @MustBeClosed
  @ConditionalOnMissingBean
  MovieLibrary movieLibrary(
      MovieChat chat, MovieChatProperties properties, ObjectProvider<FilmListener> listeners) {
    List<FilmListener> told = listeners.orderedStream().toList();
    return MovieLibrary.builder(chat, properties.library())
        .onChange(film -> told.forEach(listener -> listener.changed(film)))
        .maxBytes(properties.maxDisk().toBytes())
        .maxOpen(properties.maxOpen())
        .concurrency(properties.concurrency())
        .build();
  }

  /** Goes on with interrupted films once all is up. */
  @Bean
  @ConditionalOnProperty(name = "moviechat.resume", matchIfMissing = true)
  SmartLifecycle movieResumption(MovieLibrary library) {
    return new SmartLifecycle() {
      private volatile boolean running;

      @Override
      public void start() {
        running = true;
        for (Film film : library.films()) {
          if (film.state() == Film.State.INTERRUPTED) {
            library.resume(film);
          }
        }
      }

      @Override
      public void stop() {
        running = false;
      }

      @Override
      public boolean isRunning() {
        return running;
      }
    };
  }

  /** With Micrometer's meters on the class path. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(name = "io.micrometer.core.instrument.binder.MeterBinder")
  static class Metered {
    @Bean
    WatchMeters movieWatchMeters(ObjectProvider<MovieLibrary> library) {
      return new WatchMeters(library);
    }
  }

  /** With the actuator on the class path; it shows the endpoint where the application says so. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(name = "org.springframework.boot.actuate.endpoint.annotation.Endpoint")
  static class Actuated {
    @Bean
    MoviesEndpoint moviesEndpoint(MovieLibrary library) {
      return new MoviesEndpoint(library);
    }
  }

  /** With Micrometer's observations on the class path. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(name = "io.micrometer.observation.ObservationRegistry")
  static class Observed {
    @Bean
    @ConditionalOnMissingBean
    Movies movies(
        MovieChat chat, MovieLibrary library, ObjectProvider<ObservationRegistry> registry) {
      return new Movies(
          library,
          new ObservedCalls(chat.model(), registry.getIfAvailable(() -> ObservationRegistry.NOOP)));
    }
  }

  /** Without it. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnMissingClass("io.micrometer.observation.ObservationRegistry")
  static class Unobserved {
    @Bean
    @ConditionalOnMissingBean
    Movies movies(MovieLibrary library) {
      return new Movies(library, Movies.Calls.UNOBSERVED);
    }
  }
}
