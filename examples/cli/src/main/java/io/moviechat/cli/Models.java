package io.moviechat.cli;

import io.moviechat.ModelException;
import io.moviechat.llm.Device;
import io.moviechat.llm.ModelBundle;
import io.moviechat.llm.Precision;
import io.moviechat.llm.hub.ModelHub;
import io.moviechat.spi.VisionLanguageModel;
import io.moviechat.spi.VisionLanguageModelProvider;
import java.io.File;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Options that say which model, and how it runs. */
final class Models {
  @Option(
      names = "--model",
      paramLabel = "DIR|NAME",
      description =
          "Folder of a model bundle, or name of a model that 'model pull' has fetched"
              + " (default: the small model that comes along).")
  private @Nullable Path folder;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      converter = DeviceConverter.class,
      description = "cpu (default), cuda or cuda:N, or auto: CUDA if it can be used.")
  private @Nullable Device device;

  @Option(
      names = "--precision",
      paramLabel = "NAME",
      description = "Which variant of the graphs: ${COMPLETION-CANDIDATES} (default: AUTO).")
  private @Nullable Precision precision;

  @Option(
      names = "--frame-size",
      paramLabel = "WxH",
      converter = FrameSizeConverter.class,
      description =
          "Size of frames for models that take any (Qwen-VL, LFM2-VL, Gemma 4): more pixels are"
              + " more visual tokens.")
  private @Nullable FrameSize frameSize;

  @Option(
      names = "--letterbox",
      description =
          "Pad frames to a square where the model's files cut their sides off (LLaVA-1.5,"
              + " FastVLM).")
  private boolean letterbox;

  @Option(
      names = "--pool",
      description = "Pool each frame's visual tokens 2 x 2: a quarter of them, for more slots.")
  private boolean pool;

  @ArgGroup(
      exclusive = false,
      heading = "A model behind a server that speaks OpenAI's protocol, in place of --model:%n")
  private @Nullable Server server;

  /** Pixels of a frame. */
  record FrameSize(int width, int height) {}

  /** Reads {@code 640x360}. */
  private static final class FrameSizeConverter implements ITypeConverter<FrameSize> {
    private static final Pattern SIZE = Pattern.compile("([1-9]\\d{0,4})x([1-9]\\d{0,4})");

    @Override
    public FrameSize convert(String value) {
      Matcher size = SIZE.matcher(value);
      if (!size.matches()) {
        throw new TypeConversionException(
            "'" + value + "' is no size of frames; write width and height as in 640x352");
      }
      return new FrameSize(Integer.parseInt(size.group(1)), Integer.parseInt(size.group(2)));
    }
  }

  /** A server's options. */
  private static final class Server {
    @Option(
        names = "--server",
        paramLabel = "URL",
        required = true,
        description = "Its address up to the version, as in http://localhost:11434/v1.")
    private URI address;

    @Option(
        names = "--chat-model",
        paramLabel = "NAME",
        required = true,
        description = "The model as the server names it; it must see pictures.")
    private String model;

    @Option(
        names = "--key-env",
        paramLabel = "VAR",
        description = "The environment variable that holds the server's key.")
    private @Nullable String keyVariable;

    @Option(
        names = "--max-images",
        paramLabel = "N",
        description = "Most pictures of a question (default: 32).")
    private @Nullable Integer maxImages;

    @SuppressWarnings("NullAway.Init") // picocli sets the fields
    private Server() {}

    ServerModel model() {
      @Nullable String key = keyVariable == null ? null : System.getenv(keyVariable);
      if (keyVariable != null && (key == null || key.isEmpty())) {
        throw new IllegalArgumentException(
            "the environment variable " + keyVariable + " of --key-env is not set");
      }
      return new ServerModel(address, model, key, maxImages);
    }
  }

  /**
   * Checks the options as far as no model is needed.
   *
   * @throws IllegalArgumentException saying which do not go together
   */
  void validate() {
    if (server == null) {
      return;
    }
    if (folder != null || ofBundles()) {
      throw new IllegalArgumentException(
          "--server excludes --model, --device, --precision, --frame-size, --letterbox and --pool:"
              + " the server has the model");
    }
    ServerModel unused = server.model();
  }

  /** Whether there is an option that only bundles have. */
  private boolean ofBundles() {
    return device != null || precision != null || frameSize != null || letterbox || pool;
  }

  /** Whether the options name a model, rather than leave it to the class path. */
  boolean named() {
    return folder != null || server != null;
  }

  /** The same, to answer questions that are asked at the same time together. */
  VisionLanguageModel chosenForBatches() {
    VisionLanguageModel model = chosen();
    if (model instanceof ModelBundle bundle) {
      return bundle.withBatchedAnswers();
    }
    throw new ModelException(
        "the model " + model.name() + " takes no --batch-answers; --model DIR names one that may");
  }

  /** The model that the options name. Opens nothing. */
  VisionLanguageModel chosen() {
    if (server != null) {
      return server.model();
    }
    VisionLanguageModel model =
        folder == null ? onClassPath() : ModelBundle.at(fetched(folder).orElse(folder));
    if (!(model instanceof ModelBundle bundle)) {
      if (ofBundles()) {
        throw new ModelException(
            "the model "
                + model.name()
                + " takes none of --device, --precision, --frame-size, --letterbox and --pool");
      }
      return model;
    }
    bundle = device == null ? bundle : bundle.withDevice(device);
    bundle = precision == null ? bundle : bundle.withPrecision(precision);
    bundle =
        frameSize == null ? bundle : bundle.withFrameSize(frameSize.width(), frameSize.height());
    bundle = letterbox ? bundle.withLetterboxedFrames() : bundle;
    return pool ? bundle.withPooledFrames() : bundle;
  }

  /** The folder of a fetched model, if that is what was named rather than a folder. */
  private static Optional<Path> fetched(Path named) {
    if (Files.exists(named)) {
      return Optional.empty();
    }
    String repository = named.toString().replace(File.separatorChar, '/');
    return ModelHub.create().list().stream()
        .filter(model -> model.repository().equals(repository))
        .map(ModelHub.CachedModel::folder)
        .findFirst();
  }

  private static VisionLanguageModel onClassPath() {
    List<VisionLanguageModelProvider> found =
        ServiceLoader.load(VisionLanguageModelProvider.class).stream()
            .map(ServiceLoader.Provider::get)
            .toList();
    if (found.size() != 1) {
      throw new ModelException(
          "no --model was given and "
              + (found.isEmpty()
                  ? "this build carries none"
                  : "this build carries several: "
                      + found.stream().map(VisionLanguageModelProvider::name).toList())
              + "; give --model DIR");
    }
    return found.get(0).model();
  }
}
