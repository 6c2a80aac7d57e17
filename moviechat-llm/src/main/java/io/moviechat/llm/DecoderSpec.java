package io.moviechat.llm;

import com.google.common.collect.ImmutableList;
import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.OnnxHeader;
import io.moviechat.llm.internal.TensorInfo;
import java.util.OptionalInt;

/**
 * What a decoder graph wants and gives.
 *
 * @param layers pairs of cache tensors
 * @param kvHeads key/value heads
 * @param headDim width of a head
 * @param cacheType of the caches
 * @param embedType of inputs_embeds
 * @param logitsType of the logits
 * @param width D, width of inputs_embeds
 * @param vocabulary width of the logits, empty if the graph leaves it open
 * @param positions whether position_ids are wanted
 * @param logitsToKeep whether num_logits_to_keep is wanted
 * @param cacheBranch whether use_cache_branch is wanted
 */
record DecoderSpec(
    int layers,
    int kvHeads,
    int headDim,
    ElementType cacheType,
    ElementType embedType,
    ElementType logitsType,
    int width,
    OptionalInt vocabulary,
    boolean positions,
    boolean logitsToKeep,
    boolean cacheBranch) {

  static String past(int layer, boolean key) {
    return "past_key_values." + layer + (key ? ".key" : ".value");
  }

  static String present(int layer, boolean key) {
    return "present." + layer + (key ? ".key" : ".value");
  }

  /** Bytes of all caches for one position. */
  long bytesPerPosition() {
    return 2L * layers * kvHeads * headDim * cacheType.bytes();
  }

  /** Reads a decoder's declarations; what does not fit is a problem. */
  static DecoderSpec of(OnnxHeader header, Problems problems) {
    String file = header.file().getFileName().toString();
    int layers = 0;
    while (header.input(past(layers, true)).isPresent()) {
      layers++;
    }
    problems.require(
        layers > 0,
        "%s has no input 'past_key_values.0.key': it was exported without a cache",
        file);
    int kvHeads = 1;
    int headDim = 1;
    ElementType cacheType = ElementType.FLOAT;
    for (int layer = 0; layer < layers; layer++) {
      for (boolean key : new boolean[] {true, false}) {
        var input = header.input(past(layer, key));
        if (input.isEmpty()) {
          problems.add("%s has no input '%s'", file, past(layer, key));
          continue;
        }
        if (header.output(present(layer, key)).isEmpty()) {
          problems.add("%s has no output '%s'", file, present(layer, key));
        }
        TensorInfo info = input.get();
        if (info.rank() != 4
            || info.dim(1) < 1
            || info.dim(3) < 1
            || info.dim(1) > 1024
            || info.dim(3) > 65536) {
          problems.add(
              "%s: %s is not [batch, heads, past, width] with fixed heads and width", file, info);
          continue;
        }
        if (layer == 0 && key) {
          kvHeads = (int) info.dim(1);
          headDim = (int) info.dim(3);
          cacheType = info.type();
          problems.require(cacheType.isReal(), "%s: %s is no float", file, info);
        } else if (info.dim(1) != kvHeads || info.dim(3) != headDim || info.type() != cacheType) {
          problems.add("%s: %s differs from the first layer's cache", file, info);
        }
      }
    }
    TensorInfo embeds = required(header, "inputs_embeds", problems);
    TensorInfo logits = requiredOutput(header, "logits", problems);
    problems.require(
        embeds.rank() == 3 && embeds.dim(2) >= 1, "%s: %s has no fixed width", file, embeds);
    problems.require(embeds.type().isReal(), "%s: %s is no float", file, embeds);
    problems.require(logits.type().isReal(), "%s: %s is no float", file, logits);
    required(header, "attention_mask", problems);
    boolean positions = header.input("position_ids").isPresent();
    if (positions) {
      problems.require(
          required(header, "position_ids", problems).rank() == 2,
          "%s wants position_ids of rank %d; only [batch, positions] is supported",
          file,
          required(header, "position_ids", problems).rank());
    }
    for (TensorInfo info : header.inputs()) {
      String name = info.name();
      boolean known =
          ImmutableList.of(
                      "inputs_embeds",
                      "attention_mask",
                      "position_ids",
                      "num_logits_to_keep",
                      "use_cache_branch")
                  .contains(name)
              || name.startsWith("past_key_values.");
      problems.require(known, "%s wants an input '%s' that nothing here can give", file, name);
    }
    return new DecoderSpec(
        layers,
        kvHeads,
        headDim,
        cacheType,
        embeds.type(),
        logits.type(),
        (int) Math.max(1, embeds.dim(2)),
        logits.rank() == 3 && logits.dim(2) > 0
            ? OptionalInt.of((int) logits.dim(2))
            : OptionalInt.empty(),
        positions,
        header.input("num_logits_to_keep").isPresent(),
        header.input("use_cache_branch").isPresent());
  }

  private static final TensorInfo NONE =
      new TensorInfo("", ElementType.FLOAT, com.google.common.primitives.ImmutableLongArray.of());

  static TensorInfo required(OnnxHeader header, String name, Problems problems) {
    return header
        .input(name)
        .orElseGet(
            () -> {
              problems.add(
                  "%s has no input '%s'; it has %s",
                  header.file().getFileName(), name, header.inputs());
              return NONE;
            });
  }

  static TensorInfo requiredOutput(OnnxHeader header, String name, Problems problems) {
    return header
        .output(name)
        .orElseGet(
            () -> {
              problems.add(
                  "%s has no output '%s'; it has %s",
                  header.file().getFileName(), name, header.outputs());
              return NONE;
            });
  }
}
