package io.moviechat.cli;

import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the times in options. */
final class MomentConverter implements ITypeConverter<Duration> {
  @Override
  public Duration convert(String value) {
    try {
      return Moment.parse(value);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }
}
