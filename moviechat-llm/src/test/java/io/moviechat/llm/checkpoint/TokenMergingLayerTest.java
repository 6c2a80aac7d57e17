package io.moviechat.llm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The graph against the same network written down plainly in double. */
class TokenMergingLayerTest {
  private static final JsonNode CONFIG = CheckpointGoldens.expected().path("config");
  private static final int HEADS = CONFIG.path("vit_heads").asInt();
  private static final int FRAMES = 3;

  @TempDir private Path folder;

  private static Checkpoint eva;
  private static Checkpoint qformer;
  private static Networks.Vision shape;

  @BeforeAll
  static void open() {
    eva = Checkpoint.open(CheckpointGoldens.file("eva_vit_g.pth"));
    qformer = Checkpoint.open(CheckpointGoldens.file("blip2_pretrained_flant5xxl.pth"));
    shape =
        Networks.vision(
            eva,
            qformer,
            new Networks.Heads(
                HEADS,
                CONFIG.path("bert").path("num_attention_heads").asInt(),
                CONFIG.path("vit_depth").asInt()));
  }

  @AfterAll
  static void close() {
    eva.close();
    qformer.close();
  }

  // ---- the network, plainly ----

  /** Tokens of one frame, each with the number of patches that it stands for. */
  @SuppressWarnings("ArrayRecordComponent") // carries, is not compared
  private record Tokens(double[][] x, double[] patches) {}

  private static double[] tensor(String name) {
    float[] floats = eva.get(name).values();
    return IntStream.range(0, floats.length).mapToDouble(i -> floats[i]).toArray();
  }

  private static double[][] linear(double[][] x, double[] weight, double[] bias) {
    double[][] result = new double[x.length][bias.length];
    for (int t = 0; t < x.length; t++) {
      for (int o = 0; o < bias.length; o++) {
        double sum = bias[o];
        for (int i = 0; i < x[t].length; i++) {
          sum += x[t][i] * weight[o * x[t].length + i];
        }
        result[t][o] = sum;
      }
    }
    return result;
  }

  private static double[][] linear(double[][] x, String prefix) {
    return linear(x, tensor(prefix + ".weight"), tensor(prefix + ".bias"));
  }

  private static double[][] norm(double[][] x, String prefix) {
    double[] weight = tensor(prefix + ".weight");
    double[] bias = tensor(prefix + ".bias");
    double[][] result = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      double[] row = x[t];
      double mean = Arrays.stream(row).average().orElseThrow();
      double variance =
          Arrays.stream(row).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
      result[t] =
          IntStream.range(0, row.length)
              .mapToDouble(i -> (row[i] - mean) / Math.sqrt(variance + 1e-6) * weight[i] + bias[i])
              .toArray();
    }
    return result;
  }

  private static double gelu(double x) {
    // The series of erf; far out it is 1 to all places.
    double z = Math.abs(x) / Math.sqrt(2);
    double erf = 1;
    if (z < 4) {
      double term = z;
      erf = 0;
      for (int n = 0; n < 100; n++) {
        erf += term / (2 * n + 1);
        term *= -z * z / (n + 1);
      }
      erf *= 2 / Math.sqrt(Math.PI);
    }
    return 0.5 * x * (1 + Math.signum(x) * erf);
  }

  private static double[][] sum(double[][] a, double[][] b) {
    double[][] result = new double[a.length][a[0].length];
    for (int t = 0; t < a.length; t++) {
      for (int i = 0; i < a[t].length; i++) {
        result[t][i] = a[t][i] + b[t][i];
      }
    }
    return result;
  }

  private static double[][] columns(double[][] x, int from, int to) {
    return Arrays.stream(x).map(row -> Arrays.copyOfRange(row, from, to)).toArray(double[][]::new);
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static double[][] attention(double[][] q, double[][] k, double[][] v, double[] patches) {
    int each = q[0].length / HEADS;
    double[][] result = new double[q.length][q[0].length];
    for (int h = 0; h < HEADS; h++) {
      double[][] keys = columns(k, h * each, (h + 1) * each);
      for (int t = 0; t < q.length; t++) {
        double[] query = Arrays.copyOfRange(q[t], h * each, (h + 1) * each);
        double[] shares = new double[k.length];
        for (int s = 0; s < k.length; s++) {
          // A token that stands for n patches counts n times.
          shares[s] = patches[s] * Math.exp(dot(query, keys[s]) / Math.sqrt(each));
        }
        double all = Arrays.stream(shares).sum();
        for (int s = 0; s < k.length; s++) {
          for (int i = 0; i < each; i++) {
            result[t][h * each + i] += shares[s] / all * v[s][h * each + i];
          }
        }
      }
    }
    return result;
  }

  private static Tokens merge(Tokens tokens, double[][] keys, int merged) {
    int each = keys[0].length / HEADS;
    double[][] directions = new double[keys.length][each];
    for (int t = 0; t < keys.length; t++) {
      for (int i = 0; i < keys[t].length; i++) {
        directions[t][i % each] += keys[t][i];
      }
    }
    record Pair(int from, int to, double cosine) {}
    List<Pair> pairs = new ArrayList<>();
    for (int from = 2; from < keys.length; from += 2) {
      Pair best = new Pair(from, -1, -2);
      for (int to = 1; to < keys.length; to += 2) {
        double cosine =
            dot(directions[from], directions[to])
                / Math.sqrt(
                    dot(directions[from], directions[from]) * dot(directions[to], directions[to]));
        if (cosine > best.cosine()) {
          best = new Pair(from, to, cosine);
        }
      }
      pairs.add(best);
    }
    pairs.sort(Comparator.comparingDouble(Pair::cosine).reversed());
    double[][] sums = new double[keys.length][];
    double[] patches = tokens.patches().clone();
    for (int t = 0; t < keys.length; t++) {
      double weight = patches[t];
      sums[t] = Arrays.stream(tokens.x()[t]).map(v -> v * weight).toArray();
    }
    for (Pair pair : pairs.subList(0, merged)) {
      for (int i = 0; i < sums[0].length; i++) {
        sums[pair.to()][i] += sums[pair.from()][i];
      }
      patches[pair.to()] += patches[pair.from()];
      patches[pair.from()] = 0;
    }
    List<double[]> x = new ArrayList<>();
    List<Double> left = new ArrayList<>();
    for (int first = 0; first < 2; first++) {
      for (int t = first; t < keys.length; t += 2) {
        double count = patches[t];
        if (count > 0) {
          x.add(Arrays.stream(sums[t]).map(v -> v / count).toArray());
          left.add(count);
        }
      }
    }
    return new Tokens(
        x.toArray(double[][]::new), left.stream().mapToDouble(Double::doubleValue).toArray());
  }

  private static Tokens block(Tokens tokens, int i, int wanted) {
    String block = "blocks." + i;
    int width = tokens.x()[0].length;
    double[] bias = new double[3 * width];
    System.arraycopy(tensor(block + ".attn.q_bias"), 0, bias, 0, width);
    System.arraycopy(tensor(block + ".attn.v_bias"), 0, bias, 2 * width, width);
    double[][] all =
        linear(norm(tokens.x(), block + ".norm1"), tensor(block + ".attn.qkv.weight"), bias);
    double[][] keys = columns(all, width, 2 * width);
    double[][] mixed =
        attention(
            columns(all, 0, width), keys, columns(all, 2 * width, 3 * width), tokens.patches());
    double[][] x = sum(tokens.x(), linear(mixed, block + ".attn.proj"));
    Tokens merged = new Tokens(x, tokens.patches());
    int count = Math.min(wanted, (x.length - 1) / 2);
    if (count > 0) {
      merged = merge(merged, keys, count);
    }
    double[][] hidden = linear(norm(merged.x(), block + ".norm2"), block + ".mlp.fc1");
    for (double[] row : hidden) {
      Arrays.setAll(row, j -> gelu(row[j]));
    }
    return new Tokens(sum(merged.x(), linear(hidden, block + ".mlp.fc2")), merged.patches());
  }

  private static Tokens embedded(int frame) {
    double[] cls = tensor("cls_token");
    double[] positions = tensor("pos_embed");
    float[] patches = CheckpointGoldens.array("vit_patch_embed");
    int width = cls.length;
    int count = positions.length / width;
    double[][] x = new double[count][width];
    for (int t = 0; t < count; t++) {
      for (int i = 0; i < width; i++) {
        double value = t == 0 ? cls[i] : patches[((frame * (count - 1)) + t - 1) * width + i];
        x[t][i] = value + positions[t * width + i];
      }
    }
    double[] ones = new double[count];
    Arrays.fill(ones, 1);
    return new Tokens(x, ones);
  }

  private static float[] flat(List<double[][]> frames) {
    double[] all =
        frames.stream().flatMap(Arrays::stream).flatMapToDouble(Arrays::stream).toArray();
    float[] floats = new float[all.length];
    for (int i = 0; i < all.length; i++) {
      floats[i] = (float) all[i];
    }
    return floats;
  }

  private static List<List<double[][]>> plain(int merged) {
    List<List<double[][]>> stages = List.of(new ArrayList<>(), new ArrayList<>());
    for (int frame = 0; frame < FRAMES; frame++) {
      Tokens first = block(embedded(frame), 0, merged);
      Tokens second = block(first, 1, merged);
      stages.get(0).add(first.x());
      stages.get(1).add(second.x());
      assertThat(Arrays.stream(second.patches()).sum()).isEqualTo(17);
    }
    return stages;
  }

  // ---- the graph ----

  @Test
  void thePlainNetworkIsTheOriginals() {
    List<List<double[][]>> stages = plain(0);
    for (int i = 0; i < 2; i++) {
      assertThat(
              CheckpointGoldens.relativeError(
                  flat(stages.get(i)), CheckpointGoldens.array("vit_block_" + i)))
          .isLessThan(1e-5);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 8, 100})
  void mergesTheSameTokens(int merged) throws IOException {
    OnnxGraph graph = VisionGraph.build(eva, qformer, shape, shape.grid(), DataType.FLOAT, merged);
    graph.outputMark("vit_block_0");
    graph.outputMark("vit_block_1");
    Path file = folder.resolve("vision.onnx");
    OnnxFile.write(graph, file);
    OrtRunner.checkShapes(file);
    float[] pixels = CheckpointGoldens.array("pixels");
    long[] size = CheckpointGoldens.shape("pixels");
    size[0] = FRAMES;
    try (OrtRunner runner = new OrtRunner(file)) {
      Map<String, OrtRunner.Array> actual =
          runner.run(
              Map.of(
                  "pixel_values",
                  OrtRunner.Array.of(
                      Arrays.copyOf(pixels, (int) (FRAMES * size[1] * size[2] * size[3])), size)),
              "vit_block_0",
              "vit_block_1",
              "image_features");
      List<List<double[][]>> expected = plain(merged);
      for (int i = 0; i < 2; i++) {
        OrtRunner.Array tokens = actual.get("vit_block_" + i);
        assertThat(tokens.shape())
            .containsExactly(FRAMES, expected.get(i).get(0).length, shape.width());
        assertThat(CheckpointGoldens.relativeError(tokens.floats(), flat(expected.get(i))))
            .as("block %d", i)
            .isLessThan(1e-5);
      }
      assertThat(actual.get("image_features").shape())
          .containsExactly(FRAMES, shape.queries(), shape.queryWidth());
    }
  }
}
