package io.moviechat.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableLongArray;
import io.moviechat.ModelException;
import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.OnnxHeader;
import io.moviechat.llm.internal.TensorInfo;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A speech bundle whose files were all read and checked against each other, before anything is
 * loaded.
 *
 * @param encoder graph from features to states of the sound
 * @param decoder graph from states and tokens to scores of the next token
 * @param tokenizer of the texts
 * @param tokens that lead the model
 * @param bands of the mel scale that the encoder takes
 * @param width D, of a state
 * @param positions most that the decoder reads and writes
 * @param own caches of what was written
 * @param heard caches of the sound's states
 */
record SpeechSpec(
    OnnxHeader encoder,
    OnnxHeader decoder,
    TokenizerFile tokenizer,
    WhisperTokens tokens,
    int bands,
    int width,
    int positions,
    ImmutableList<CacheSpec> own,
    ImmutableList<CacheSpec> heard) {
  /** States of a window of 30 seconds. */
  static final int STATES = LogMel.FRAMES / 2;

  static final String ENCODER = "encoder_model";
  static final String DECODER = "decoder_model_merged";

  private static final Pattern CACHE =
      Pattern.compile("past_key_values\\.(\\d{1,3})\\.(decoder|encoder)\\.(key|value)");

  private static final ImmutableList<Precision> EXACT_FIRST =
      ImmutableList.of(
          Precision.FP32,
          Precision.FP16,
          Precision.INT8,
          Precision.Q8,
          Precision.UINT8,
          Precision.Q4,
          Precision.Q4F16,
          Precision.BNB4);

  /** How many positions the decoders of all published models have. */
  private static final int POSITIONS = 448;

  /**
   * Reads and checks a bundle.
   *
   * @throws ModelException listing all that is wrong
   */
  static SpeechSpec read(Path folder, List<Precision> encoders, List<Precision> decoders) {
    if (!Files.isDirectory(folder)) {
      throw new ModelException(
          (Files.exists(folder) ? folder + " is a file" : folder + " does not exist")
              + "; a speech bundle is a folder with config.json, tokenizer.json and onnx/*.onnx");
    }
    Problems problems = new Problems("speech bundle " + folder);
    JsonNode config = Json.required(folder, "config.json", problems);
    problems.throwIfAny();
    checkType(config, problems);
    problems.throwIfAny();
    JsonNode generation = Json.optional(folder, "generation_config.json", problems);
    JsonNode features = Json.optional(folder, "preprocessor_config.json", problems);
    Optional<TokenizerFile> tokenizer = TokenizerFile.read(folder, problems);
    Optional<OnnxHeader> encoder = BundleSpec.header(folder, ENCODER, encoders, problems);
    Optional<OnnxHeader> decoder = BundleSpec.header(folder, DECODER, decoders, problems);
    if (tokenizer.isEmpty() || encoder.isEmpty() || decoder.isEmpty()) {
      problems.throwIfAny();
      throw new IllegalStateException("a file that is not there is a problem");
    }
    int bands = bands(encoder.get(), config, features, problems);
    int width = width(encoder.get(), decoder.get(), config, problems);
    Caches caches = Caches.of(decoder.get(), config, width, problems);
    int count = count(decoder.get(), config, problems);
    Optional<WhisperTokens> tokens = Optional.empty();
    if (count > 0) {
      tokens = WhisperTokens.of(tokenizer.get(), config, generation, count, problems);
    }
    int states = Json.integer(config.path("max_source_positions")).orElse(STATES);
    problems.require(
        states == STATES,
        "config.json: max_source_positions must be %d, the states of 30 seconds; it is %d",
        STATES,
        states);
    int positions = Json.integer(config.path("max_target_positions")).orElse(POSITIONS);
    problems.require(
        positions >= 16 && positions <= 1 << 16,
        "config.json: max_target_positions must be in [16, 65536], was %d",
        positions);
    problems.throwIfAny();
    return new SpeechSpec(
        encoder.get(),
        decoder.get(),
        tokenizer.get(),
        tokens.orElseThrow(),
        bands,
        width,
        positions,
        caches.own(),
        caches.heard());
  }

  /** Which encoders to try, best first: the most exact one, where any will do. */
  static List<Precision> encoders(Precision wanted) {
    return wanted == Precision.AUTO ? EXACT_FIRST : List.of(wanted);
  }

  /** Whether a configuration is a speech model's. */
  static boolean isSpeech(JsonNode config) {
    String type = config.path("model_type").asText("");
    return type.isEmpty()
        ? config.path("architectures").path(0).asText("").startsWith("Whisper")
        : type.equals("whisper");
  }

  private static void checkType(JsonNode config, Problems problems) {
    String type = config.path("model_type").asText("");
    if (isSpeech(config)) {
      return;
    }
    if (Families.of(type).isPresent() || Families.refusal(type).isPresent()) {
      problems.add("it is a model of pictures and words, '%s'; open it with ModelBundle.at", type);
    } else {
      problems.add(
          "config.json: model_type '%s' is no speech model that is known; whisper is", type);
    }
  }

  private static int bands(
      OnnxHeader encoder, JsonNode config, JsonNode features, Problems problems) {
    TensorInfo input = DecoderSpec.required(encoder, "input_features", problems);
    OptionalInt said = Json.integer(config.path("num_mel_bins"));
    if (said.isEmpty()) {
      said = Json.integer(features.path("feature_size"));
    }
    int bands = input.dim(1) > 0 ? (int) input.dim(1) : said.orElse(80);
    problems.require(
        bands == 80 || bands == 128,
        "the encoder takes %d bands of the mel scale; 80 and 128 are known",
        bands);
    problems.require(
        said.orElse(bands) == bands,
        "config.json says num_mel_bins %d, but the encoder takes %d; take both from one export",
        said.orElse(bands),
        bands);
    if (!input.name().isEmpty()) {
      problems.require(
          input.rank() == 3
              && input.type().isReal()
              && (input.dim(2) < 0 || input.dim(2) == LogMel.FRAMES),
          "%s: %s is not float [batch, bands, %d]",
          encoder.file().getFileName(),
          input,
          LogMel.FRAMES);
    }
    return bands;
  }

  private static int width(
      OnnxHeader encoder, OnnxHeader decoder, JsonNode config, Problems problems) {
    TensorInfo given = DecoderSpec.requiredOutput(encoder, "last_hidden_state", problems);
    TensorInfo taken = DecoderSpec.required(decoder, "encoder_hidden_states", problems);
    int said = Json.integer(config.path("d_model")).orElse(-1);
    int width = -1;
    for (int found : new int[] {(int) given.dim(2), (int) taken.dim(2), said}) {
      if (found > 0 && width > 0 && found != width) {
        problems.add(
            "the encoder gives states of width %d, the decoder takes %d, config.json says d_model"
                + " %d; take all from one export",
            given.dim(2), taken.dim(2), said);
        return width;
      }
      width = width > 0 ? width : found;
    }
    problems.require(
        width > 0 && width <= 1 << 16,
        "neither the graphs nor config.json (d_model) say how wide a state is");
    problems.require(
        given.type().isReal() && taken.type().isReal(), "%s or %s is no float", given, taken);
    return Math.max(1, width);
  }

  private static int count(OnnxHeader decoder, JsonNode config, Problems problems) {
    TensorInfo ids = DecoderSpec.required(decoder, "input_ids", problems);
    problems.require(
        ids.name().isEmpty() || ids.type() == ElementType.INT64, "%s is no int64", ids);
    TensorInfo branch = DecoderSpec.required(decoder, "use_cache_branch", problems);
    problems.require(
        branch.name().isEmpty() || branch.type() == ElementType.BOOL, "%s is no bool", branch);
    TensorInfo scores = DecoderSpec.requiredOutput(decoder, "logits", problems);
    if (scores.name().isEmpty()) {
      return -1;
    }
    problems.require(scores.type().isReal(), "%s is no float", scores);
    int said = Json.integer(config.path("vocab_size")).orElse(-1);
    int count = scores.rank() == 3 && scores.dim(2) > 0 ? (int) scores.dim(2) : said;
    problems.require(
        count > 0 && count <= 1 << 22,
        "neither the decoder nor config.json (vocab_size) say how many tokens there are");
    problems.require(
        said < 0 || said == count,
        "config.json says vocab_size %d, but the decoder scores %d tokens; take both from one"
            + " export",
        said,
        count);
    return count;
  }

  /** The decoder's caches. */
  private record Caches(ImmutableList<CacheSpec> own, ImmutableList<CacheSpec> heard) {
    static Caches of(OnnxHeader decoder, JsonNode config, int width, Problems problems) {
      String file = decoder.file().getFileName().toString();
      ImmutableList.Builder<CacheSpec> own = ImmutableList.builder();
      ImmutableList.Builder<CacheSpec> heard = ImmutableList.builder();
      Set<Integer> layers = new TreeSet<>();
      Set<Long> heads = new TreeSet<>();
      int saidHeads = Json.integer(config.path("decoder_attention_heads")).orElse(-1);
      for (TensorInfo info : decoder.inputs()) {
        Matcher cache = CACHE.matcher(info.name());
        if (!cache.matches()) {
          problems.require(
              Set.of("input_ids", "encoder_hidden_states", "use_cache_branch")
                  .contains(info.name()),
              "%s wants an input '%s' that nothing here can give",
              file,
              info.name());
          continue;
        }
        long head = info.dim(1) > 0 ? info.dim(1) : saidHeads;
        long wide = info.dim(3) > 0 ? info.dim(3) : head > 0 ? width / head : -1;
        if (info.rank() != 4 || head < 1 || wide < 1 || head * wide != width) {
          problems.add(
              "%s: %s is not [batch, heads, past, width / heads] for states of width %d",
              file, info, width);
          continue;
        }
        layers.add(Integer.parseInt(cache.group(1)));
        heads.add(head);
        String present = info.name().replace("past_key_values", "present");
        problems.require(
            decoder.output(present).isPresent(), "%s has no output '%s'", file, present);
        problems.require(info.type().isReal(), "%s: %s is no float", file, info);
        CacheSpec spec =
            new CacheSpec(
                Integer.parseInt(cache.group(1)),
                info.name(),
                present,
                info.type(),
                ImmutableLongArray.of(1, head, -1, wide));
        (cache.group(2).equals("decoder") ? own : heard).add(spec);
      }
      Caches caches = new Caches(own.build(), heard.build());
      if (layers.isEmpty()) {
        problems.add("%s has no input 'past_key_values.0.decoder.key': it is no merged one", file);
        return caches;
      }
      int said = Json.integer(config.path("decoder_layers")).orElse(layers.size());
      problems.require(
          caches.own.size() == 2 * layers.size()
              && caches.heard.size() == 2 * layers.size()
              && said == layers.size(),
          "%s keeps %d + %d caches in %d layers, config.json says decoder_layers %d; a layer has"
              + " 2 + 2",
          file,
          caches.own.size(),
          caches.heard.size(),
          layers.size(),
          said);
      problems.require(
          heads.size() == 1 && (saidHeads < 0 || heads.contains((long) saidHeads)),
          "%s has layers of %s heads, config.json says decoder_attention_heads %d; take both from"
              + " one export",
          file,
          heads,
          saidHeads);
      return caches;
    }
  }
}
