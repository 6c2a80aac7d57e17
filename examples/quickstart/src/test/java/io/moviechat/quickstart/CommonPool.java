package io.moviechat.quickstart;

import io.moviechat.Movie;
import io.moviechat.MovieChat;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/** Does everything that looks up services, on threads of the common pool. */
public final class CommonPool {
  private CommonPool() {}

  /**
   * @param args a video
   */
  public static void main(String[] args) {
    Path video = Path.of(args[0]);
    Path memory = video.resolveSibling("pool.memory");
    String answer =
        CompletableFuture.supplyAsync(
                () -> {
                  try (MovieChat chat = MovieChat.create()) {
                    try (Movie movie = chat.watch(video)) {
                      movie.memory().save(memory);
                    }
                    try (Movie movie = chat.open(memory)) {
                      return movie.ask("What happens?").finishReason().name();
                    }
                  }
                })
            .join();
    System.out.println(answer);
  }
}
