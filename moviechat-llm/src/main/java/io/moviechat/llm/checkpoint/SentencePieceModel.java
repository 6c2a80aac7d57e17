package io.moviechat.llm.checkpoint;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.moviechat.ModelException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A SentencePiece {@code tokenizer.model} of the LLaMA kind: BPE with byte fallback, no
 * normalisation, spaces kept. It is not run; {@link #toTokenizerJson} says the same in the format
 * that every other bundle has. (Field numbers: sentencepiece_model.proto of
 * github.com/google/sentencepiece.)
 */
final class SentencePieceModel {
  /** What a piece is; the numbers are the file format's. */
  enum Kind {
    NORMAL,
    UNKNOWN,
    CONTROL,
    USER_DEFINED,
    UNUSED,
    BYTE
  }

  /**
   * @param score larger merges first
   */
  record Piece(String text, float score, Kind kind) {}

  private static final long MAX_FILE_BYTES = 64 << 20;
  private static final int MAX_PIECE_CHARS = 256;
  private static final int BPE = 2;
  private static final String SPACE = "\u2581";

  private final List<Piece> pieces = new ArrayList<>();
  private int modelType = 1;
  private boolean byteFallback;
  private boolean hasCharacterMap;
  private boolean dummyPrefix = true;
  private boolean removesSpaces = true;
  private boolean escapesSpaces = true;
  private boolean spaceAsSuffix;

  private SentencePieceModel() {}

  /**
   * Reads a model.
   *
   * @throws ModelException if it is damaged, or of a kind that LLaMA does not use
   */
  static SentencePieceModel read(Path file) {
    try {
      if (!Files.isRegularFile(file)) {
        throw new ModelException("there is no tokenizer " + file);
      }
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw new ModelException(file + " is too large for a tokenizer");
      }
      SentencePieceModel model = new SentencePieceModel();
      model.parse(CodedInputStream.newInstance(Files.readAllBytes(file)));
      model.check(file);
      return model;
    } catch (IOException e) {
      throw new ModelException(
          file + " is no SentencePiece model, or is damaged: " + e.getMessage(), e);
    }
  }

  List<Piece> pieces() {
    return List.copyOf(pieces);
  }

  private void parse(CodedInputStream in) throws IOException {
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (WireFormat.getTagFieldNumber(tag)) {
        case 1 -> pieces.add(piece(in.readBytes().newCodedInput()));
        case 2 -> trainer(in.readBytes().newCodedInput());
        case 3 -> normalizer(in.readBytes().newCodedInput());
        default -> in.skipField(tag);
      }
    }
  }

  private static Piece piece(CodedInputStream in) throws IOException {
    String text = "";
    float score = 0;
    int kind = 1;
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (WireFormat.getTagFieldNumber(tag)) {
        case 1 -> text = in.readStringRequireUtf8();
        case 2 -> score = in.readFloat();
        case 3 -> kind = in.readEnum();
        default -> in.skipField(tag);
      }
    }
    if (kind < 1 || kind > Kind.values().length || text.length() > MAX_PIECE_CHARS) {
      throw new IOException("a piece of kind " + kind + " and length " + text.length());
    }
    return new Piece(text, score, Kind.values()[kind - 1]);
  }

  private void trainer(CodedInputStream in) throws IOException {
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (WireFormat.getTagFieldNumber(tag)) {
        case 3 -> modelType = in.readEnum();
        case 24 -> spaceAsSuffix = in.readBool();
        case 35 -> byteFallback = in.readBool();
        default -> in.skipField(tag);
      }
    }
  }

  private void normalizer(CodedInputStream in) throws IOException {
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (WireFormat.getTagFieldNumber(tag)) {
        case 2 -> hasCharacterMap = !in.readBytes().isEmpty();
        case 3 -> dummyPrefix = in.readBool();
        case 4 -> removesSpaces = in.readBool();
        case 5 -> escapesSpaces = in.readBool();
        default -> in.skipField(tag);
      }
    }
  }

  private void check(Path file) {
    List<String> unlike = new ArrayList<>();
    if (modelType != BPE) {
      unlike.add("it is not BPE");
    }
    if (!byteFallback || bytesMissing()) {
      unlike.add("it does not fall back to bytes");
    }
    if (hasCharacterMap || removesSpaces || !escapesSpaces || !dummyPrefix || spaceAsSuffix) {
      unlike.add("it normalises text");
    }
    if (pieces.size() < 3
        || pieces.get(0).kind() != Kind.UNKNOWN
        || pieces.get(1).kind() != Kind.CONTROL
        || pieces.get(2).kind() != Kind.CONTROL) {
      unlike.add("its first pieces are not <unk>, <s>, </s>");
    }
    if (pieces.stream().anyMatch(p -> p.kind() == Kind.USER_DEFINED)) {
      unlike.add("it has pieces of the user's");
    }
    if (pieces.stream().map(Piece::text).distinct().count() != pieces.size()) {
      unlike.add("it has a piece twice");
    }
    if (!unlike.isEmpty()) {
      throw new ModelException(
          "%s is not a tokenizer of the LLaMA kind: %s. Give the tokenizer.model of the LLaMA release"
              .formatted(file, String.join(", ", unlike)));
    }
  }

  private boolean bytesMissing() {
    return pieces.stream().filter(p -> p.kind() == Kind.BYTE).count() != 256;
  }

  /**
   * The same tokenizer as a {@code tokenizer.json}. SentencePiece merges the pair of neighbours
   * whose union has the best score; the merge list says so by naming, best score first, each way to
   * cut a piece into two. The control pieces are special tokens there: found in text only by those
   * who ask for it.
   */
  byte[] toTokenizerJson() {
    JsonNodeFactory json = JsonNodeFactory.instance;
    ObjectNode root = json.objectNode();
    root.put("version", "1.0").putNull("truncation").putNull("padding");
    ArrayNode added = root.putArray("added_tokens");
    ObjectNode vocabulary = json.objectNode();
    Map<String, Integer> ids = new HashMap<>();
    for (int id = 0; id < pieces.size(); id++) {
      Piece piece = pieces.get(id);
      vocabulary.put(piece.text(), id);
      if (piece.kind() == Kind.NORMAL) {
        ids.put(piece.text(), id);
      } else if (piece.kind() != Kind.BYTE) {
        added
            .addObject()
            .put("id", id)
            .put("content", piece.text())
            .put("single_word", false)
            .put("lstrip", false)
            .put("rstrip", false)
            .put("normalized", false)
            .put("special", true);
      }
    }
    ObjectNode normalizer = root.putObject("normalizer").put("type", "Sequence");
    ArrayNode normalizers = normalizer.putArray("normalizers");
    normalizers.addObject().put("type", "Prepend").put("prepend", SPACE);
    replace(normalizers.addObject(), " ", SPACE);
    root.putNull("pre_tokenizer");
    ObjectNode template = root.putObject("post_processor").put("type", "TemplateProcessing");
    String begin = pieces.get(1).text();
    ArrayNode single = template.putArray("single");
    single.addObject().putObject("SpecialToken").put("id", begin).put("type_id", 0);
    single.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
    ArrayNode pair = template.putArray("pair");
    pair.add(single.get(0)).add(single.get(1));
    pair.addObject().putObject("SpecialToken").put("id", begin).put("type_id", 1);
    pair.addObject().putObject("Sequence").put("id", "B").put("type_id", 1);
    ObjectNode special = template.putObject("special_tokens").putObject(begin).put("id", begin);
    special.putArray("ids").add(1);
    special.putArray("tokens").add(begin);
    ArrayNode decoders = root.putObject("decoder").put("type", "Sequence").putArray("decoders");
    replace(decoders.addObject(), SPACE, " ");
    decoders.addObject().put("type", "ByteFallback");
    decoders.addObject().put("type", "Fuse");
    decoders.addObject().put("type", "Strip").put("content", " ").put("start", 1).put("stop", 0);
    ObjectNode model = root.putObject("model").put("type", "BPE").putNull("dropout");
    model.put("unk_token", pieces.get(0).text());
    model.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
    model.put("fuse_unk", true).put("byte_fallback", true).put("ignore_merges", false);
    model.set("vocab", vocabulary);
    ArrayNode merges = model.putArray("merges");
    for (Merge merge : merges(ids)) {
      merges.addArray().add(merge.left()).add(merge.right());
    }
    return (root + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private record Merge(String left, String right, float score, int leftId, int rightId) {}

  private List<Merge> merges(Map<String, Integer> ids) {
    List<Merge> merges = new ArrayList<>();
    for (Map.Entry<String, Integer> entry : ids.entrySet()) {
      String text = entry.getKey();
      for (int cut = 1; cut < text.length(); cut++) {
        Integer left = ids.get(text.substring(0, cut));
        Integer right = ids.get(text.substring(cut));
        if (left != null && right != null) {
          merges.add(
              new Merge(
                  text.substring(0, cut),
                  text.substring(cut),
                  pieces.get(entry.getValue()).score(),
                  left,
                  right));
        }
      }
    }
    merges.sort(
        Comparator.comparingDouble((Merge m) -> -m.score())
            .thenComparingInt(Merge::leftId)
            .thenComparingInt(Merge::rightId));
    return merges;
  }

  private static void replace(ObjectNode node, String from, String to) {
    node.put("type", "Replace").putObject("pattern").put("String", from);
    node.put("content", to);
  }

  /** The pieces as JSON text, for messages of tests. */
  @Override
  public String toString() {
    return new ObjectMapper().valueToTree(pieces.stream().map(Piece::text).toList()).toString();
  }
}
