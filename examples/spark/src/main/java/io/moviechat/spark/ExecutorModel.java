package io.moviechat.spark;

import io.moviechat.MovieChat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;
import org.apache.spark.util.LongAccumulator;
import org.jspecify.annotations.Nullable;

/**
 * The chat of this executor: opened by the first task that needs it, kept for the life of the JVM.
 * An opening that failed is remembered, so that each of many tasks does not try it again.
 */
final class ExecutorModel {
  private static final Map<ByteBuffer, ExecutorModel> OPENED = new HashMap<>();

  private final @Nullable MovieChat chat;
  private final @Nullable RuntimeException failure;

  private ExecutorModel(@Nullable MovieChat chat, @Nullable RuntimeException failure) {
    this.chat = chat;
    this.failure = failure;
  }

  /**
   * @param loads counts openings
   */
  static MovieChat chat(ChatOpener opener, TaskContext task, LongAccumulator loads) {
    ExecutorModel model;
    synchronized (OPENED) {
      model = OPENED.computeIfAbsent(key(opener), unused -> open(opener, task, loads));
    }
    if (model.chat == null) {
      throw new IllegalStateException(
          "the model of this executor could not be opened: " + model.failure, model.failure);
    }
    return model.chat;
  }

  /** How many openings failed in this JVM. */
  static long failures() {
    synchronized (OPENED) {
      return OPENED.values().stream().filter(model -> model.failure != null).count();
    }
  }

  @SuppressWarnings("MustBeClosedChecker") // lives as long as the JVM, whose hook closes it
  private static ExecutorModel open(ChatOpener opener, TaskContext task, LongAccumulator loads) {
    loads.add(1);
    try {
      MovieChat opened = opener.open(gpu(task), Math.max(1, task.cpus()));
      Runtime.getRuntime().addShutdownHook(new Thread(opened::close, "moviechat-close"));
      return new ExecutorModel(opened, null);
    } catch (RuntimeException e) {
      return new ExecutorModel(null, e);
    }
  }

  private static OptionalInt gpu(TaskContext task) {
    ResourceInformation gpu = task.resourcesJMap().get("gpu");
    return gpu == null || gpu.addresses().length == 0
        ? OptionalInt.empty()
        : OptionalInt.of(Integer.parseInt(gpu.addresses()[0]));
  }

  /** The same settings give the same key. */
  private static ByteBuffer key(ChatOpener opener) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(opener);
    } catch (IOException e) {
      throw new UncheckedIOException("the chat opener cannot be sent to executors", e);
    }
    return ByteBuffer.wrap(bytes.toByteArray());
  }
}
