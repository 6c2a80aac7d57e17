package io.moviechat.memory;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moviechat.MemoryFileException;
import io.moviechat.MemorySlot;
import io.moviechat.TokenShape;
import io.moviechat.internal.HalfFloats;
import io.moviechat.spi.SavedMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.function.ToLongFunction;

/** Writes one memory file. Names of tensors and metadata are here and in the reader. */
final class MemoryFileWriter {
  static final String FORMAT = "moviechat-memory";
  static final int VERSION = 1;

  /** Of files with cues, which readers of the first version do not know. */
  static final int VERSION_WITH_CUES = 2;

  /** Of files with embeddings, with or without cues. */
  static final int VERSION_WITH_EMBEDDINGS = 3;

  static final int CHECKSUM_BYTES = 32;

  /** The number of a tier in a file is its place here. */
  static final List<MemorySlot.Tier> TIERS =
      List.of(MemorySlot.Tier.LONG_TERM, MemorySlot.Tier.SHORT_TERM, MemorySlot.Tier.CURRENT);

  private static final Duration LEFTOVER_AGE = Duration.ofHours(1);
  private static final int CHUNK_BYTES = 1 << 16;

  private final SavedMemory memory;
  private final Path file;
  private final TokenType type;
  private final TokenShape shape;
  private final List<MemorySlot> slots;
  private final byte[] cues;
  private final int embeddingFloats;
  private final ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private final MessageDigest digest = MemoryFileReader.sha256();

  MemoryFileWriter(SavedMemory memory, Path file, TokenType type) {
    this.memory = memory;
    this.file = file.toAbsolutePath();
    this.type = type;
    this.shape = memory.snapshot().shape();
    this.slots = memory.snapshot().slots();
    this.cues = CueText.bytes(memory.cues());
    this.embeddingFloats =
        memory.snapshot().embeddings().map(embeddings -> embeddings.shape().floats()).orElse(0);
  }

  void write() throws IOException {
    Path name = file.getFileName();
    Path folder = file.getParent();
    if (name == null || folder == null || Files.isDirectory(file)) {
      throw new MemoryFileException(
          "a memory cannot be saved to " + file + ", which is a folder; name a file in it");
    }
    if (!Files.isDirectory(folder)) {
      throw new MemoryFileException(
          "a memory cannot be saved to " + file + ": there is no folder " + folder);
    }
    String prefix = "." + name + ".";
    deleteLeftovers(folder, prefix);
    Path temporary = folder.resolve(prefix + UUID.randomUUID() + ".saving");
    try {
      try (FileChannel out =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        writeTo(out);
        out.force(true);
      }
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
    forceFolder(folder);
  }

  /** A process that was killed while saving leaves its unfinished file. */
  private static void deleteLeftovers(Path folder, String prefix) throws IOException {
    FileTime old = FileTime.from(Instant.now().minus(LEFTOVER_AGE));
    try (DirectoryStream<Path> leftovers =
        Files.newDirectoryStream(
            folder,
            path ->
                path.getFileName().toString().startsWith(prefix)
                    && path.getFileName().toString().endsWith(".saving"))) {
      for (Path leftover : leftovers) {
        if (Files.exists(leftover) && Files.getLastModifiedTime(leftover).compareTo(old) < 0) {
          Files.deleteIfExists(leftover);
        }
      }
    }
  }

  /** Makes the renaming durable where folders can be forced; elsewhere it already is or cannot. */
  private static void forceFolder(Path folder) throws IOException {
    if (System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("win")) {
      return;
    }
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private void writeTo(FileChannel out) throws IOException {
    byte[] header = header();
    room(out, 8).putLong(header.length);
    flush(out);
    write(out, header);
    for (MemorySlot slot : slots) {
      writeTokens(out, slot);
    }
    if (type == TokenType.INT8) {
      for (MemorySlot slot : slots) {
        room(out, 4).putFloat(scale(slot));
      }
    }
    writeLongs(out, slot -> slot.start().toNanos());
    writeLongs(out, slot -> slot.end().toNanos());
    writeLongs(out, slot -> slot.representative().toNanos());
    writeLongs(out, MemorySlot::frames);
    writeLongs(out, slot -> Double.doubleToRawLongBits(slot.salience()));
    for (MemorySlot slot : slots) {
      room(out, 1).put((byte) TIERS.indexOf(slot.tier()));
    }
    write(out, cues);
    if (embeddingFloats > 0) {
      for (MemorySlot slot : slots) {
        writeEmbedding(out, slot);
      }
    }
    flush(out);
    chunk.put(digest.digest());
    chunk.flip();
    writeFully(out);
  }

  private void write(FileChannel out, byte[] bytes) throws IOException {
    for (int at = 0; at < bytes.length; at += CHUNK_BYTES) {
      int length = Math.min(CHUNK_BYTES, bytes.length - at);
      room(out, length).put(bytes, at, length);
    }
  }

  private byte[] header() throws IOException {
    ObjectNode header = new ObjectMapper().createObjectNode();
    ObjectNode metadata = header.putObject("__metadata__");
    metadata.put("format", FORMAT);
    int version = cues.length == 0 ? VERSION : VERSION_WITH_CUES;
    metadata.put(
        "version", Integer.toString(embeddingFloats > 0 ? VERSION_WITH_EMBEDDINGS : version));
    metadata.put("strategy", memory.strategy());
    metadata.put("settings", memory.settings());
    metadata.put("encoder", memory.encoderId());
    memory.embeddingEncoderId().ifPresent(id -> metadata.put("embedding_encoder", id));
    metadata.put("sampling", memory.sampling());
    metadata.put("video", memory.video());
    memory.videoFingerprint().ifPresent(hash -> metadata.put("video_fingerprint", hash));
    metadata.put("frames_seen", Long.toString(memory.snapshot().framesSeen()));
    metadata.put("frames_forgotten", Long.toString(memory.snapshot().framesForgotten()));
    long count = slots.size();
    long end = 0;
    end =
        tensor(header, "tokens", type.dtype, end, type.bytes, count, shape.tokens(), shape.width());
    if (type == TokenType.INT8) {
      end = tensor(header, "scales", "F32", end, 4, count);
    }
    end = tensor(header, "starts", "I64", end, 8, count);
    end = tensor(header, "ends", "I64", end, 8, count);
    end = tensor(header, "representatives", "I64", end, 8, count);
    end = tensor(header, "frames", "I64", end, 8, count);
    end = tensor(header, "saliences", "F64", end, 8, count);
    end = tensor(header, "tiers", "U8", end, 1, count);
    if (cues.length > 0) {
      end = tensor(header, "cues", "U8", end, 1, cues.length);
    }
    if (embeddingFloats > 0) {
      end = tensor(header, "embeddings", "F16", end, 2, count, embeddingFloats);
    }
    tensor(header, "sha256", "U8", end, 1, CHECKSUM_BYTES);
    byte[] json = new ObjectMapper().writeValueAsBytes(header);
    // Spaces after the header are part of the format; they keep the tensors aligned.
    byte[] padded = Arrays.copyOf(json, (json.length + 7) / 8 * 8);
    Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    return padded;
  }

  private static long tensor(
      ObjectNode header, String name, String dtype, long start, int bytes, long... sides) {
    ObjectNode tensor = header.putObject(name);
    tensor.put("dtype", dtype);
    var shape = tensor.putArray("shape");
    long size = bytes;
    for (long side : sides) {
      shape.add(side);
      size *= side;
    }
    tensor.putArray("data_offsets").add(start).add(start + size);
    return start + size;
  }

  private void writeTokens(FileChannel out, MemorySlot slot) throws IOException {
    FloatBuffer tokens = slot.tokens();
    float scale = type == TokenType.INT8 ? scale(slot) : 0;
    while (tokens.hasRemaining()) {
      float value = tokens.get();
      switch (type) {
        case FLOAT32 -> room(out, 4).putFloat(value);
        case FLOAT16 -> room(out, 2).putShort(half(value, slot));
        case INT8 -> room(out, 1).put((byte) (scale == 0 ? 0 : Math.round(value / scale)));
      }
    }
  }

  private void writeEmbedding(FileChannel out, MemorySlot slot) throws IOException {
    FloatBuffer embedding = slot.embedding().orElseThrow();
    while (embedding.hasRemaining()) {
      room(out, 2).putShort(half(embedding.get(), slot));
    }
  }

  private short half(float value, MemorySlot slot) {
    short half = HalfFloats.fromFloat(value);
    if (Float.isInfinite(HalfFloats.toFloat(half))) {
      throw new MemoryFileException(
          String.format(
              "the value %s in the slot at %s does not fit float16, whose largest is 65504; save"
                  + " with FLOAT32 or INT8. %s is unchanged",
              value, slot.start(), file));
    }
    return half;
  }

  private static float scale(MemorySlot slot) {
    FloatBuffer tokens = slot.tokens();
    float largest = 0;
    while (tokens.hasRemaining()) {
      largest = Math.max(largest, Math.abs(tokens.get()));
    }
    float scale = largest / 127;
    // A subnormal scale loses the type that the error bound promises; zero is near enough.
    return scale < Float.MIN_NORMAL ? 0 : scale;
  }

  private void writeLongs(FileChannel out, ToLongFunction<MemorySlot> value) throws IOException {
    for (MemorySlot slot : slots) {
      room(out, 8).putLong(value.applyAsLong(slot));
    }
  }

  private ByteBuffer room(FileChannel out, int bytes) throws IOException {
    if (chunk.remaining() < bytes) {
      flush(out);
    }
    return chunk;
  }

  private void flush(FileChannel out) throws IOException {
    chunk.flip();
    digest.update(chunk.array(), 0, chunk.limit());
    writeFully(out);
  }

  private void writeFully(FileChannel out) throws IOException {
    while (chunk.hasRemaining()) {
      out.write(chunk);
    }
    chunk.clear();
  }
}
