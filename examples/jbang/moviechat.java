///usr/bin/env jbang "$0" "$@" ; exit $?
//JAVA 17+
//DEPS io.moviechat:moviechat:0.1.0-SNAPSHOT
//DEPS io.moviechat:moviechat-tiny-model:0.1.0-SNAPSHOT
//DEPS org.slf4j:slf4j-nop:2.0.20
//RUNTIME_OPTIONS --enable-native-access=ALL-UNNAMED

import io.moviechat.Movie;
import io.moviechat.MovieChat;
import java.nio.file.Path;

/** Asks the small model that comes along a question about a video. */
public class moviechat {
  public static void main(String[] args) {
    if (args.length != 2) {
      System.err.println("usage: moviechat VIDEO QUESTION");
      System.exit(2);
    }
    try (MovieChat chat = MovieChat.create();
        Movie movie = chat.watch(Path.of(args[0]))) {
      System.out.println(movie.ask(args[1]).text());
    }
  }
}
