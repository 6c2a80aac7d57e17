package io.moviechat.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.SparkSession;

/**
 * For {@code spark-submit}: {@code SparkBatch FILMS OUT [QUESTIONS [MODEL]]}.
 *
 * <p>FILMS is a text file with one path or address a line, QUESTIONS one with a question a line,
 * OUT a folder that every executor sees, MODEL a bundle's folder (default: the model on the class
 * path). The table of films goes to {@code OUT/films} as JSON.
 */
public final class SparkBatch {
  private SparkBatch() {}

  /**
   * Runs the job.
   *
   * @throws IOException if the questions cannot be read
   */
  public static void main(String[] args) throws IOException {
    if (args.length < 2 || args.length > 4) {
      throw new IllegalArgumentException("arguments are FILMS OUT [QUESTIONS [MODEL]]");
    }
    List<String> questions =
        args.length < 3
            ? List.of()
            : Files.readAllLines(Path.of(args[2])).stream().filter(q -> !q.isBlank()).toList();
    ChatOpener opener = args.length < 4 ? ChatOpener.onClassPath() : ChatOpener.bundle(args[3]);
    BatchSpec spec = BatchSpec.builder(opener, args[1]).questions(questions).build();
    try (SparkSession spark = SparkSession.builder().appName("moviechat").getOrCreate()) {
      Dataset<String> films =
          spark
              .read()
              .textFile(args[0])
              .filter(
                  (org.apache.spark.api.java.function.FilterFunction<String>)
                      line -> !line.isBlank());
      new MovieLibraryJob(spark, spec)
          .watch(films)
          .write()
          .mode("overwrite")
          .json(Path.of(args[1]).resolve("films").toUri().toString());
    }
  }
}
