package io.moviechat.bench.llm;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.onnxruntime.OrtIoBinding;
import org.bytedeco.onnxruntime.OrtSession;
import org.bytedeco.onnxruntime.OrtValue;

/**
 * The least that runs a decoder with caches: bind, run, take the largest logit, bind the outputs as
 * the next inputs. No text, no options, no checks. The peer that our own loop is measured against.
 * For graphs with {@code position_ids} and {@code num_logits_to_keep}; float32.
 */
final class LlmBareLoop extends BareSessions {
  /**
   * How sessions run.
   *
   * @param threads of each operator, 0 for the runtime's own choice
   * @param spinning whether idle threads go on looking for work for a while
   * @param cuda on the first graphics card; caches stay with the host, which is what binding saves
   */
  record Threads(int threads, boolean spinning, boolean cuda) {
    Threads(int threads, boolean spinning) {
      this(threads, spinning, false);
    }
  }

  private final OrtSession embed;
  private final OrtSession decoder;
  private final OrtSession vision;
  private final int layers;
  private final int heads;
  private final int headDim;
  private final int width;
  private long prefillNanos;

  private LlmBareLoop(
      Path bundle, String suffix, int layers, int heads, int headDim, int width, Threads settings) {
    this.layers = layers;
    this.heads = heads;
    this.headDim = headDim;
    this.width = width;
    // As the product does: a look-up needs no pool of threads.
    embed =
        open(
            bundle.resolve("onnx/embed_tokens.onnx"),
            new Threads(1, settings.spinning(), settings.cuda()));
    decoder = open(bundle.resolve("onnx/decoder_model_merged" + suffix + ".onnx"), settings);
    vision = open(bundle.resolve("onnx/vision_encoder.onnx"), settings);
  }

  /** A loop over the bundle that config.json describes. */
  static LlmBareLoop of(Path bundle, JsonNode config, Threads settings) {
    return of(bundle, "", config, settings);
  }

  /**
   * The same with another variant of the decoder.
   *
   * @param suffix of its file's name, {@code _q4} for instance
   */
  static LlmBareLoop of(Path bundle, String suffix, JsonNode config, Threads settings) {
    JsonNode text = config.path("text_config");
    return new LlmBareLoop(
        bundle,
        suffix,
        text.path("num_hidden_layers").asInt(),
        text.path("num_key_value_heads").asInt(),
        text.path("head_dim").asInt(),
        text.path("hidden_size").asInt(),
        settings);
  }

  /** Nanoseconds of reading the last prompt. */
  long prefillNanos() {
    return prefillNanos;
  }

  /** Nanoseconds of each token after the first. */
  long[] decode(int[] prompt, int newTokens) {
    return decode(prompt, newTokens, 1);
  }

  /**
   * The same of several sequences in one run, each with caches of its own. All say the same.
   *
   * @return nanoseconds of a token of all sequences
   */
  long[] decode(int[] prompt, int newTokens, int sequences) {
    OrtIoBinding embedding = new OrtIoBinding();
    OrtIoBinding decoding = new OrtIoBinding();
    check(api.CreateIoBinding(embed, embedding));
    check(api.CreateIoBinding(decoder, decoding));
    List<String> caches =
        java.util.stream.IntStream.range(0, layers)
            .boxed()
            .flatMap(i -> Stream.of(i + ".key", i + ".value"))
            .toList();
    List<OrtValue> past = new ArrayList<>();
    caches.forEach(name -> past.add(tensor(FLOAT, sequences, heads, 0, headDim)));
    OrtValue keep = tensor(INT64);
    longs(keep, 1).put(0, 1);
    check(api.BindInput(decoding, "num_logits_to_keep", keep));
    long[] nanos = new long[newTokens];
    int[] ids = prompt;
    int length = 0;
    for (int step = 0; step <= newTokens; step++) {
      long start = System.nanoTime();
      int count = ids.length;
      OrtValue input = tensor(INT64, sequences, count);
      OrtValue positions = tensor(INT64, sequences, count);
      LongBuffer allIds = longs(input, (long) sequences * count);
      LongBuffer allPositions = longs(positions, (long) sequences * count);
      for (int i = 0; i < sequences * count; i++) {
        allIds.put(i, ids[i % count]);
        allPositions.put(i, length + i % count);
      }
      OrtValue embeds = tensor(FLOAT, sequences, count, width);
      check(api.BindInput(embedding, "input_ids", input));
      check(api.BindOutput(embedding, "inputs_embeds", embeds));
      check(api.RunWithBinding(embed, null, embedding));
      length += count;
      OrtValue mask = tensor(INT64, sequences, length);
      LongBuffer ones = longs(mask, (long) sequences * length);
      for (int i = 0; i < sequences * length; i++) {
        ones.put(i, 1);
      }
      check(api.BindInput(decoding, "inputs_embeds", embeds));
      check(api.BindInput(decoding, "attention_mask", mask));
      check(api.BindInput(decoding, "position_ids", positions));
      check(api.BindOutputToDevice(decoding, "logits", cpu));
      for (int i = 0; i < caches.size(); i++) {
        check(api.BindInput(decoding, "past_key_values." + caches.get(i), past.get(i)));
        check(api.BindOutputToDevice(decoding, "present." + caches.get(i), cpu));
      }
      List<OrtValue> outputs = run(decoder, decoding);
      ids = new int[] {largest(outputs.get(0), sequences)};
      api.ReleaseValue(outputs.get(0));
      past.forEach(api::ReleaseValue);
      past.clear();
      past.addAll(outputs.subList(1, outputs.size()));
      Stream.of(input, positions, embeds, mask).forEach(api::ReleaseValue);
      if (step == 0) {
        prefillNanos = System.nanoTime() - start;
      } else {
        nanos[step - 1] = System.nanoTime() - start;
      }
    }
    past.forEach(api::ReleaseValue);
    api.ReleaseValue(keep);
    api.ReleaseIoBinding(embedding);
    api.ReleaseIoBinding(decoding);
    return nanos;
  }

  /** The best of the first sequence; looks at all of them, as an answer of each would. */
  private int largest(OrtValue logits, int sequences) {
    FloatBuffer values = floats(logits);
    int count = values.capacity() / sequences;
    int[] best = new int[sequences];
    for (int s = 0; s < sequences; s++) {
      for (int i = 1; i < count; i++) {
        if (values.get(s * count + i) > values.get(s * count + best[s])) {
          best[s] = i;
        }
      }
    }
    return best[0];
  }

  /** Nanoseconds of encoding that many frames at once. */
  long encode(int frames, int side) {
    OrtIoBinding binding = new OrtIoBinding();
    check(api.CreateIoBinding(vision, binding));
    OrtValue pixels = tensor(FLOAT, 1, frames, 3, side, side);
    FloatBuffer values = floats(pixels);
    for (int i = 0; i < values.capacity(); i++) {
      values.put(i, (i % 256) / 128f - 1);
    }
    OrtValue mask = tensor(BOOL, 1, frames, side, side);
    byte[] all = new byte[frames * side * side];
    Arrays.fill(all, (byte) 1);
    new BytePointer(data(mask)).capacity(all.length).put(all);
    long start = System.nanoTime();
    check(api.BindInput(binding, "pixel_values", pixels));
    check(api.BindInput(binding, "pixel_attention_mask", mask));
    check(api.BindOutputToDevice(binding, "image_features", cpu));
    check(api.RunWithBinding(vision, null, binding));
    long nanos = System.nanoTime() - start;
    api.ReleaseIoBinding(binding);
    api.ReleaseValue(pixels);
    api.ReleaseValue(mask);
    return nanos;
  }
}
