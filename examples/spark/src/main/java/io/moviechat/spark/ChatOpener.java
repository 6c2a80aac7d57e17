package io.moviechat.spark;

import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.MovieChat;
import io.moviechat.llm.Device;
import io.moviechat.llm.ModelBundle;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * Opens the chat of an executor: called once per executor JVM and settings. Sent to the executors,
 * so a lambda must capture settings only, never a model.
 */
@FunctionalInterface
public interface ChatOpener extends Serializable {
  /**
   * Opens a chat, which the executor closes when it ends.
   *
   * @param gpu index of the GPU that Spark gave the first task, empty if it gave none
   * @param cpus threads for the model: {@code spark.task.cpus}
   */
  @MustBeClosed
  MovieChat open(OptionalInt gpu, int cpus);

  /**
   * A model bundle in a folder that every executor sees under this name, with the sampling and
   * memory that the model asks for.
   */
  static ChatOpener bundle(String folder) {
    return (gpu, cpus) -> {
      Device device = gpu.isPresent() ? Device.cuda(gpu.getAsInt()) : Device.CPU;
      ModelBundle bundle = ModelBundle.at(Path.of(folder)).withDevice(device).withThreads(cpus);
      return MovieChat.builder().model(bundle).build();
    };
  }

  /** The model on the class path, which must hold exactly one. */
  static ChatOpener onClassPath() {
    return (gpu, cpus) -> MovieChat.create();
  }
}
