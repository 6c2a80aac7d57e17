package io.moviechat.llm;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameTokens;
import io.moviechat.InferenceException;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.ModelException;
import io.moviechat.TokenShape;
import io.moviechat.internal.RecentMap;
import io.moviechat.internal.ResourceStack;
import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.Graph;
import io.moviechat.llm.internal.GraphRun;
import io.moviechat.llm.internal.OnnxHeader;
import io.moviechat.llm.internal.OrtException;
import io.moviechat.llm.internal.Tensor;
import io.moviechat.llm.internal.TensorInfo;
import io.moviechat.llm.internal.Tokenizer;
import io.moviechat.llm.internal.UnitVectors;
import io.moviechat.recall.SlotScorer;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Pictures and words in one space: a frame becomes one vector of length 1, and so does a question;
 * their cosine says how well they fit.
 *
 * <p>Cosines of such models differ little and by offsets of their own, so they are judged on the
 * film itself: relevance is {@code sigmoid(2 (z - 2))} of the standard score among the film's own
 * slots. What stands out by two deviations is wanted by half.
 */
final class DualEncoder implements SlotScorer {
  private static final int BATCH = 4;
  private static final String NAME = "the dual encoder";
  private static final int KEPT_QUESTIONS = 16;
  private static final double STANDS_OUT = 2;
  private static final double STEEPNESS = 2;

  /** Deviations below this are rounding, not differences. */
  private static final double ALIKE = 1e-6;

  /**
   * How texts are put in.
   *
   * @param longest tokens; of a longer text the first and the end token stay
   * @param padded whether every text is filled up to the longest
   * @param padding what it is filled with
   */
  record Texts(int longest, boolean padded, int padding) {}

  private final Graph vision;
  private final Graph text;
  private final ImagePreprocessor images;
  private final Tokenizer tokenizer;
  private final Texts texts;
  private final Pictures pictures;
  private final ResourceStack resources;

  private final Map<String, float[]> questions = new RecentMap<>(KEPT_QUESTIONS);

  private boolean closed;

  private DualEncoder(
      Graph vision,
      Graph text,
      ImagePreprocessor images,
      Tokenizer tokenizer,
      Texts texts,
      String pictureId,
      int dim,
      ResourceStack resources) {
    this.vision = vision;
    this.text = text;
    this.images = images;
    this.tokenizer = tokenizer;
    this.texts = texts;
    this.pictures = new Pictures(pictureId, dim);
    this.resources = resources;
  }

  /** Takes ownership of the tokenizer, also if this fails. */
  static DualEncoder open(
      OnnxHeader vision,
      OnnxHeader text,
      ImagePreprocessor images,
      Tokenizer tokenizer,
      Texts texts,
      int threads) {
    try (ResourceStack opened = new ResourceStack()) {
      opened.push(tokenizer);
      Graph visionGraph = opened.push(Graph.open(vision, OptionalInt.empty(), threads));
      Graph textGraph = opened.push(Graph.open(text, OptionalInt.empty(), threads));
      String pictureId = id(vision);
      int dim = dim(vision, text);
      return new DualEncoder(
          visionGraph, textGraph, images, tokenizer, texts, pictureId, dim, opened.release());
    }
  }

  private static int dim(OnnxHeader vision, OnnxHeader text) {
    int picture = output(vision, "image_embeds");
    int word = output(text, "text_embeds");
    if (picture != word) {
      throw new ModelException(
          "%s gives vectors of %d values and %s of %d: they are of two models"
              .formatted(vision.file().getFileName(), picture, text.file().getFileName(), word));
    }
    return picture;
  }

  /** CLIP's projected embeddings have their own name, SigLIP's are the pooled ones. */
  private static String outputName(OnnxHeader header, String projected) {
    return header.output(projected).isPresent() ? projected : "pooler_output";
  }

  private static int output(OnnxHeader header, String projected) {
    String name = outputName(header, projected);
    TensorInfo info =
        header
            .output(name)
            .orElseThrow(
                () ->
                    new ModelException(
                        "%s has neither '%s' nor 'pooler_output'; it has %s"
                            .formatted(header.file(), projected, header.outputs())));
    if (info.rank() != 2 || info.dim(1) < 1 || info.type() != ElementType.FLOAT) {
      throw new ModelException(
          "%s must give %s as 32-bit floats [batch, dim]; it is %s"
              .formatted(header.file(), name, info));
    }
    return (int) info.dim(1);
  }

  private static String id(OnnxHeader header) {
    Hasher hasher = Hashing.sha256().newHasher();
    try {
      BundleSpec.fingerprint(header.file(), hasher);
    } catch (IOException e) {
      throw new ModelException(header.file() + " cannot be read: " + e.getMessage(), e);
    }
    return "dual/" + header.file().getFileName() + "#" + hasher.hash().toString().substring(0, 16);
  }

  @Override
  public String name() {
    return "picture";
  }

  @Override
  public Optional<io.moviechat.spi.FrameEncoder> encoder() {
    return Optional.of(pictures);
  }

  @Override
  public Optional<float[]> fit(String question, MemorySnapshot memory) {
    double[] cosines = cosines(question, memory);
    float[] fits = new float[cosines.length];
    for (int i = 0; i < fits.length; i++) {
      fits[i] = (float) Math.max(-1, Math.min(1, cosines[i]));
    }
    return Optional.of(fits);
  }

  /** A question's vector: the same few are asked of each batch of a running video. */
  private synchronized float[] asked(String question) {
    requireOpen();
    return questions.computeIfAbsent(question, this::embed);
  }

  private double[] cosines(String question, MemorySnapshot memory) {
    int dim = pictures.shape().width();
    if (!memory.shape().equals(pictures.shape())) {
      throw new IllegalArgumentException(
          "this dual encoder's embeddings are of shape %s, the memory's of %s: watch the video"
                  .formatted(pictures.shape(), memory.shape())
              + " again, or take the dual encoder that it was watched with");
    }
    float[] asked = asked(question);
    double[] cosines = new double[memory.slots().size()];
    for (int i = 0; i < cosines.length; i++) {
      cosines[i] = cosine(asked, memory.slots().get(i), dim);
    }
    return cosines;
  }

  @Override
  public Optional<float[]> score(String question, MemorySnapshot memory) {
    double[] cosines = cosines(question, memory);
    double mean = Arrays.stream(cosines).average().orElse(0);
    double deviation =
        Math.sqrt(Arrays.stream(cosines).map(c -> (c - mean) * (c - mean)).average().orElse(0));
    if (deviation < ALIKE) {
      return Optional.empty();
    }
    float[] relevance = new float[cosines.length];
    for (int i = 0; i < relevance.length; i++) {
      double z = (cosines[i] - mean) / deviation;
      relevance[i] = (float) (1 / (1 + Math.exp(-STEEPNESS * (z - STANDS_OUT))));
    }
    return Optional.of(relevance);
  }

  private static double cosine(float[] asked, MemorySlot slot, int dim) {
    FloatBuffer values = slot.tokens();
    double dot = 0;
    double square = 0;
    for (int i = 0; i < dim; i++) {
      double value = values.get(i);
      dot += value * asked[i];
      square += value * value;
    }
    return square > 0 ? dot / Math.sqrt(square) : 0;
  }

  /** The ids that a text becomes. */
  int[] ids(String words) {
    int[] ids = tokenizer.encode(words, true);
    if (ids.length > texts.longest()) {
      int end = ids[ids.length - 1];
      ids = Arrays.copyOf(ids, texts.longest());
      ids[ids.length - 1] = end;
    }
    if (texts.padded() && ids.length < texts.longest()) {
      int from = ids.length;
      ids = Arrays.copyOf(ids, texts.longest());
      Arrays.fill(ids, from, ids.length, texts.padding());
    }
    return ids;
  }

  /** A text's vector, of length 1. */
  synchronized float[] embed(String words) {
    requireOpen();
    int[] ids = ids(words);
    try (Tensor input = Tensor.allocate(ElementType.INT64, 1, ids.length);
        Tensor mask = Tensor.allocate(ElementType.INT64, 1, ids.length);
        GraphRun run = new GraphRun(text)) {
      LongBuffer values = input.buffer().asLongBuffer();
      LongBuffer all = mask.buffer().asLongBuffer();
      for (int id : ids) {
        values.put(id);
        all.put(1);
      }
      run.freeOutput(outputName(text.header(), "text_embeds"));
      run.input("input_ids", input);
      if (text.header().input("attention_mask").isPresent()) {
        run.input("attention_mask", mask);
      }
      run.run();
      try (Tensor output = run.takeFree()) {
        float[] vector = new float[pictures.shape().width()];
        output.buffer().asFloatBuffer().get(vector);
        return UnitVectors.of(vector, NAME);
      }
    } catch (OrtException e) {
      throw new InferenceException("the text encoder failed: " + e.getMessage(), e);
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the dual encoder is closed");
    }
  }

  private synchronized float[] look(List<Frame> frames) {
    requireOpen();
    int dim = pictures.shape().width();
    try (Tensor input =
            Tensor.allocate(ElementType.FLOAT, frames.size(), 3, images.height(), images.width());
        GraphRun run = new GraphRun(vision)) {
      FloatBuffer values = input.buffer().asFloatBuffer();
      frames.forEach(frame -> images.write(frame, values));
      run.freeOutput(outputName(vision.header(), "image_embeds"));
      run.input("pixel_values", input);
      run.run();
      try (Tensor output = run.takeFree()) {
        float[] vectors = new float[frames.size() * dim];
        output.buffer().asFloatBuffer().get(vectors);
        return vectors;
      }
    } catch (OrtException e) {
      throw new InferenceException("the picture encoder failed: " + e.getMessage(), e);
    }
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      resources.close();
    }
  }

  /** The picture side, for the memory that is kept while watching. */
  private final class Pictures implements io.moviechat.spi.FrameEncoder {
    private final String id;
    private final TokenShape shape;

    Pictures(String id, int dim) {
      this.id = id;
      this.shape = new TokenShape(1, dim);
    }

    @Override
    public String id() {
      return id;
    }

    @Override
    public TokenShape shape() {
      return shape;
    }

    @Override
    public FrameFormat preferredFormat() {
      return images.preferred();
    }

    @Override
    public int preferredBatch() {
      return BATCH;
    }

    @Override
    public List<FrameTokens> encode(List<Frame> frames) {
      if (frames.isEmpty()) {
        throw new IllegalArgumentException("there are no frames to encode");
      }
      List<FrameTokens> result = new ArrayList<>(frames.size());
      for (int from = 0; from < frames.size(); from += BATCH) {
        List<Frame> batch = frames.subList(from, Math.min(frames.size(), from + BATCH));
        float[] vectors = look(batch);
        for (int i = 0; i < batch.size(); i++) {
          float[] vector =
              UnitVectors.of(
                  Arrays.copyOfRange(vectors, i * shape.width(), (i + 1) * shape.width()), NAME);
          result.add(FrameTokens.of(batch.get(i).timestamp(), shape, FloatBuffer.wrap(vector)));
        }
      }
      return result;
    }

    /** The scorer owns the graphs. */
    @Override
    public void close() {}
  }
}
