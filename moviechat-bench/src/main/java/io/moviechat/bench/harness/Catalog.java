package io.moviechat.bench.harness;

import com.google.common.reflect.ClassPath;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;

/** The benchmarks on the class path: those in the packages of the groups. */
public final class Catalog {
  private final List<Entry> entries;

  /**
   * A benchmark.
   *
   * @param group by its name
   * @param type a JMH class or a {@link Study}
   */
  public record Entry(Group group, Class<?> type) {
    public String name() {
      return type.getSimpleName();
    }

    public boolean isStudy() {
      return Study.class.isAssignableFrom(type);
    }

    public Study study() {
      try {
        var constructor = type.asSubclass(Study.class).getDeclaredConstructor();
        constructor.setAccessible(true); // benchmarks need not be public
        return constructor.newInstance();
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(type + " needs a constructor without parameters", e);
      }
    }

    public String question() {
      return isStudy() ? study().question() : type.getAnnotation(Question.class).value();
    }
  }

  private Catalog(List<Entry> entries) {
    this.entries = List.copyOf(entries);
  }

  /** All benchmarks of the groups' packages. */
  public static Catalog ofClassPath() {
    List<Entry> found = new ArrayList<>();
    try {
      ClassPath classPath = ClassPath.from(Catalog.class.getClassLoader());
      for (Group group : Group.values()) {
        for (ClassPath.ClassInfo info : classPath.getTopLevelClasses(group.packageName())) {
          if (isBenchmark(info.load())) {
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

  public List<Entry> of(Group group) {
    return entries.stream().filter(entry -> entry.group() == group).toList();
  }

  public List<Entry> all() {
    return entries;
  }
}
