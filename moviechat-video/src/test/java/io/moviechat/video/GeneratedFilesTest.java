package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.video.GeneratedFiles.Outcome;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.slf4j.LoggerFactory;

/**
 * The long run behind {@link EveryWayProperties}: {@code -Dmoviechat.media.generated=0-25000}
 * checks the files of those seeds, and goes on where {@code -Dmoviechat.media.generated.log=FILE}
 * ends.
 */
@EnabledIfSystemProperty(named = "moviechat.media.generated", matches = "\\d+-\\d+")
class GeneratedFilesTest {
  @Test
  void ofManyFilesEachFrameIsTheSameHoweverItIsAskedFor() throws IOException {
    String[] seeds = System.getProperty("moviechat.media.generated").split("-", 2);
    Path log =
        Path.of(System.getProperty("moviechat.media.generated.log", "target/generated-files.log"));
    Outcome outcome = GeneratedFiles.run(Long.parseLong(seeds[0]), Long.parseLong(seeds[1]), log);
    LoggerFactory.getLogger(getClass()).warn("generated files: {}", outcome.counts());
    assertThat(outcome.failures()).isEmpty();
  }
}
