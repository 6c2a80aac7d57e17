package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.moviechat.ModelException;
import io.moviechat.internal.NativeOwner;
import io.moviechat.llm.internal.ElementType;
import io.moviechat.llm.internal.Graph;
import io.moviechat.llm.internal.GraphRun;
import io.moviechat.llm.internal.OnnxHeader;
import io.moviechat.llm.internal.Tensor;
import io.moviechat.llm.internal.Tokenizer;
import io.moviechat.recall.TextEmbedder;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** On the words' half of a tiny dual encoder, which gives a vector for each token as BERT does. */
class EmbeddingBundleTest {
  @TempDir Path temp;
  private Path bundle;

  @BeforeEach
  void make() throws IOException {
    bundle = TestData.copy(TestData.resource("dual").resolve("dual-tiny-clip"), temp.resolve("b"));
    Files.move(bundle.resolve("onnx/text_model.onnx"), bundle.resolve("onnx/model.onnx"));
    Files.writeString(bundle.resolve("sentence_bert_config.json"), "{\"max_seq_length\": 77}");
  }

  /** A trained bundle, all-MiniLM-L6-v2 for one, by {@code -Dmoviechat.fixtures.embedding=DIR}. */
  @Test
  @EnabledIfSystemProperty(named = "moviechat.fixtures.embedding", matches = ".+")
  void meanings() {
    try (TextEmbedder embedder =
        EmbeddingBundle.at(Path.of(System.getProperty("moviechat.fixtures.embedding"))).open()) {
      List<float[]> vectors =
          embedder.embed(
              List.of(
                  "Who was elected to lead the country?",
                  "The people chose a new president.",
                  "Bake the bread for forty minutes."));
      assertThat(dot(vectors.get(0), vectors.get(1)))
          .isGreaterThan(dot(vectors.get(0), vectors.get(2)) + 0.2);
    }
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  @Test
  void theMeanOfItsTokensOfLengthOne() throws IOException {
    String text = "a red fish swims to the left";
    float[] vector;
    try (TextEmbedder embedder = EmbeddingBundle.at(bundle).open()) {
      assertThat(embedder.name()).isEqualTo("b");
      vector = embedder.embed(List.of(text)).get(0);
    }
    float[] mean = meanOfStates(text, 0);
    assertThat(vector).hasSameSizeAs(mean);
    assertThat(dot(vector, vector)).isCloseTo(1, within(1e-6));
    assertThat(dot(vector, mean) / Math.sqrt(dot(mean, mean))).isCloseTo(1, within(1e-6));
  }

  @Test
  void theFirstTokenWhereTheBundleSaysSo() throws IOException {
    Files.createDirectories(bundle.resolve("1_Pooling"));
    Files.writeString(
        bundle.resolve("1_Pooling/config.json"), "{\"pooling_mode_cls_token\": true}");
    try (TextEmbedder embedder = EmbeddingBundle.at(bundle).open()) {
      float[] vector = embedder.embed(List.of("a blue square")).get(0);
      float[] first = meanOfStates("a blue square", 1);
      assertThat(dot(vector, first) / Math.sqrt(dot(first, first))).isCloseTo(1, within(1e-6));
    }
  }

  /** The states' mean, computed over again; of that many first ones, 0 for all. */
  private float[] meanOfStates(String text, int most) throws IOException {
    Problems problems = new Problems("test");
    int[] ids;
    try (Tokenizer tokenizer = TokenizerFile.read(bundle, problems).orElseThrow().open()) {
      ids = tokenizer.encode(text, true);
    }
    OnnxHeader header = OnnxHeader.read(bundle.resolve("onnx/model.onnx"));
    try (Graph graph = Graph.open(header, 1);
        GraphRun run = new GraphRun(graph);
        Tensor input = Tensor.allocate(ElementType.INT64, 1, ids.length)) {
      for (int i = 0; i < ids.length; i++) {
        input.buffer().asLongBuffer().put(i, ids[i]);
      }
      run.freeOutput("last_hidden_state");
      run.input("input_ids", input);
      run.run();
      try (Tensor states = run.takeFree()) {
        FloatBuffer values = states.buffer().asFloatBuffer();
        float[] mean = new float[(int) states.dim(2)];
        for (int row = 0; row < (most > 0 ? most : ids.length); row++) {
          for (int i = 0; i < mean.length; i++) {
            mean[i] += values.get();
          }
        }
        return mean;
      }
    }
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void aVectorDependsOnItsTextAlone() {
    List<String> owners = NativeOwner.openOwners();
    String endless = "fish ".repeat(5_000);
    try (TextEmbedder embedder = EmbeddingBundle.at(bundle).open()) {
      List<float[]> together =
          embedder.embed(
              List.of("a red fish", "", endless, "\uD800 <|endoftext|> \u0000", "a red fish"));
      assertThat(together).hasSize(5);
      together.forEach(vector -> assertThat(dot(vector, vector)).isCloseTo(1, within(1e-6)));
      assertThat(together.get(4)).isEqualTo(together.get(0));
      assertThat(embedder.embed(List.of(endless)).get(0)).isEqualTo(together.get(2));
      assertThat(embedder.embed(List.of())).isEmpty();
    }
    TextEmbedder closed = EmbeddingBundle.at(bundle).open();
    closed.close();
    assertThatThrownBy(() -> closed.embed(List.of("a")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("is closed");
    assertThat(NativeOwner.openOwners()).isEqualTo(owners);
  }

  @Test
  void whatIsNoModelOfSentences() throws IOException {
    assertThatThrownBy(() -> EmbeddingBundle.at(SpeechData.bundle()).open())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("onnx/model*.onnx is missing");
    Files.copy(
        SpeechData.bundle().resolve("onnx/encoder_model.onnx"),
        bundle.resolve("onnx/model_quantized.onnx"));
    assertThatThrownBy(() -> EmbeddingBundle.at(bundle).open())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("model_quantized.onnx has no input 'input_ids'")
        .hasMessageContaining("'input_features'");
    try (TextEmbedder whole = EmbeddingBundle.at(bundle).withPrecision(Precision.FP32).open()) {
      assertThat(whole.embed(List.of())).isEmpty();
    }
    Files.delete(bundle.resolve("tokenizer.json"));
    assertThatThrownBy(() -> EmbeddingBundle.at(bundle).withPrecision(Precision.FP32).open())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("tokenizer.json is missing");
  }
}
