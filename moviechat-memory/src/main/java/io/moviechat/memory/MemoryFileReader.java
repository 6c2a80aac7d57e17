package io.moviechat.memory;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import io.moviechat.MemoryFileException;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import io.moviechat.internal.HalfFloats;
import io.moviechat.speech.Cues;
import io.moviechat.spi.SavedMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Reads one memory file, believing nothing that it has not checked. */
final class MemoryFileReader {
  private static final long MOST_HEADER_BYTES = 1 << 20;
  private static final int CHUNK_BYTES = 1 << 16;
  private static final int MOST_EMBEDDING_FLOATS = 1 << 20;
  private static final String DAMAGED = "the memory file %s is damaged or no memory file: %s";
  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(8)
                          .maxNumberLength(20)
                          .maxStringLength((int) MOST_HEADER_BYTES)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final List<String> VERSIONS =
      Stream.of(
              MemoryFileWriter.VERSION,
              MemoryFileWriter.VERSION_WITH_CUES,
              MemoryFileWriter.VERSION_WITH_EMBEDDINGS)
          .map(String::valueOf)
          .toList();

  private record Tensor(String dtype, List<Long> shape, long start, long end) {}

  private final Path file;

  MemoryFileReader(Path file) {
    this.file = file;
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  SavedMemory read() throws IOException {
    if (!Files.exists(file)) {
      throw new MemoryFileException("there is no memory file " + file);
    }
    if (!Files.isRegularFile(file)) {
      throw new MemoryFileException("the memory file " + file + " is not a regular file");
    }
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = in.size();
      long headerBytes = checkFrame(in, size);
      JsonNode header = parse(in, headerBytes);
      JsonNode metadata = header.path("__metadata__");
      checkFormat(metadata);
      checkSum(in, size);
      return read(in, header, metadata, 8 + headerBytes, size);
    }
  }

  private long checkFrame(FileChannel in, long size) throws IOException {
    check(size >= 8 + 2 + MemoryFileWriter.CHECKSUM_BYTES, "it has only %d bytes", size);
    long headerBytes = bytes(in, 0, 8).getLong();
    check(
        headerBytes >= 2
            && headerBytes <= MOST_HEADER_BYTES
            && headerBytes <= size - 8 - MemoryFileWriter.CHECKSUM_BYTES,
        "it says that its header has %s bytes, the file has %d in all and a header at most %d",
        Long.toUnsignedString(headerBytes),
        size,
        MOST_HEADER_BYTES);
    return headerBytes;
  }

  private JsonNode parse(FileChannel in, long headerBytes) throws IOException {
    try {
      JsonNode header = MAPPER.readTree(bytes(in, 8, (int) headerBytes).array());
      check(header.isObject(), "its header is no JSON object");
      return header;
    } catch (JsonProcessingException e) {
      throw damaged("its header is no JSON: " + e.getOriginalMessage(), e);
    }
  }

  private void checkFormat(JsonNode metadata) {
    check(
        metadata.path("format").asText("").equals(MemoryFileWriter.FORMAT),
        "it is not a MovieChat memory, whose metadata say format %s",
        MemoryFileWriter.FORMAT);
    String version = metadata.path("version").asText("");
    if (!VERSIONS.contains(version)) {
      throw new MemoryFileException(
          String.format(
              "the memory file %s has format version '%s', this library reads versions %s;"
                  + " update the library, or watch the video again",
              file, version, String.join(", ", VERSIONS)));
    }
  }

  private void checkSum(FileChannel in, long size) throws IOException {
    MessageDigest digest = sha256();
    long end = size - MemoryFileWriter.CHECKSUM_BYTES;
    for (long at = 0; at < end; at += CHUNK_BYTES) {
      digest.update(bytes(in, at, (int) Math.min(CHUNK_BYTES, end - at)).array());
    }
    byte[] expected = bytes(in, end, MemoryFileWriter.CHECKSUM_BYTES).array();
    check(
        MessageDigest.isEqual(digest.digest(), expected),
        "its checksum is wrong: some bytes have changed or are missing");
  }

  private SavedMemory read(FileChannel in, JsonNode header, JsonNode metadata, long data, long size)
      throws IOException {
    Tensor tokens = tensor(header, "tokens");
    check(tokens.shape.size() == 3, "its tokens have %d dimensions, not 3", tokens.shape.size());
    long count = tokens.shape.get(0);
    TokenShape shape;
    try {
      shape =
          new TokenShape(
              Math.toIntExact(tokens.shape.get(1)), Math.toIntExact(tokens.shape.get(2)));
    } catch (ArithmeticException | IllegalArgumentException e) {
      throw damaged("the shape of its tokens is wrong: " + e.getMessage(), e);
    }
    TokenType type = type(tokens.dtype);
    boolean scaled = type == TokenType.INT8;
    check(
        count <= Integer.MAX_VALUE && count <= size / (shape.bytes() / 4 * type.bytes),
        "it claims %d slots, for which it has too few bytes",
        count);

    // Tensors in their order: each starts where the one before ends, and the last ends the file.
    long at = expect(tokens, "tokens", type.dtype, 0, type.bytes, tokens.shape);
    List<Long> perSlot = List.of(count);
    long scales = at;
    if (scaled) {
      at = expect(tensor(header, "scales"), "scales", "F32", at, 4, perSlot);
    }
    long starts = at;
    at = expect(tensor(header, "starts"), "starts", "I64", at, 8, perSlot);
    long ends = at;
    at = expect(tensor(header, "ends"), "ends", "I64", at, 8, perSlot);
    long representatives = at;
    at = expect(tensor(header, "representatives"), "representatives", "I64", at, 8, perSlot);
    long frames = at;
    at = expect(tensor(header, "frames"), "frames", "I64", at, 8, perSlot);
    long saliences = at;
    at = expect(tensor(header, "saliences"), "saliences", "F64", at, 8, perSlot);
    long tiers = at;
    at = expect(tensor(header, "tiers"), "tiers", "U8", at, 1, perSlot);
    long cues = at;
    long cueBytes = 0;
    int version = Integer.parseInt(text(metadata, "version"));
    boolean withCues = header.has("cues");
    boolean withEmbeddings = header.has("embeddings");
    check(
        withEmbeddings == (version == MemoryFileWriter.VERSION_WITH_EMBEDDINGS)
            && (withEmbeddings || withCues == (version == MemoryFileWriter.VERSION_WITH_CUES)),
        "its version and what it holds do not fit each other");
    if (withCues) {
      Tensor tensor = tensor(header, "cues");
      cueBytes = tensor.shape.size() == 1 ? tensor.shape.get(0) : -1;
      check(
          cueBytes > 0 && cueBytes <= CueText.MOST_BYTES,
          "its cues have the shape %s; at most %d bytes are read",
          tensor.shape,
          CueText.MOST_BYTES);
      at = expect(tensor, "cues", "U8", at, 1, tensor.shape);
    }
    long embeddings = at;
    int embeddingFloats = 0;
    if (withEmbeddings) {
      Tensor tensor = tensor(header, "embeddings");
      long floats = tensor.shape.size() == 2 ? tensor.shape.get(1) : -1;
      check(
          floats > 0 && floats <= MOST_EMBEDDING_FLOATS && count > 0,
          "its embeddings have the shape %s; at most %d values for a slot are read",
          tensor.shape,
          MOST_EMBEDDING_FLOATS);
      embeddingFloats = (int) floats;
      at = expect(tensor, "embeddings", "F16", at, 2, List.of(count, floats));
    }
    long checksumBytes = MemoryFileWriter.CHECKSUM_BYTES;
    at = expect(tensor(header, "sha256"), "sha256", "U8", at, 1, List.of(checksumBytes));
    check(at == size - data, "its tensors have %d bytes, the file has %d", at, size - data);
    Set<String> names = new TreeSet<>();
    header.fieldNames().forEachRemaining(names::add);
    int expected = 9 + (scaled ? 1 : 0) + (withCues ? 1 : 0) + (withEmbeddings ? 1 : 0);
    check(names.size() == expected, "it has other tensors than a memory has: %s", names);
    checkHeap(count * (shape.bytes() + (long) Float.BYTES * embeddingFloats));

    List<MemorySlot> slots = new ArrayList<>((int) count);
    List<MemorySlot.Tier> tierNames = MemoryFileWriter.TIERS;
    try {
      for (int i = 0; i < count; i++) {
        int tier = bytes(in, data + tiers + i, 1).get() & 0xff;
        check(tier < tierNames.size(), "slot %d is of an unknown tier, %d", i, tier);
        double salience = bytes(in, data + saliences + 8L * i, 8).getDouble();
        check(salience >= 0 && salience <= 1, "slot %d has the salience %s", i, salience);
        float scale = scaled ? bytes(in, data + scales + 4L * i, 4).getFloat() : 1;
        MemorySlot slot =
            MemorySlot.of(
                tierNames.get(tier),
                time(in, data + starts, i),
                time(in, data + ends, i),
                bytes(in, data + frames + 8L * i, 8).getLong(),
                time(in, data + representatives, i),
                salience,
                shape,
                tokens(in, data, i, shape, type, scale));
        slots.add(
            withEmbeddings
                ? slot.withEmbedding(halves(in, data + embeddings, i, embeddingFloats))
                : slot);
      }
      return SavedMemory.builder(
              new MemorySnapshot(
                  shape,
                  slots,
                  number(metadata, "frames_seen"),
                  number(metadata, "frames_forgotten")),
              text(metadata, "encoder"))
          .embeddingEncoderId(
              withEmbeddings ? Optional.of(text(metadata, "embedding_encoder")) : Optional.empty())
          .strategy(text(metadata, "strategy"), text(metadata, "settings"))
          .sampling(text(metadata, "sampling"))
          .video(text(metadata, "video"))
          .videoFingerprint(
              metadata.has("video_fingerprint")
                  ? Optional.of(text(metadata, "video_fingerprint"))
                  : Optional.empty())
          .cues(
              cueBytes == 0
                  ? Cues.NONE
                  : CueText.cues(bytes(in, data + cues, (int) cueBytes).array()))
          .build();
    } catch (IllegalArgumentException e) {
      throw damaged(String.valueOf(e.getMessage()), e);
    } catch (JsonProcessingException e) {
      throw damaged("its cues are no JSON: " + e.getOriginalMessage(), e);
    }
  }

  private void checkHeap(long bytes) {
    long most = Runtime.getRuntime().maxMemory();
    if (bytes > most) {
      throw new MemoryFileException(
          String.format(
              "the memory file %s needs %d bytes of Java heap, this JVM has at most %d; start it"
                  + " with a larger -Xmx",
              file, bytes, most));
    }
  }

  private TokenType type(String dtype) {
    for (TokenType type : TokenType.values()) {
      if (type.dtype.equals(dtype)) {
        return type;
      }
    }
    throw new MemoryFileException(
        DAMAGED.formatted(file, "its tokens are of the unknown type " + dtype));
  }

  private Tensor tensor(JsonNode header, String name) {
    JsonNode node = header.path(name);
    JsonNode offsets = node.path("data_offsets");
    check(
        node.path("dtype").isTextual()
            && node.path("shape").isArray()
            && offsets.size() == 2
            && offsets.get(0).isIntegralNumber()
            && offsets.get(1).isIntegralNumber()
            && offsets.get(0).canConvertToLong()
            && offsets.get(1).canConvertToLong(),
        "its tensor '%s' is missing or not described as one",
        name);
    List<Long> shape = new ArrayList<>();
    for (JsonNode side : node.path("shape")) {
      check(
          side.isIntegralNumber() && side.canConvertToLong() && side.asLong() >= 0,
          "the shape of its tensor '%s' is wrong: %s",
          name,
          node.path("shape"));
      shape.add(side.asLong());
    }
    return new Tensor(
        node.path("dtype").asText(), shape, offsets.get(0).asLong(), offsets.get(1).asLong());
  }

  /** Checks a tensor against what it must be and returns where it ends. */
  private long expect(
      Tensor tensor, String name, String dtype, long start, int bytes, List<Long> shape) {
    long length = bytes;
    try {
      for (long side : shape) {
        length = Math.multiplyExact(length, side);
      }
      length = Math.addExact(length, start);
    } catch (ArithmeticException e) {
      throw damaged("the size of its tensor '" + name + "' overflows", e);
    }
    Tensor expected = new Tensor(dtype, shape, start, length);
    check(tensor.equals(expected), "its tensor '%s' is %s, not %s", name, tensor, expected);
    return length;
  }

  private FloatBuffer tokens(
      FileChannel in, long data, int slot, TokenShape shape, TokenType type, float scale)
      throws IOException {
    int floats = shape.floats();
    check(Float.isFinite(scale) && scale >= 0, "slot %d has the scale %s", slot, scale);
    ByteBuffer raw = bytes(in, data + (long) slot * floats * type.bytes, floats * type.bytes);
    FloatBuffer values = FloatBuffer.allocate(floats);
    for (int i = 0; i < floats; i++) {
      float value =
          switch (type) {
            case FLOAT32 -> raw.getFloat();
            case FLOAT16 -> HalfFloats.toFloat(raw.getShort());
            case INT8 -> raw.get() * scale;
          };
      check(Float.isFinite(value), "slot %d has the token value %s", slot, value);
      values.put(value);
    }
    return values.flip();
  }

  private FloatBuffer halves(FileChannel in, long column, int slot, int floats) throws IOException {
    ByteBuffer raw = bytes(in, column + 2L * slot * floats, 2 * floats);
    FloatBuffer values = FloatBuffer.allocate(floats);
    while (values.hasRemaining()) {
      float value = HalfFloats.toFloat(raw.getShort());
      check(Float.isFinite(value), "the embedding of slot %d has the value %s", slot, value);
      values.put(value);
    }
    return values.flip();
  }

  private Duration time(FileChannel in, long column, int slot) throws IOException {
    long nanoseconds = bytes(in, column + 8L * slot, 8).getLong();
    check(nanoseconds >= 0, "slot %d has the negative time %d", slot, nanoseconds);
    return Duration.ofNanos(nanoseconds);
  }

  private String text(JsonNode metadata, String key) {
    check(metadata.path(key).isTextual(), "its metadata lack '%s'", key);
    return metadata.path(key).asText();
  }

  private long number(JsonNode metadata, String key) {
    String text = text(metadata, key);
    try {
      long number = Long.parseLong(text);
      check(number >= 0, "its '%s' is negative: %s", key, text);
      return number;
    } catch (NumberFormatException e) {
      throw damaged("its '" + key + "' is no number: " + text, e);
    }
  }

  private ByteBuffer bytes(FileChannel in, long position, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining()) {
      check(in.read(buffer, position + buffer.position()) >= 0, "it was cut while being read");
    }
    return buffer.flip();
  }

  @FormatMethod
  private void check(boolean condition, @FormatString String message, Object... arguments) {
    if (!condition) {
      throw new MemoryFileException(DAMAGED.formatted(file, String.format(message, arguments)));
    }
  }

  private MemoryFileException damaged(String what, Throwable cause) {
    return new MemoryFileException(DAMAGED.formatted(file, what), cause);
  }
}
