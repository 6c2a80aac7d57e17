package io.moviechat.memory;

import static io.moviechat.internal.Checks.require;

import io.moviechat.MemoryFileException;
import io.moviechat.MemorySlot;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;

/**
 * The slots of one part of a film with all that later merges look at, which a {@link MemoryFile}
 * does not tell: token means, those of the representative frames, and lengths of merged tokens.
 *
 * <p>Big-endian: magic, label, strategy, shape, counts, times; the slots; a SHA-256 of everything
 * before it, checked before anything else is believed. For the machines that work on one film and
 * the release that they run, not for keeping.
 */
final class PartFile {
  private static final long MAGIC = 0x4d43_5041_5254_0002L; // "MCPART", version 2
  private static final int DIGEST_BYTES = 32;

  private final Path file;
  private final String label;
  private final String strategy;
  private final TokenShape shape;
  final long framesSeen;
  final long framesForgotten;
  final long end;
  private final int longTerm;
  private final int shortTerm;
  private final long start;

  private PartFile(Path file, DataInputStream in) throws IOException {
    this.file = file;
    require(in.readLong() == MAGIC, "%s is no part of a film that this release knows", file);
    this.label = in.readUTF();
    this.strategy = in.readUTF();
    this.shape = new TokenShape(in.readInt(), in.readInt());
    this.framesSeen = in.readLong();
    this.framesForgotten = in.readLong();
    this.start = in.readLong();
    this.end = in.readLong();
    this.longTerm = in.readInt();
    this.shortTerm = in.readInt();
  }

  String label() {
    return label;
  }

  /** Time of the first frame that is kept, in nanoseconds. */
  long start() {
    return start;
  }

  // ---- Writing ----

  /** Writes all that a memory knows of its slots. */
  static void write(SlotMemory memory, String label, Path target) throws IOException {
    write(target, out -> write(memory, label, out));
  }

  /** Writes slots of a memory of any kind, all as long-term. */
  static void write(MemorySnapshot memory, String strategy, String label, Path target)
      throws IOException {
    write(target, out -> write(memory, strategy, label, out));
  }

  @FunctionalInterface
  private interface Body {
    void writeTo(DataOutputStream out) throws IOException;
  }

  private static void write(Path target, Body body) throws IOException {
    Path file = target.toAbsolutePath();
    Path part = Files.createTempFile(file.getParent(), file.getFileName().toString(), ".part");
    try {
      MessageDigest digest = MemoryFileReader.sha256();
      try (DataOutputStream out =
          new DataOutputStream(
              new BufferedOutputStream(
                  new DigestOutputStream(Files.newOutputStream(part), digest), 1 << 16))) {
        body.writeTo(out);
        out.flush();
        out.write(digest.digest());
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private static void write(SlotMemory memory, String label, DataOutputStream out)
      throws IOException {
    List<Slot> longTerm = memory.longTerm();
    List<Slot> shortTerm = memory.shortTerm();
    TokenShape shape = memory.shape();
    writeHeader(out, label, memory.strategy(), shape);
    out.writeLong(memory.framesSeen());
    out.writeLong(memory.framesForgotten());
    Slot first = longTerm.isEmpty() ? shortTerm.get(0) : longTerm.get(0);
    out.writeLong(first.start);
    out.writeLong(memory.latest());
    out.writeInt(longTerm.size());
    out.writeInt(shortTerm.size());
    float[] tokens = new float[shape.floats()];
    ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * tokens.length);
    for (List<Slot> slots : List.of(longTerm, shortTerm)) {
      for (Slot slot : slots) {
        out.writeLong(slot.start);
        out.writeLong(slot.frames);
        out.writeLong(slot.representative);
        out.writeBoolean(slot.lengthsKnown);
        if (slot.lengthsKnown) {
          for (double length : slot.lengths) {
            out.writeDouble(length);
          }
        }
        writeFloats(out, slot.mean);
        writeFloats(out, slot.representativeMean);
        float[] embedding = slot.embedding == null ? new float[0] : slot.embedding;
        out.writeInt(embedding.length);
        writeFloats(out, embedding);
        memory.read(slot, tokens);
        bytes.asFloatBuffer().put(tokens);
        out.write(bytes.array());
      }
    }
  }

  private static void write(
      MemorySnapshot memory, String strategy, String label, DataOutputStream out)
      throws IOException {
    TokenShape shape = memory.shape();
    List<MemorySlot> slots = memory.slots();
    require(!slots.isEmpty(), "a part has at least 1 frame, this one has none");
    writeHeader(out, label, strategy, shape);
    out.writeLong(memory.framesSeen());
    out.writeLong(memory.framesForgotten());
    out.writeLong(slots.get(0).start().toNanos());
    out.writeLong(memory.end().toNanos());
    out.writeInt(slots.size());
    out.writeInt(0);
    float[] mean = new float[shape.width()];
    FrameReader reader = new FrameReader(shape);
    ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * shape.floats());
    for (MemorySlot slot : slots) {
      out.writeLong(slot.start().toNanos());
      out.writeLong(slot.frames());
      out.writeLong(slot.representative().toNanos());
      out.writeBoolean(false);
      reader.read(slot.tokens(), mean, null, 0);
      writeFloats(out, mean);
      writeFloats(out, mean);
      float[] embedding = new float[slot.embedding().map(FloatBuffer::remaining).orElse(0)];
      slot.embedding().ifPresent(values -> values.get(embedding));
      out.writeInt(embedding.length);
      writeFloats(out, embedding);
      bytes.asFloatBuffer().put(slot.tokens());
      out.write(bytes.array());
    }
  }

  private static void writeHeader(
      DataOutputStream out, String label, String strategy, TokenShape shape) throws IOException {
    out.writeLong(MAGIC);
    out.writeUTF(label);
    out.writeUTF(strategy);
    out.writeInt(shape.tokens());
    out.writeInt(shape.width());
  }

  private static void writeFloats(DataOutputStream out, float[] values) throws IOException {
    for (float value : values) {
      out.writeFloat(value);
    }
  }

  // ---- Reading ----

  /** Checks the whole file and reads its beginning. */
  static PartFile open(Path file) {
    try {
      long length = Files.size(file) - DIGEST_BYTES;
      try (InputStream in = Files.newInputStream(file)) {
        MessageDigest digest = MemoryFileReader.sha256();
        byte[] chunk = new byte[1 << 16];
        long left = length;
        for (int count; left > 0; left -= count) {
          count = in.read(chunk, 0, (int) Math.min(left, chunk.length));
          if (count < 0) {
            throw new EOFException("it became shorter");
          }
          digest.update(chunk, 0, count);
        }
        if (length <= 0 || !Arrays.equals(digest.digest(), in.readNBytes(DIGEST_BYTES))) {
          throw new MemoryFileException(
              file + " is damaged or no part of a film; watch that part again");
        }
      }
      try (DataInputStream in =
          new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
        return new PartFile(file, in);
      }
    } catch (IllegalArgumentException e) {
      throw new MemoryFileException(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new MemoryFileException(
          "the part " + file + " cannot be read (" + e + "); watch that part again", e);
    }
  }

  /**
   * Gives the slots to a memory.
   *
   * @param expected the strategy that the part must be of
   */
  void replay(SlotMemory memory, String expected) {
    require(
        strategy.equals(expected) && shape.equals(memory.shape()),
        "%s was made by %s with tokens of shape %s, the film is watched by %s with %s",
        file,
        strategy,
        shape,
        expected,
        memory.shape());
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file), 1 << 16))) {
      PartFile unused = new PartFile(file, in); // to where the slots begin
      memory.replay(longTerm, shortTerm, new Slots(memory, in, longTerm + shortTerm));
    } catch (IOException e) {
      throw new MemoryFileException("the part " + file + " cannot be read: " + e, e);
    }
  }

  /** Reads each slot into a free row when it is asked for. */
  private static final class Slots implements Iterator<Slot> {
    private final SlotMemory memory;
    private final DataInputStream in;
    private final ByteBuffer bytes;
    private int left;

    Slots(SlotMemory memory, DataInputStream in, int count) {
      this.memory = memory;
      this.in = in;
      this.bytes = ByteBuffer.allocate(Float.BYTES * memory.shape().floats());
      this.left = count;
    }

    @Override
    public boolean hasNext() {
      return left > 0;
    }

    @Override
    public Slot next() {
      if (left-- <= 0) {
        throw new NoSuchElementException();
      }
      try {
        return read();
      } catch (IOException e) {
        throw new MemoryFileException("a part cannot be read: " + e, e);
      }
    }

    private Slot read() throws IOException {
      Slot slot = memory.takeFree();
      slot.startWith(in.readLong(), slot.mean);
      slot.frames = in.readLong();
      slot.weight = slot.frames;
      slot.representative = in.readLong();
      slot.lengthsKnown = in.readBoolean();
      for (int i = 0; slot.lengthsKnown && i < slot.lengths.length; i++) {
        slot.lengths[i] = in.readDouble();
      }
      float[] mean = new float[slot.mean.length];
      readFloats(mean);
      readFloats(slot.representativeMean);
      float[] embedding = new float[in.readInt()];
      readFloats(embedding);
      slot.embed(
          embedding.length == 0 ? Optional.empty() : Optional.of(FloatBuffer.wrap(embedding)));
      in.readFully(bytes.array());
      FloatBuffer tokens = bytes.asFloatBuffer();
      memory.store.put(slot.row, tokens, slot.mean);
      // As it was, not as it follows from the tokens: rounding decides between near ties.
      System.arraycopy(mean, 0, slot.mean, 0, mean.length);
      return slot;
    }

    private void readFloats(float[] values) throws IOException {
      for (int i = 0; i < values.length; i++) {
        values[i] = in.readFloat();
      }
    }
  }
}
