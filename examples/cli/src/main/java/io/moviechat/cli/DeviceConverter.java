package io.moviechat.cli;

import io.moviechat.llm.Device;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the names of devices. */
final class DeviceConverter implements ITypeConverter<Device> {
  private static final Pattern CUDA = Pattern.compile("cuda(?::(\\d{1,3}))?");

  @Override
  public Device convert(String value) {
    String name = value.toLowerCase(Locale.ROOT);
    Matcher cuda = CUDA.matcher(name);
    if (cuda.matches()) {
      return Device.cuda(cuda.group(1) == null ? 0 : Integer.parseInt(cuda.group(1)));
    }
    return switch (name) {
      case "cpu" -> Device.CPU;
      case "auto" -> Device.AUTO;
      default ->
          throw new TypeConversionException(
              "'" + value + "' is no device; there are cpu, cuda, cuda:N and auto");
    };
  }
}
