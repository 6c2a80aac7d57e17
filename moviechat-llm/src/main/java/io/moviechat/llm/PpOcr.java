package io.moviechat.llm;

import io.moviechat.Frame;
import io.moviechat.InferenceException;
import io.moviechat.internal.NativeOwner;
import io.moviechat.internal.ResourceStack;
import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.Graph;
import io.moviechat.llm.internal.GraphRun;
import io.moviechat.llm.internal.OrtException;
import io.moviechat.llm.internal.Tensor;
import io.moviechat.ocr.TextRecognizer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CancellationException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An open text bundle: lines are found in a picture, cut out, turned round where they are upside
 * down, and read one by one. The steps and numbers are those of PaddleOCR's inference (PP-OCR; Du
 * et al., arXiv 2009.09941, and later versions); pictures are scaled with a wider kernel where they
 * shrink.
 */
final class PpOcr implements TextRecognizer {
  /** Longest side of the picture in which lines are looked for. */
  private static final int LONGEST_SIDE = 960;

  /** The detector's map is made of so many halvings. */
  private static final int STEP = 32;

  // ImageNet's, in the order of OpenCV's colours, to which they were applied in training.
  private static final float[] MEANS = {0.485f, 0.456f, 0.406f};
  private static final float[] DEVIATIONS = {0.229f, 0.224f, 0.225f};

  private static final double SURELY_UPSIDE_DOWN = 0.9;

  /** Short lines were padded to that in training, in multiples of the height. */
  private static final double LEAST_WIDTH = 320.0 / 48;

  /** Longer lines are squeezed, in multiples of the height. */
  private static final double MOST_WIDTH = 2560.0 / 48;

  private final String name;
  private final TextSpec spec;
  private final Graph detector;
  private final @Nullable Graph angle;
  private final Graph reader;
  private final ResourceStack resources;
  private boolean closed;

  private PpOcr(
      String name,
      TextSpec spec,
      Graph detector,
      @Nullable Graph angle,
      Graph reader,
      ResourceStack opened) {
    this.name = name;
    this.spec = spec;
    this.detector = detector;
    this.angle = angle;
    this.reader = reader;
    opened.push(NativeOwner.open(this, "text recognizer " + name));
    this.resources = opened.release();
  }

  /**
   * Opens a checked bundle.
   *
   * @param device the processor or a graphics card
   * @param threads of each graph, 0 for as many as there are cores
   */
  static PpOcr open(String name, TextSpec spec, Device device, int threads) {
    try (ResourceStack opened = new ResourceStack()) {
      OptionalInt cuda = device.cuda();
      Graph detector = opened.push(Graph.open(spec.detector(), cuda, threads));
      Graph reader = opened.push(Graph.open(spec.reader(), cuda, threads));
      Graph angle =
          spec.angle().isPresent()
              ? opened.push(Graph.open(spec.angle().get(), cuda, threads))
              : null;
      return new PpOcr(name, spec, detector, angle, reader, opened);
    }
  }

  /** A line and where it was found. */
  record Found(TextBox box, TextRecognizer.Line line) {}

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<TextRecognizer.Line> read(Frame frame) {
    return find(frame).stream().map(Found::line).toList();
  }

  /** Reads a picture, and tells where the lines are in it. */
  synchronized List<Found> find(Frame frame) {
    if (closed) {
      throw new IllegalStateException("text recognizer " + name + " is closed");
    }
    byte[] rgb = new byte[3 * frame.width() * frame.height()];
    frame.rgb().get(rgb);
    List<Found> found = new ArrayList<>();
    try {
      for (TextBox box : detect(rgb, frame.width(), frame.height())) {
        if (Thread.currentThread().isInterrupted()) {
          throw new CancellationException("reading was interrupted");
        }
        CtcText text = read(LinePicture.of(rgb, frame.width(), frame.height(), box));
        if (!text.text().isBlank()) {
          TextRecognizer.Line line = TextRecognizer.Line.of(text.text(), text.probability());
          found.add(new Found(box, line.withPlace(box.in(frame.width(), frame.height()))));
        }
      }
    } catch (OrtException e) {
      throw new InferenceException("text recognizer " + name + " failed: " + e.getMessage(), e);
    }
    return found;
  }

  private List<TextBox> detect(byte[] rgb, int width, int height) {
    double shrink = Math.min(1, (double) LONGEST_SIDE / Math.max(width, height));
    int w = rounded(width * shrink);
    int h = rounded(height * shrink);
    byte[] scaled = Resampler.BILINEAR.resize(rgb, width, height, w, h);
    List<TextBox> boxes =
        run(
            detector,
            h,
            w,
            input -> {
              for (int plane = 0; plane < 3; plane++) {
                for (int i = 0; i < w * h; i++) {
                  float value = (scaled[3 * i + 2 - plane] & 0xff) / 255f;
                  input.put(plane * w * h + i, (value - MEANS[plane]) / DEVIATIONS[plane]);
                }
              }
            },
            map -> {
              requireShape(map, detector, 1, 1, h, w);
              return TextBoxes.of(map.buffer().asFloatBuffer(), w, h);
            });
    return boxes.stream().map(box -> box.scaled((double) width / w, (double) height / h)).toList();
  }

  private static int rounded(double side) {
    return Math.max(1, (int) Math.round(side / STEP)) * STEP;
  }

  private CtcText read(LinePicture line) {
    LinePicture upright = isUpsideDown(line) ? line.turnedRound() : line;
    int height = spec.height();
    int width = Math.max(1, Math.min(upright.widthAt(height), (int) (height * MOST_WIDTH)));
    // Few widths, so that the runtime finds memory of that size again.
    int padded = (Math.max(width, (int) (height * LEAST_WIDTH)) + STEP - 1) / STEP * STEP;
    return run(
        reader,
        height,
        padded,
        input -> upright.planes(width, height, padded, input),
        scores -> {
          requireShape(scores, reader, 1, -1, spec.characters().size() + 1);
          return CtcText.of(scores.buffer().asFloatBuffer(), spec.characters());
        });
  }

  private boolean isUpsideDown(LinePicture line) {
    if (angle == null) {
      return false;
    }
    int height = TextSpec.ANGLE_HEIGHT;
    int width = Math.max(1, Math.min(TextSpec.ANGLE_WIDTH, line.widthAt(height)));
    Graph graph = angle;
    return run(
        graph,
        height,
        TextSpec.ANGLE_WIDTH,
        input -> line.planes(width, height, TextSpec.ANGLE_WIDTH, input),
        output -> {
          requireShape(output, graph, 1, 2);
          return output.buffer().asFloatBuffer().get(1) > SURELY_UPSIDE_DOWN;
        });
  }

  /** Fills a picture's planes. */
  private interface Filling {
    void fill(FloatBuffer input);
  }

  private static <T> T run(
      Graph graph, int height, int width, Filling filling, Function<Tensor, T> result) {
    try (Tensor input = Tensor.allocate(ElementType.FLOAT, 1, 3, height, width);
        GraphRun run = new GraphRun(graph)) {
      filling.fill(input.buffer().asFloatBuffer());
      run.freeOutput(graph.header().outputs().get(0).name());
      run.input(graph.header().inputs().get(0).name(), input);
      run.run();
      try (Tensor output = run.takeFree()) {
        return result.apply(output);
      }
    }
  }

  private void requireShape(Tensor tensor, Graph graph, long... dims) {
    boolean fits = tensor.rank() == dims.length;
    for (int i = 0; fits && i < dims.length; i++) {
      fits = dims[i] < 0 || tensor.dim(i) == dims[i];
    }
    if (!fits) {
      throw new InferenceException(
          "text recognizer "
              + name
              + ": "
              + graph.header().file().getFileName()
              + " gave another shape than "
              + java.util.Arrays.toString(dims)
              + "; is it of the PP-OCR layout, and its dictionary its own?");
    }
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      resources.close();
    }
  }
}
