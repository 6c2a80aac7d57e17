package io.moviechat.llm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.sentencepiece.SpTokenizer;
import io.moviechat.ModelException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** The tokenizer.json that is made of a tokenizer.model, against SentencePiece itself. */
class SentencePieceModelProperties {
  private static final Path MODEL = CheckpointGoldens.file("vicuna/tokenizer.model");

  @Provide
  Arbitrary<String> texts() {
    return Arbitraries.oneOf(
        Arbitraries.strings().all().ofMaxLength(40),
        Arbitraries.strings().withChars("# \u2581\n:<>/ab").ofMaxLength(60),
        Arbitraries.of(
                "the",
                " ",
                "man",
                "walks",
                "###",
                "Human",
                ":",
                "Assistant",
                "river",
                "\u2581",
                "1",
                "29",
                "</Video>",
                "<0x0A>",
                "\u00e9",
                "\ud83d\ude00",
                "#",
                "##",
                "  ",
                "\t",
                "see",
                "ing")
            .list()
            .ofMaxSize(30)
            .map(parts -> String.join("", parts)));
  }

  @Property(tries = 3000)
  void encodesAsSentencePieceDoes(@ForAll("texts") String text) throws IOException {
    // Halves of surrogate pairs are no text, NUL ends SentencePiece's string, and what looks like a
    // control piece is one only here.
    if (text.chars().anyMatch(c -> Character.isSurrogate((char) c) || c == 0)
        || text.matches("(?s).*<(unk|s|/s)>.*")) {
      return;
    }
    assertThat(Holder.HUGGING_FACE.encode(text, false, false).getIds())
        .as(text)
        .isEqualTo(sentencePiece(text));
  }

  private static long[] sentencePiece(String text) {
    int[] ids = Holder.SENTENCE_PIECE.getProcessor().encode(text);
    return java.util.Arrays.stream(ids).asLongStream().toArray();
  }

  /** Opened once. */
  private static final class Holder {
    static final HuggingFaceTokenizer HUGGING_FACE;
    static final SpTokenizer SENTENCE_PIECE;

    static {
      try {
        HUGGING_FACE =
            HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(SentencePieceModel.read(MODEL).toTokenizerJson()),
                Map.of());
        SENTENCE_PIECE = new SpTokenizer(MODEL);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Property(tries = 1000)
  void damagedModelsAreRefusedOrRead(@ForAll List<Integer> seeds) throws IOException {
    byte[] bytes = Files.readAllBytes(MODEL);
    for (int seed : seeds) {
      Random random = new Random(seed);
      if (random.nextInt(4) == 0) {
        bytes = java.util.Arrays.copyOf(bytes, random.nextInt(bytes.length) + 1);
      }
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
    }
    Path file = Files.createTempFile("tokenizer", ".model");
    try {
      Files.write(file, bytes);
      assertThat(SentencePieceModel.read(file).toTokenizerJson()).isNotEmpty();
    } catch (ModelException e) {
      assertThat(e).hasMessageContaining(file.getFileName().toString());
    } finally {
      Files.delete(file);
    }
  }
}
