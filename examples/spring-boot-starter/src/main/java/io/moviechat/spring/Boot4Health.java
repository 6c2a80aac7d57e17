package io.moviechat.spring;

import io.moviechat.MovieChat;
import io.moviechat.library.MovieLibrary;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/** Health in the packages of Boot 4; nothing of it is loaded in the other line. */
@AutoConfiguration(after = MovieChatAutoConfiguration.class)
@ConditionalOnClass(name = "org.springframework.boot.health.contributor.HealthIndicator")
@ConditionalOnProperty(name = "management.health.moviechat.enabled", matchIfMissing = true)
class Boot4Health {
  @Bean
  @ConditionalOnBean(MovieLibrary.class)
  HealthIndicator moviechatHealthIndicator(
      MovieChat chat, MovieLibrary library, MovieChatProperties properties) {
    LibraryHealth health = new LibraryHealth(chat, library, properties);
    return () ->
        health.look(
            details -> Health.up().withDetails(details).build(),
            failure -> Health.down(failure).build());
  }
}
