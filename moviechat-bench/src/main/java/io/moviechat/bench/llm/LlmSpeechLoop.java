package io.moviechat.bench.llm;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.onnxruntime.OrtIoBinding;
import org.bytedeco.onnxruntime.OrtSession;
import org.bytedeco.onnxruntime.OrtValue;

/**
 * The least that hears with a Whisper bundle: encode given features, bind, run, take the largest
 * score, bind the caches as the next inputs. No features, no rules, no text. Float32, one thread.
 */
final class LlmSpeechLoop extends BareSessions {
  private static final int FRAMES = 3_000;

  private final LlmSpeech.Bundle bundle;
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
    LlmBareLoop.Threads one = new LlmBareLoop.Threads(1, true);
    encoder = open(bundle.folder().resolve("onnx/encoder_model.onnx"), one);
    decoder = open(bundle.folder().resolve("onnx/decoder_model_merged.onnx"), one);
    features = tensor(FLOAT, 1, bundle.bands(), FRAMES);
    FloatBuffer values = floats(features);
    Random random = new Random(1);
    while (values.hasRemaining()) {
      values.put((float) random.nextGaussian() * 0.5f);
    }
  }

  private OrtValue ids(long... ids) {
    OrtValue value = tensor(INT64, 1, ids.length);
    longs(value, ids.length).put(ids);
    return value;
  }

  private OrtValue flag(boolean on) {
    OrtValue value = tensor(BOOL, 1);
    new BytePointer(data(value)).capacity(1).put((byte) (on ? 1 : 0));
    return value;
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
    super.close();
  }
}
