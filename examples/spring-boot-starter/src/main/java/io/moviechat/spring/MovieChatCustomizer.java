package io.moviechat.spring;

import io.moviechat.MovieChat;

/** A bean of this type sets what the properties do not. Called in the order of the beans. */
@FunctionalInterface
public interface MovieChatCustomizer {
  /** Changes the settings, which hold the properties' already. */
  void customize(MovieChat.Builder settings);
}
