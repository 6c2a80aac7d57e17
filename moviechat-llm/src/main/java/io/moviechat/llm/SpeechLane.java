package io.moviechat.llm;

import io.moviechat.InferenceException;
import io.moviechat.internal.HalfFloats;
import io.moviechat.internal.NativeOwner;
import io.moviechat.internal.ResourceStack;
import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.Graph;
import io.moviechat.llm.internal.GraphRun;
import io.moviechat.llm.internal.OrtException;
import io.moviechat.llm.internal.Tensor;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import java.util.List;

/**
 * The graphs of a speech model at work on one window at a time, with their own bindings and
 * buffers. Not thread-safe.
 *
 * <p>The merged decoder is two graphs in one. A prompt goes through the branch without caches,
 * which gives those of the prompt and of the sound; each further token goes through the other one,
 * which gives only the former (the latter it returns empty, so they are not even asked for).
 */
final class SpeechLane implements AutoCloseable {
  private final SpeechSpec spec;
  private final ResourceStack resources;
  private final GraphRun encoding;
  private final GraphRun reading;
  private final GraphRun writing;
  private final Tensor features;
  private final Tensor states;
  private final Tensor ids;
  private final LongBuffer idsBuffer;
  private final Tensor idsView;
  private final Tensor id;
  private final LongBuffer idBuffer;
  private final Tensor scoresTensor;
  private final ShortBuffer halves;
  private final java.nio.FloatBuffer floats;
  private final KvBlock prompt;
  private final KvBlock heard;
  private final KvBlock[] written = new KvBlock[2];
  private final float[] scores;
  private final float[] promptScores;
  private final int longestPrompt;
  private int turn;
  private KvBlock past;

  /**
   * @param longestPrompt most tokens of a prompt
   */
  SpeechLane(Graph encoder, Graph decoder, SpeechSpec spec, int longestPrompt) {
    this.spec = spec;
    this.longestPrompt = longestPrompt;
    int count = spec.tokens().count();
    scores = new float[count];
    promptScores = new float[count];
    ElementType featureType = encoder.header().input("input_features").orElseThrow().type();
    ElementType stateType = encoder.header().output("last_hidden_state").orElseThrow().type();
    ElementType takenType = decoder.header().input("encoder_hidden_states").orElseThrow().type();
    ElementType scoreType = decoder.header().output("logits").orElseThrow().type();
    try (ResourceStack opened = new ResourceStack()) {
      features = opened.push(Tensor.allocate(featureType, 1, spec.bands(), LogMel.FRAMES));
      states = opened.push(Tensor.allocate(stateType, 1, SpeechSpec.STATES, spec.width()));
      taken =
          takenType == stateType
              ? states
              : opened.push(Tensor.allocate(takenType, 1, SpeechSpec.STATES, spec.width()));
      encoding = opened.push(new GraphRun(encoder));
      encoding.input("input_features", features);
      encoding.output("last_hidden_state", states);

      ids = opened.push(Tensor.allocate(ElementType.INT64, 1, longestPrompt));
      idsBuffer = ids.buffer().asLongBuffer();
      idsView = opened.push(Tensor.newView(ids, ElementType.INT64, 2));
      id = opened.push(Tensor.allocate(ElementType.INT64, 1, 1));
      idBuffer = id.buffer().asLongBuffer();
      scoresTensor = opened.push(Tensor.allocate(scoreType, 1, 1, count));
      ByteBuffer bytes = scoresTensor.buffer();
      halves = bytes.asShortBuffer();
      floats = bytes.asFloatBuffer();
      KvBlock nothingWritten = opened.push(KvBlock.nothing(spec.own()));
      KvBlock nothingHeard = opened.push(KvBlock.nothing(spec.heard()));
      prompt = opened.push(new KvBlock(decoder, spec.own(), longestPrompt));
      heard = opened.push(new KvBlock(decoder, spec.heard(), SpeechSpec.STATES));
      heard.show(SpeechSpec.STATES);
      int positions = longestPrompt + longest(longestPrompt);
      for (int i = 0; i < written.length; i++) {
        written[i] = opened.push(new KvBlock(decoder, spec.own(), positions));
      }
      past = prompt;

      reading = opened.push(new GraphRun(decoder));
      // The output whose shape depends on the prompt has to be the first one bound.
      reading.freeOutput("logits");
      reading.input("encoder_hidden_states", taken);
      reading.input("use_cache_branch", opened.push(flag(false)));
      bindInputs(reading, spec.own(), nothingWritten);
      bindInputs(reading, spec.heard(), nothingHeard);
      for (int i = 0; i < spec.heard().size(); i++) {
        reading.output(spec.heard().get(i).present(), heard.cache(i));
      }

      writing = opened.push(new GraphRun(decoder));
      writing.output("logits", scoresTensor);
      writing.input("input_ids", id);
      writing.input("encoder_hidden_states", taken);
      writing.input("use_cache_branch", opened.push(flag(true)));
      bindInputs(writing, spec.heard(), heard);
      opened.push(NativeOwner.open(this, "a lane of a speech model"));
      resources = opened.release();
    }
  }

  private final Tensor taken;

  private static Tensor flag(boolean value) {
    Tensor flag = Tensor.allocate(ElementType.BOOL, 1);
    flag.buffer().put(0, (byte) (value ? 1 : 0));
    return flag;
  }

  private static void bindInputs(GraphRun run, List<CacheSpec> caches, KvBlock block) {
    for (int i = 0; i < caches.size(); i++) {
      run.input(caches.get(i).past(), block.cache(i));
    }
  }

  private static void bindOutputs(GraphRun run, List<CacheSpec> caches, KvBlock block) {
    for (int i = 0; i < caches.size(); i++) {
      run.output(caches.get(i).present(), block.cache(i));
    }
  }

  /** Most tokens that can be written behind a prompt: half of the positions, and what fits. */
  int longest(int promptLength) {
    return Math.min(spec.positions() / 2, spec.positions() - promptLength + 1);
  }

  /** Hears a window. */
  void hear(float[] logMel) {
    Lane.fromFloats(logMel, features);
    run(encoding, "encoder");
    if (taken != states) {
      float[] values = new float[SpeechSpec.STATES * spec.width()];
      Lane.toFloats(states, values);
      Lane.fromFloats(values, taken);
    }
  }

  /** The states of the window that was heard, [states, width]. */
  float[] states() {
    float[] values = new float[SpeechSpec.STATES * spec.width()];
    Lane.toFloats(states, values);
    return values;
  }

  /**
   * Reads a prompt for the window that was heard.
   *
   * @param start place of {@code <|startoftranscript|>} in it
   * @return the scores at that place; overwritten by the next call
   */
  float[] read(int[] newPrompt, int start) {
    int count = newPrompt.length;
    if (count > longestPrompt) {
      throw new IllegalArgumentException(count + " tokens in a prompt of " + longestPrompt);
    }
    for (int i = 0; i < count; i++) {
      idsBuffer.put(i, newPrompt[i]);
    }
    idsView.view(ids, 0, 1, count);
    reading.input("input_ids", idsView);
    prompt.show(count);
    bindOutputs(reading, spec.own(), prompt);
    run(reading, "decoder");
    try (Tensor rows = reading.takeFree()) {
      int width = (int) rows.dim(2);
      if (rows.rank() != 3 || rows.dim(1) != count || width != scores.length) {
        throw new InferenceException(
            "the decoder gave scores of %d tokens for %d places, not of %d for %d"
                .formatted(width, rows.dim(1), scores.length, count));
      }
      row(rows, start, promptScores);
      row(rows, count - 1, scores);
    }
    return promptScores;
  }

  /** Goes back to the end of the prompt that was read last. */
  void rewind(float[] endScores) {
    past = prompt;
    System.arraycopy(endScores, 0, scores, 0, scores.length);
  }

  /** Scores of the next token; the caller may change them. */
  float[] scores() {
    return scores;
  }

  /** Reads a token that was written. */
  void write(int token) {
    KvBlock next = written[turn];
    turn = 1 - turn;
    next.show(past.length() + 1);
    idBuffer.put(0, token);
    bindInputs(writing, spec.own(), past);
    bindOutputs(writing, spec.own(), next);
    run(writing, "decoder");
    past = next;
    if (scoresTensor.type() == ElementType.FLOAT) {
      floats.get(0, scores);
    } else {
      for (int i = 0; i < scores.length; i++) {
        scores[i] = HalfFloats.toFloat(halves.get(i));
      }
    }
  }

  private static void row(Tensor rows, int row, float[] into) {
    if (rows.type() == ElementType.FLOAT) {
      rows.buffer().asFloatBuffer().get(row * into.length, into);
    } else {
      ShortBuffer halves = rows.buffer().asShortBuffer();
      for (int i = 0; i < into.length; i++) {
        into[i] = HalfFloats.toFloat(halves.get(row * into.length + i));
      }
    }
  }

  private static void run(GraphRun run, String name) {
    try {
      run.run();
    } catch (OrtException e) {
      throw new InferenceException("the speech model's " + name + " failed: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    resources.close();
  }
}
