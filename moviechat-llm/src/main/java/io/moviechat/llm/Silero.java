package io.moviechat.llm;

import io.moviechat.InferenceException;
import io.moviechat.internal.NativeOwner;
import io.moviechat.internal.ResourceStack;
import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.Graph;
import io.moviechat.llm.internal.GraphRun;
import io.moviechat.llm.internal.OnnxHeader;
import io.moviechat.llm.internal.OrtException;
import io.moviechat.llm.internal.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;

/**
 * Silero's detector of voices, version 6, which is part of this library: <a
 * href="https://github.com/snakers4/silero-vad">snakers4/silero-vad</a>, MIT licence. It takes 576
 * samples, the last 64 of the block before and a block, and a state that goes on. Not thread-safe.
 */
final class Silero implements VoiceActivity.Judge, AutoCloseable {
  private static final String RESOURCE = "silero_vad_v6.onnx";
  private static final int CONTEXT = 64;
  private static final int STATE = 2 * 128;

  private final FloatBuffer input;
  private final Tensor[] states = new Tensor[2];
  private final FloatBuffer output;
  private final GraphRun run;
  private final float[] context = new float[CONTEXT];
  private final ResourceStack resources;
  private int turn;

  /** The graph, which any number of detectors may use at once; the caller closes it. */
  static Graph openGraph() {
    try (InputStream in = Silero.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException(RESOURCE + " is missing beside " + Silero.class);
      }
      return Graph.open(OnnxHeader.of(in.readAllBytes(), RESOURCE), 1);
    } catch (IOException e) {
      throw new UncheckedIOException(RESOURCE + " cannot be read", e);
    }
  }

  /** A detector; the graph stays open longer than it. */
  Silero(Graph graph) {
    try (ResourceStack opened = new ResourceStack()) {
      Tensor samples =
          opened.push(Tensor.allocate(ElementType.FLOAT, 1, CONTEXT + VoiceActivity.BLOCK));
      Tensor rate = opened.push(Tensor.allocate(ElementType.INT64));
      rate.buffer().asLongBuffer().put(0, 16_000);
      Tensor probability = opened.push(Tensor.allocate(ElementType.FLOAT, 1, 1));
      for (int i = 0; i < states.length; i++) {
        states[i] = opened.push(Tensor.allocate(ElementType.FLOAT, 2, 1, 128));
      }
      input = samples.buffer().asFloatBuffer();
      output = probability.buffer().asFloatBuffer();
      run = opened.push(new GraphRun(graph));
      run.input("input", samples);
      run.input("sr", rate);
      run.output("output", probability);
      opened.push(NativeOwner.open(this, "a detector of voices"));
      resources = opened.release();
    }
    reset();
  }

  @Override
  public boolean knowsVoices() {
    return true;
  }

  @Override
  public void reset() {
    java.util.Arrays.fill(context, 0);
    states[turn].buffer().asFloatBuffer().put(new float[STATE]);
  }

  @Override
  public float judge(float[] block) {
    input.put(0, context).put(CONTEXT, block);
    System.arraycopy(block, block.length - CONTEXT, context, 0, CONTEXT);
    run.input("state", states[turn]);
    turn = 1 - turn;
    run.output("stateN", states[turn]);
    try {
      run.run();
    } catch (OrtException e) {
      throw new InferenceException("the detector of voices failed: " + e.getMessage(), e);
    }
    return output.get(0);
  }

  @Override
  public void close() {
    resources.close();
  }
}
