package io.moviechat.llm;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import com.google.common.primitives.ImmutableLongArray;
import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.OnnxHeader;
import io.moviechat.llm.internal.TensorInfo;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a decoder graph wants and gives.
 *
 * @param caches the states that it keeps, in the order of its declarations
 * @param embedType of inputs_embeds
 * @param logitsType of the logits
 * @param width D, width of inputs_embeds
 * @param vocabulary width of the logits, empty if the graph leaves it open
 * @param positionAxes numbers of each position in position_ids: 0 if they are not wanted, 1 for
 *     [batch, positions], 3 for [time-height-width, batch, positions]
 * @param attentionMask whether attention_mask is wanted
 * @param logitsToKeep whether num_logits_to_keep is wanted
 * @param cacheBranch whether use_cache_branch is wanted
 * @param perLayer what the embedding graph must give beside the embeddings, per_layer_inputs
 */
record DecoderSpec(
    ImmutableList<CacheSpec> caches,
    ElementType embedType,
    ElementType logitsType,
    int width,
    OptionalInt vocabulary,
    int positionAxes,
    boolean attentionMask,
    boolean logitsToKeep,
    boolean cacheBranch,
    Optional<TensorInfo> perLayer) {
  /** The input of embeddings that each layer reads for itself. */
  static final String PER_LAYER = "per_layer_inputs";

  private static final Pattern KEY_VALUE =
      Pattern.compile("past_key_values\\.(\\d{1,5})\\.(key|value)");
  private static final Pattern STATE = Pattern.compile("past_(conv|recurrent)\\.(\\d{1,5})");
  private static final ImmutableSet<String> INPUTS =
      ImmutableSet.of(
          "inputs_embeds",
          "attention_mask",
          "position_ids",
          "num_logits_to_keep",
          "use_cache_branch",
          PER_LAYER);

  /** Layers that keep a state. */
  int layers() {
    return (int) caches.stream().mapToInt(CacheSpec::layer).distinct().count();
  }

  /** Bytes of all caches for one position. */
  long bytesPerPosition() {
    return caches.stream().filter(CacheSpec::grows).mapToLong(CacheSpec::bytes).sum();
  }

  /** Whether the last positions can be taken back: every state is a row for each position. */
  boolean forgets() {
    return caches.stream().allMatch(CacheSpec::grows);
  }

  /** Reads a decoder's declarations; what does not fit is a problem. */
  static DecoderSpec of(OnnxHeader header, Problems problems) {
    String file = header.file().getFileName().toString();
    ImmutableList<CacheSpec> caches = caches(header, file, problems);
    TensorInfo embeds = required(header, "inputs_embeds", problems);
    TensorInfo logits = requiredOutput(header, "logits", problems);
    problems.require(
        embeds.rank() == 3 && embeds.dim(2) >= 1, "%s: %s has no fixed width", file, embeds);
    problems.require(embeds.type().isReal(), "%s: %s is no float", file, embeds);
    problems.require(logits.type().isReal(), "%s: %s is no float", file, logits);
    Optional<TensorInfo> perLayer = header.input(PER_LAYER);
    perLayer.ifPresent(info -> checkPerLayer(info, file, problems));
    return new DecoderSpec(
        caches,
        embeds.type(),
        logits.type(),
        (int) Math.max(1, embeds.dim(2)),
        logits.rank() == 3 && logits.dim(2) > 0
            ? OptionalInt.of((int) logits.dim(2))
            : OptionalInt.empty(),
        positionAxes(header, file, problems),
        header.input("attention_mask").isPresent(),
        header.input("num_logits_to_keep").isPresent(),
        header.input("use_cache_branch").isPresent(),
        perLayer);
  }

  private static void checkPerLayer(TensorInfo info, String file, Problems problems) {
    boolean fixed = info.rank() >= 3 && info.type().isReal();
    for (int axis = 2; axis < info.rank(); axis++) {
      fixed &= info.dim(axis) >= 1 && info.dim(axis) <= 65536;
    }
    problems.require(
        fixed, "%s: %s is not [batch, positions, ...] of floats with fixed sides", file, info);
  }

  private static int positionAxes(OnnxHeader header, String file, Problems problems) {
    Optional<TensorInfo> positions = header.input("position_ids");
    if (positions.isEmpty()) {
      return 0;
    }
    boolean three = positions.get().rank() == 3 && positions.get().dim(0) == 3;
    problems.require(
        positions.get().rank() == 2 || three,
        "%s: %s is neither [batch, positions] nor [3, batch, positions]",
        file,
        positions.get());
    return three ? 3 : 1;
  }

  private static ImmutableList<CacheSpec> caches(
      OnnxHeader header, String file, Problems problems) {
    ImmutableList.Builder<CacheSpec> caches = ImmutableList.builder();
    Set<Integer> keyValueLayers = new TreeSet<>();
    for (TensorInfo info : header.inputs()) {
      Matcher keyValue = KEY_VALUE.matcher(info.name());
      Matcher state = STATE.matcher(info.name());
      if (keyValue.matches()) {
        int layer = Integer.parseInt(keyValue.group(1));
        keyValueLayers.add(layer);
        String present = "present." + layer + "." + keyValue.group(2);
        if (info.rank() != 4
            || info.dim(1) < 1
            || info.dim(3) < 1
            || info.dim(1) > 1024
            || info.dim(3) > 65536) {
          problems.add(
              "%s: %s is not [batch, heads, past, width] with fixed heads and width", file, info);
          continue;
        }
        caches.add(
            new CacheSpec(
                layer,
                info.name(),
                present,
                real(info, file, problems),
                ImmutableLongArray.of(1, info.dim(1), -1, info.dim(3))));
        checkPresent(header, file, present, problems);
      } else if (state.matches()) {
        String present = "present_" + state.group(1) + "." + state.group(2);
        ImmutableLongArray.Builder dims = ImmutableLongArray.builder().add(1);
        boolean fixed = info.rank() >= 2;
        for (int axis = 1; axis < info.rank(); axis++) {
          fixed &= info.dim(axis) >= 1 && info.dim(axis) <= 1 << 20;
          dims.add(info.dim(axis));
        }
        if (!fixed) {
          problems.add("%s: %s is not [batch, ...] with fixed sides", file, info);
          continue;
        }
        caches.add(
            new CacheSpec(
                Integer.parseInt(state.group(2)),
                info.name(),
                present,
                real(info, file, problems),
                dims.build()));
        checkPresent(header, file, present, problems);
      } else {
        problems.require(
            INPUTS.contains(info.name()),
            "%s wants an input '%s' that nothing here can give",
            file,
            info.name());
      }
    }
    problems.require(
        !keyValueLayers.isEmpty(),
        "%s has no input 'past_key_values.0.key': it was exported without a cache",
        file);
    for (int layer : keyValueLayers) {
      for (String half : new String[] {".key", ".value"}) {
        String name = "past_key_values." + layer + half;
        problems.require(header.input(name).isPresent(), "%s has no input '%s'", file, name);
      }
    }
    return caches.build();
  }

  private static ElementType real(TensorInfo info, String file, Problems problems) {
    problems.require(info.type().isReal(), "%s: %s is no float", file, info);
    return info.type();
  }

  private static void checkPresent(
      OnnxHeader header, String file, String present, Problems problems) {
    problems.require(header.output(present).isPresent(), "%s has no output '%s'", file, present);
  }

  private static final TensorInfo NONE =
      new TensorInfo("", ElementType.FLOAT, ImmutableLongArray.of());

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
