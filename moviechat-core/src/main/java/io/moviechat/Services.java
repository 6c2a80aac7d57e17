package io.moviechat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds what the modules on the class path offer: first what the thread's context loader knows (an
 * application's own classes), then what the loader of this class knows. Threads of the common pool
 * have the system loader for context, which in a Spring Boot jar or an application server sees
 * neither.
 */
final class Services {
  private static final Logger log = LoggerFactory.getLogger(Services.class);

  private Services() {}

  /** All services of a kind, each class once, in the order of the class path. */
  static <S> List<S> all(Class<S> service) {
    @Nullable ClassLoader own = Services.class.getClassLoader();
    @Nullable ClassLoader context = Thread.currentThread().getContextClassLoader();
    Map<String, S> found = new LinkedHashMap<>();
    if (context != null && context != own) {
      try {
        add(ServiceLoader.load(service, context), found);
      } catch (ServiceConfigurationError | LinkageError e) { // part of our classes, say
        log.debug("the context loader {} offers no usable {}", context, service.getName(), e);
      }
    }
    add(ServiceLoader.load(service, own), found);
    return List.copyOf(found.values());
  }

  /** The first service of a kind. */
  static <S> Optional<S> first(Class<S> service) {
    return all(service).stream().findFirst();
  }

  /** What to say where a service is needed and there is none. */
  static IllegalStateException missing(Class<?> service, String module) {
    return new IllegalStateException(
        "no "
            + service.getSimpleName()
            + " is on the class path: add the dependency io.moviechat:"
            + module);
  }

  private static <S> void add(ServiceLoader<S> loader, Map<String, S> found) {
    loader.stream()
        .forEach(
            provider -> found.computeIfAbsent(provider.type().getName(), name -> provider.get()));
  }
}
