package io.moviechat.llm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moviechat.ModelException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Damaged and hostile files: an exception that names the file, or tensors that can be read. */
class CheckpointProperties {
  private static Path folder;

  @BeforeContainer
  static void makeFolder() throws IOException {
    folder = Files.createTempDirectory("checkpoint-properties");
  }

  @AfterContainer
  static void deleteFolder() throws IOException {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  @Provide
  Arbitrary<String> files() {
    return Arbitraries.of(
        "torch-format/odd.pth",
        "torch-format/odd-legacy.pth",
        "torch-format/ordered.pth",
        "safetensors");
  }

  private static byte[] content(String name) throws IOException {
    return name.equals("safetensors")
        ? SafetensorsFileTest.file()
        : Files.readAllBytes(CheckpointGoldens.file(name));
  }

  private static void opensOrRefuses(byte[] bytes) throws IOException {
    Path file = folder.resolve("damaged.pth");
    Files.write(file, bytes);
    try (Checkpoint checkpoint = Checkpoint.open(file)) {
      for (String name : checkpoint.names()) {
        Tensor tensor = checkpoint.get(name);
        // A view of stride 0 may be far larger than its file: look at both ends.
        long size = tensor.size();
        float[] one = new float[1];
        if (size > 0) {
          tensor.read(0, one, 0, 1);
          tensor.read(size - 1, one, 0, 1);
        }
      }
    } catch (ModelException e) {
      assertThat(e).hasMessageContaining("damaged.pth");
    }
  }

  @Property(tries = 2000)
  void flippedBytes(
      @ForAll("files") String name, @ForAll @Size(min = 1, max = 8) List<Integer> seeds)
      throws IOException {
    byte[] bytes = content(name);
    for (int seed : seeds) {
      Random random = new Random(seed);
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
    }
    opensOrRefuses(bytes);
  }

  @Property(tries = 500)
  void cutAndGrown(
      @ForAll("files") String name,
      @ForAll @IntRange(min = 0, max = 1000) int permille,
      @ForAll byte filler)
      throws IOException {
    byte[] bytes = content(name);
    int length = bytes.length * permille / 1000;
    byte[] cut = java.util.Arrays.copyOf(bytes, length);
    opensOrRefuses(cut);
    byte[] grown = java.util.Arrays.copyOf(bytes, bytes.length + 64);
    java.util.Arrays.fill(grown, bytes.length, grown.length, filler);
    opensOrRefuses(grown);
  }

  @Property(tries = 2000)
  void anyPickle(@ForAll @Size(max = 60) List<@net.jqwik.api.From("operations") byte[]> operations)
      throws IOException {
    ByteArrayOutputStream pickle = new ByteArrayOutputStream();
    pickle.write(0x80);
    pickle.write(2);
    operations.forEach(pickle::writeBytes);
    pickle.write('.');
    opensOrRefuses(TestZip.of("x/data.pkl", pickle.toByteArray()));
  }

  /** Operations of pickles, whole ones and any byte. */
  @Provide
  Arbitrary<byte[]> operations() {
    Arbitrary<byte[]> known =
        Arbitraries.of(
                "(",
                "0",
                "N",
                "]",
                "}",
                ")",
                "l",
                "t",
                "d",
                "a",
                "e",
                "s",
                "u",
                "R",
                "b",
                "Q",
                "\u0085",
                "\u0086",
                "\u0087",
                "\u0088",
                "\u0089",
                "\u0094",
                "q\u0001",
                "h\u0001",
                "K\u0005",
                "X\u0001\u0000\u0000\u0000a",
                "X\u0007\u0000\u0000\u0000storage",
                "\u008a\u0001\u0007",
                "ccollections\nOrderedDict\n",
                "ctorch._utils\n_rebuild_tensor_v2\n",
                "ctorch\nFloatStorage\n",
                "cbuiltins\neval\n",
                "J\u00ff\u00ff\u00ff\u00ff")
            .map(text -> text.getBytes(StandardCharsets.ISO_8859_1));
    return Arbitraries.frequencyOf(
        net.jqwik.api.Tuple.of(9, known),
        net.jqwik.api.Tuple.of(1, Arbitraries.bytes().map(b -> new byte[] {b})));
  }

  @Property(tries = 200)
  void noNameButThoseOfTensorsIsTaken(@ForAll("names") String module, @ForAll("names") String name)
      throws IOException {
    byte[] pickle =
        ("\u0080\u0002c" + module + "\n" + name + "\n)R.").getBytes(StandardCharsets.ISO_8859_1);
    Path file = folder.resolve("hostile.pth");
    Files.write(file, TestZip.of("x/data.pkl", pickle));
    assertThatThrownBy(() -> Checkpoint.open(file)).isInstanceOf(ModelException.class);
  }

  @Provide
  Arbitrary<String> names() {
    return Arbitraries.oneOf(
        Arbitraries.of(
            "os",
            "system",
            "builtins",
            "eval",
            "exec",
            "posix",
            "subprocess",
            "Popen",
            "torch",
            "load",
            "torch._utils",
            "_rebuild_tensor_v2",
            "collections",
            "OrderedDict",
            "numpy"),
        Arbitraries.strings().alpha().ofMinLength(1).ofMaxLength(20));
  }
}
