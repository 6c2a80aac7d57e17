package io.moviechat.cli;

import com.google.common.collect.ImmutableMap;
import io.moviechat.FrameSampling;
import java.time.Duration;
import java.util.Iterator;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Names of samplings that need no number. */
final class SamplingNames implements ITypeConverter<FrameSampling>, Iterable<String> {
  private static final ImmutableMap<String, FrameSampling> BY_NAME =
      ImmutableMap.of(
          "original", FrameSampling.ORIGINAL,
          "every-frame", FrameSampling.everyFrame(),
          "keyframes", FrameSampling.keyframes(),
          "scenes", FrameSampling.sceneChanges(0.1, Duration.ofSeconds(5)));

  @Override
  public FrameSampling convert(String name) {
    FrameSampling sampling = BY_NAME.get(name);
    if (sampling == null) {
      throw new TypeConversionException(
          "'" + name + "' is no sampling; there are " + String.join(", ", this));
    }
    return sampling;
  }

  @Override
  public Iterator<String> iterator() {
    return BY_NAME.keySet().iterator();
  }
}
