package io.moviechat.llm;

import com.google.errorprone.annotations.CheckReturnValue;
import com.google.errorprone.annotations.MustBeClosed;
import io.moviechat.ModelException;
import io.moviechat.llm.internal.PythonCache;
import io.moviechat.speech.SpeechRecognizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A speech model in a folder, laid out as the {@code onnx-community} exports of multilingual
 * Whisper are: {@code config.json}, {@code tokenizer.json}, {@code onnx/encoder_model*.onnx} and
 * {@code onnx/decoder_model_merged*.onnx}.
 *
 * <p>A description: immutable, thread-safe, and nothing is open until {@link #open()}.
 */
public final class SpeechBundle {
  private final Path folder;
  private final Settings settings;

  private SpeechBundle(Path folder, Settings settings) {
    this.folder = folder;
    this.settings = settings;
  }

  /** What is asked for; not changed once a bundle has it. */
  private static final class Settings {
    private Precision encoder = Precision.AUTO;
    private Precision decoder = Precision.AUTO;
    private Device device = Device.CPU;
    private int threads;
    private boolean detecting = true;

    Settings() {}

    Settings(Settings other) {
      encoder = other.encoder;
      decoder = other.decoder;
      device = other.device;
      threads = other.threads;
      detecting = other.detecting;
    }
  }

  private SpeechBundle with(Consumer<Settings> change) {
    Settings changed = new Settings(settings);
    change.accept(changed);
    return new SpeechBundle(folder, changed);
  }

  /**
   * The bundle in a folder, in the precision that {@link Precision#AUTO} takes.
   *
   * @param folder of a bundle, or a model's folder in the cache of Python's huggingface_hub ({@code
   *     models--owner--name}), of which the snapshot of its {@code main} is taken
   */
  public static SpeechBundle at(Path folder) {
    return new SpeechBundle(
        PythonCache.snapshot(Objects.requireNonNull(folder, "folder")).orElse(folder),
        new Settings());
  }

  /**
   * Which files of a repository a bundle in one precision needs, for tools that fetch or copy them.
   *
   * @param there names of all files, with {@code /} between folders
   * @param precision which variant of each graph
   * @throws ModelException listing what is missing
   */
  public static List<String> files(Set<String> there, Precision precision) {
    Problems problems = new Problems("a speech bundle in " + precision);
    List<String> files = BundleFiles.chooseSpeech(there, precision, problems);
    problems.throwIfAny();
    return List.copyOf(files);
  }

  /** The same bundle with one precision for both graphs. */
  @CheckReturnValue
  public SpeechBundle withPrecision(Precision precision) {
    return withPrecision(precision, precision);
  }

  /**
   * The same bundle with a precision for each graph. {@link Precision#AUTO} takes the smallest
   * decoder, which is read once for each token, and the most exact encoder: what small weights cost
   * it has not been measured.
   */
  @CheckReturnValue
  public SpeechBundle withPrecision(Precision newEncoder, Precision newDecoder) {
    Objects.requireNonNull(newEncoder, "encoder");
    Objects.requireNonNull(newDecoder, "decoder");
    return with(
        changed -> {
          changed.encoder = newEncoder;
          changed.decoder = newDecoder;
        });
  }

  /** The same bundle on a device; the detector of voices always runs on the processor. */
  @CheckReturnValue
  public SpeechBundle withDevice(Device device) {
    Objects.requireNonNull(device, "device");
    return with(changed -> changed.device = device);
  }

  /**
   * The same bundle with that many threads for each graph.
   *
   * @param count 0, the default, is one for each core that this process may use
   * @throws IllegalArgumentException if negative
   */
  @CheckReturnValue
  public SpeechBundle withThreads(int count) {
    if (count < 0) {
      throw new IllegalArgumentException("threads must not be negative, were " + count);
    }
    return with(changed -> changed.threads = count);
  }

  /**
   * The same bundle without the detector of voices: only what is nearly silent is passed over. For
   * voices that it misses, song for one. Music and noise may then become words that nobody said.
   */
  @CheckReturnValue
  public SpeechBundle withoutVoiceDetection() {
    return with(changed -> changed.detecting = false);
  }

  /** The folder's name. */
  public String name() {
    return ModelBundle.name(folder);
  }

  /**
   * Checks all files against each other and opens the model.
   *
   * @return a recognizer; the caller closes it
   * @throws ModelException listing all that is wrong
   */
  @MustBeClosed
  public SpeechRecognizer open() {
    return open(LongForm.TEMPERATURES);
  }

  Whisper open(List<Double> temperatures) {
    Device where = settings.device.resolved(name());
    return Whisper.open(
        name(), read(where), where, settings.threads, settings.detecting, temperatures);
  }

  /** Reads and checks the files, of graphs that run on the processor. */
  SpeechSpec read() {
    return read(Device.CPU);
  }

  private SpeechSpec read(Device where) {
    return SpeechSpec.read(
        folder, SpeechSpec.encoders(settings.encoder), settings.decoder.candidates(where));
  }

  @Override
  public String toString() {
    return "SpeechBundle[" + folder + "]";
  }
}
