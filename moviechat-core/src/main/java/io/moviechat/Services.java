package io.moviechat;

import java.util.List;
import java.util.ServiceLoader;

/** Finds what the modules on the class path offer. */
final class Services {
  private Services() {}

  static <S> List<S> all(Class<S> service) {
    return ServiceLoader.load(service).stream().map(ServiceLoader.Provider::get).toList();
  }

  /** The first service of a kind, or an exception that names the module that has one. */
  static <S> S only(Class<S> service, String module) {
    return ServiceLoader.load(service)
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "no "
                        + service.getSimpleName()
                        + " is on the class path: add the dependency io.moviechat:"
                        + module));
  }
}
