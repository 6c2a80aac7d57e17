package io.moviechat.bench.llm;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.bytedeco.onnxruntime.OrtAllocator;
import org.bytedeco.onnxruntime.OrtApi;
import org.bytedeco.onnxruntime.OrtEnv;
import org.bytedeco.onnxruntime.OrtIoBinding;
import org.bytedeco.onnxruntime.OrtMemoryInfo;
import org.bytedeco.onnxruntime.OrtSession;
import org.bytedeco.onnxruntime.OrtSessionOptions;
import org.bytedeco.onnxruntime.OrtStatus;
import org.bytedeco.onnxruntime.OrtValue;
import org.bytedeco.onnxruntime.global.onnxruntime;
import org.jspecify.annotations.Nullable;

/**
 * The least that hears with a Whisper bundle: encode given features, bind, run, take the largest
 * score, bind the caches as the next inputs. No features, no rules, no text. Float32, one thread.
 */
final class LlmSpeechLoop implements AutoCloseable {
  private static final int INT64 = 7;
  private static final int FLOAT = 1;
  private static final int BOOL = 9;
  private static final int FRAMES = 3_000;

  private final LlmSpeech.Bundle bundle;
  private final OrtApi api = onnxruntime.OrtGetApiBase().GetApi().call(onnxruntime.ORT_API_VERSION);
  private final OrtEnv env = new OrtEnv();
  private final OrtMemoryInfo cpu = new OrtMemoryInfo();
  private final OrtAllocator allocator = new OrtAllocator();
  private final OrtSession encoder;
  private final OrtSession decoder;
  private final OrtValue features;
  private final List<String> caches;

  LlmSpeechLoop(LlmSpeech.Bundle bundle) {
    this.bundle = bundle;
    caches =
        IntStream.range(0, bundle.layers())
            .boxed()
            .flatMap(
                i ->
                    Stream.of(
                        i + ".decoder.key",
                        i + ".decoder.value",
                        i + ".encoder.key",
                        i + ".encoder.value"))
            .toList();
    check(api.CreateEnv(4, "bare", env));
    check(api.CreateCpuMemoryInfo(1, 0, cpu));
    check(api.GetAllocatorWithDefaultOptions(allocator));
    encoder = open(bundle.folder().resolve("onnx/encoder_model.onnx"));
    decoder = open(bundle.folder().resolve("onnx/decoder_model_merged.onnx"));
    features = tensor(FLOAT, 1, bundle.bands(), FRAMES);
    FloatBuffer values = floats(features);
    Random random = new Random(1);
    while (values.hasRemaining()) {
      values.put((float) random.nextGaussian() * 0.5f);
    }
  }

  private OrtSession open(Path file) {
    OrtSessionOptions options = new OrtSessionOptions();
    check(api.CreateSessionOptions(options));
    check(api.SetIntraOpNumThreads(options, 1));
    OrtSession session = new OrtSession();
    try (BytePointer path = new BytePointer(file.toString())) {
      check(api.CreateSession(env, path, options, session));
    }
    api.ReleaseSessionOptions(options);
    return session;
  }

  private void check(@Nullable OrtStatus status) {
    if (status != null && !status.isNull()) {
      throw new IllegalStateException(api.GetErrorMessage().call(status).getString());
    }
  }

  private OrtValue tensor(int type, long... dims) {
    OrtValue value = new OrtValue();
    check(api.CreateTensorAsOrtValue(allocator, dims, dims.length, type, value));
    return value;
  }

  private Pointer data(OrtValue value) {
    Pointer data = new BytePointer((Pointer) null);
    check(api.GetTensorMutableData(value, data));
    return data;
  }

  private FloatBuffer floats(OrtValue value) {
    try (SizeTPointer bytes = new SizeTPointer(1)) {
      check(api.GetTensorSizeInBytes(value, bytes));
      return new FloatPointer(data(value)).capacity(bytes.get() / 4).asBuffer();
    }
  }

  private OrtValue ids(long... ids) {
    OrtValue value = tensor(INT64, 1, ids.length);
    new LongPointer(data(value)).capacity(ids.length).asBuffer().put(ids);
    return value;
  }

  private OrtValue flag(boolean on) {
    OrtValue value = tensor(BOOL, 1);
    new BytePointer(data(value)).capacity(1).put((byte) (on ? 1 : 0));
    return value;
  }

  /** Runs a graph; the outputs in the order in which they were bound. */
  private List<OrtValue> run(OrtSession session, OrtIoBinding binding) {
    check(api.RunWithBinding(session, null, binding));
    try (SizeTPointer count = new SizeTPointer(1)) {
      PointerPointer<OrtValue> values = new PointerPointer<>((Pointer) null);
      check(api.GetBoundOutputValues(binding, allocator, values, count));
      List<OrtValue> outputs = new ArrayList<>();
      for (int i = 0; i < count.get(); i++) {
        outputs.add(values.get(OrtValue.class, i));
      }
      check(api.AllocatorFree(allocator, values));
      return outputs;
    }
  }

  /** Hears a window, and tells how many tokens it says. */
  int window() {
    OrtIoBinding encoding = new OrtIoBinding();
    OrtIoBinding reading = new OrtIoBinding();
    OrtIoBinding writing = new OrtIoBinding();
    check(api.CreateIoBinding(encoder, encoding));
    check(api.CreateIoBinding(decoder, reading));
    check(api.CreateIoBinding(decoder, writing));
    check(api.BindInput(encoding, "input_features", features));
    check(api.BindOutputToDevice(encoding, "last_hidden_state", cpu));
    OrtValue states = run(encoder, encoding).get(0);

    OrtValue prompt = ids(bundle.start(), bundle.language(), bundle.task());
    OrtValue first = flag(false);
    OrtValue later = flag(true);
    OrtValue nothing = tensor(FLOAT, 1, bundle.heads(), 0, bundle.width() / bundle.heads());
    check(api.BindInput(reading, "input_ids", prompt));
    check(api.BindInput(reading, "encoder_hidden_states", states));
    check(api.BindInput(reading, "use_cache_branch", first));
    check(api.BindOutputToDevice(reading, "logits", cpu));
    for (String cache : caches) {
      check(api.BindInput(reading, "past_key_values." + cache, nothing));
      check(api.BindOutputToDevice(reading, "present." + cache, cpu));
    }
    List<OrtValue> outputs = run(decoder, reading);
    check(api.BindInput(writing, "encoder_hidden_states", states));
    check(api.BindInput(writing, "use_cache_branch", later));
    List<OrtValue> heard = new ArrayList<>();
    List<String> own = new ArrayList<>();
    List<OrtValue> past = new ArrayList<>();
    for (int i = 0; i < caches.size(); i++) {
      if (caches.get(i).contains("encoder")) {
        heard.add(outputs.get(i + 1));
        check(api.BindInput(writing, "past_key_values." + caches.get(i), outputs.get(i + 1)));
      } else {
        own.add(caches.get(i));
        past.add(outputs.get(i + 1));
      }
    }
    OrtValue logits = outputs.get(0);
    int said = 0;
    while (true) {
      int best = largest(logits);
      api.ReleaseValue(logits);
      said++;
      if (best == bundle.end() || said > 2 * bundle.says()) {
        break;
      }
      OrtValue id = ids(best);
      check(api.BindInput(writing, "input_ids", id));
      check(api.BindOutputToDevice(writing, "logits", cpu));
      for (int i = 0; i < own.size(); i++) {
        check(api.BindInput(writing, "past_key_values." + own.get(i), past.get(i)));
        check(api.BindOutputToDevice(writing, "present." + own.get(i), cpu));
      }
      outputs = run(decoder, writing);
      past.forEach(api::ReleaseValue);
      past = new ArrayList<>(outputs.subList(1, outputs.size()));
      logits = outputs.get(0);
      api.ReleaseValue(id);
    }
    past.forEach(api::ReleaseValue);
    heard.forEach(api::ReleaseValue);
    Stream.of(states, prompt, first, later, nothing).forEach(api::ReleaseValue);
    Stream.of(encoding, reading, writing).forEach(api::ReleaseIoBinding);
    return said;
  }

  /** The best of the last place. */
  private int largest(OrtValue logits) {
    FloatBuffer values = floats(logits);
    int from = values.capacity() - bundle.vocabulary();
    int best = 0;
    for (int i = 1; i < bundle.vocabulary(); i++) {
      if (values.get(from + i) > values.get(from + best)) {
        best = i;
      }
    }
    return best;
  }

  @Override
  public void close() {
    api.ReleaseValue(features);
    api.ReleaseSession(encoder);
    api.ReleaseSession(decoder);
    api.ReleaseMemoryInfo(cpu);
  }
}
