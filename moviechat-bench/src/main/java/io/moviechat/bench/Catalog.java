package io.moviechat.bench;

import com.google.common.reflect.ClassPath;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;

/** The benchmarks on the class path, found by the names of their classes. */
final class Catalog {
  private final List<Entry> entries;

  /**
   * A benchmark.
   *
   * @param group by its name
   * @param type a JMH class or a {@link Study}
   */
  record Entry(Group group, Class<?> type) {
    String name() {
      return type.getSimpleName();
    }

    boolean isStudy() {
      return Study.class.isAssignableFrom(type);
    }

    Study study() {
      try {
        var constructor = type.asSubclass(Study.class).getDeclaredConstructor();
        return constructor.newInstance();
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(
            type + " needs a constructor without parameters that can be called here", e);
      }
    }

    String question() {
      return isStudy() ? study().question() : type.getAnnotation(Question.class).value();
    }
  }

  private Catalog(List<Entry> entries) {
    this.entries = List.copyOf(entries);
  }

  /** All benchmarks of this package. */
  static Catalog ofClassPath() {
    List<Entry> found = new ArrayList<>();
    try {
      ClassLoader loader = Catalog.class.getClassLoader();
      for (ClassPath.ClassInfo info :
          ClassPath.from(loader).getTopLevelClasses(Catalog.class.getPackageName())) {
        for (Group group : Group.values()) {
          if (group.holds(info.getSimpleName()) && isBenchmark(info.load())) {
            found.add(new Entry(group, info.load()));
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Catalog(found);
  }

  private static boolean isBenchmark(Class<?> type) {
    if (type.isInterface() || Modifier.isAbstract(type.getModifiers())) {
      return false;
    }
    if (Study.class.isAssignableFrom(type)) {
      return true;
    }
    for (Method method : type.getDeclaredMethods()) {
      if (method.isAnnotationPresent(Benchmark.class)) {
        if (!type.isAnnotationPresent(Question.class)) {
          throw new IllegalStateException(type + " has no @Question");
        }
        return true;
      }
    }
    return false;
  }

  List<Entry> of(Group group) {
    return entries.stream().filter(entry -> entry.group() == group).toList();
  }

  List<Entry> all() {
    return entries;
  }
}
