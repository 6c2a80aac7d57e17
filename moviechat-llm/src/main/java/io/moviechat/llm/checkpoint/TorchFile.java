package io.moviechat.llm.checkpoint;

import io.moviechat.ModelException;
import java.io.Closeable;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.zip.ZipEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;

/**
 * Files of {@code torch.save}: a zip with a pickle and one stored entry for each storage, or,
 * before PyTorch 1.6, a row of pickles followed by the storages.
 */
final class TorchFile {
  private static final BigInteger LEGACY_MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
  private static final long LEGACY_PROTOCOL = 1001;
  private static final long MAX_PICKLE_BYTES = 64 << 20;

  private TorchFile() {}

  /** Opens a zip. */
  static Checkpoint openZip(Path path) throws IOException {
    FileChannel channel = FileChannel.open(path);
    try {
      return new Checkpoint(path.getFileName().toString(), readZip(path, channel), channel);
    } catch (Throwable e) {
      throw closing(channel, e);
    }
  }

  /** Opens the layout before PyTorch 1.6. */
  static Checkpoint openLegacy(Path path) throws IOException {
    FileChannel channel = FileChannel.open(path);
    try {
      return new Checkpoint(path.getFileName().toString(), readLegacy(path, channel), channel);
    } catch (Throwable e) {
      throw closing(channel, e);
    }
  }

  private static RuntimeException closing(Closeable file, Throwable cause) throws IOException {
    try {
      file.close();
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
    if (cause instanceof IOException e) {
      throw e;
    }
    if (cause instanceof Error e) {
      throw e;
    }
    return (RuntimeException) cause;
  }

  private record Entry(long position, long bytes) {}

  private static Map<String, Tensor> readZip(Path path, FileChannel channel) throws IOException {
    Map<String, Entry> entries = new LinkedHashMap<>();
    // The archive is only asked where its entries lie.
    try (ZipFile zip = ZipFile.builder().setPath(path).get()) {
      var all = zip.getEntries();
      while (all.hasMoreElements()) {
        ZipArchiveEntry entry = all.nextElement();
        long position = entry.getDataOffset();
        if (entry.getMethod() != ZipEntry.STORED || entry.getSize() != entry.getCompressedSize()) {
          throw new ModelException(
              "%s: entry %s is compressed; torch.save stores entries as they are"
                  .formatted(path, Unpickler.printable(entry.getName())));
        }
        if (position < 0 || entry.getSize() < 0 || position > channel.size() - entry.getSize()) {
          throw new ModelException(
              "%s: entry %s lies beyond the end of the file; the file is cut or damaged"
                  .formatted(path, Unpickler.printable(entry.getName())));
        }
        if (entries.put(entry.getName(), new Entry(position, entry.getSize())) != null) {
          throw new ModelException(
              "%s has two entries %s".formatted(path, Unpickler.printable(entry.getName())));
        }
      }
    } catch (IllegalArgumentException e) {
      throw new ModelException(path + " is a damaged zip: " + e.getMessage(), e);
    }
    List<String> pickles =
        entries.keySet().stream().filter(name -> name.endsWith("/data.pkl")).toList();
    if (pickles.size() != 1) {
      throw new ModelException(
          "%s is a zip with %d entries named data.pkl; a PyTorch checkpoint has one"
              .formatted(path, pickles.size()));
    }
    String root = pickles.get(0).substring(0, pickles.get(0).length() - "data.pkl".length());
    Optional.ofNullable(entries.get(root + "byteorder"))
        .ifPresent(entry -> requireLittleEndian(path, channel, entry));
    Entry pickle = Objects.requireNonNull(entries.get(pickles.get(0)));
    if (pickle.bytes() > MAX_PICKLE_BYTES) {
      throw new ModelException(
          "%s has a pickle of %d bytes; %d is the limit"
              .formatted(path, pickle.bytes(), MAX_PICKLE_BYTES));
    }
    Map<String, MappedStorage> storages = new HashMap<>();
    Object content =
        Unpickler.read(
            new FileCursor(
                channel, path.toString(), pickle.position(), pickle.position() + pickle.bytes()),
            path.toString(),
            (type, key, count) -> {
              Entry entry = entries.get(root + "data/" + key);
              if (entry == null || entry.bytes() < count * type.bytes()) {
                throw new ModelException(
                    "%s: storage %s should hold %d values of %s but %s"
                        .formatted(
                            path,
                            Unpickler.printable(key),
                            count,
                            type,
                            entry == null
                                ? "is not in the file"
                                : "has " + entry.bytes() + " bytes"));
              }
              return same(
                  path,
                  storages.computeIfAbsent(
                      key, k -> new MappedStorage(channel, type, count, entry.position())),
                  type,
                  count);
            });
    return tensors(path, content);
  }

  private static void requireLittleEndian(Path path, FileChannel channel, Entry entry) {
    try {
      FileCursor cursor =
          new FileCursor(
              channel, path.toString(), entry.position(), entry.position() + entry.bytes());
      if (entry.bytes() != 6
          || !new String(cursor.bytes(6), java.nio.charset.StandardCharsets.US_ASCII)
              .equals("little")) {
        throw new ModelException(
            path + " was written on a big-endian machine; only little is read");
      }
    } catch (IOException e) {
      throw new ModelException("cannot read " + path, e);
    }
  }

  private static MappedStorage same(
      Path path, MappedStorage storage, ElementType type, long count) {
    if (storage.type() != type || storage.count() != count) {
      throw new ModelException(path + " names one storage with two types or sizes");
    }
    return storage;
  }

  private static Map<String, Tensor> readLegacy(Path path, FileChannel channel) throws IOException {
    Map<String, MappedStorage> storages = new HashMap<>();
    String file = path.toString();
    FileCursor cursor = new FileCursor(channel, file, 0, channel.size());
    Unpickler.Storages none =
        (type, key, count) -> {
          throw new ModelException(file + " has a tensor before its header ends");
        };
    if (!LEGACY_MAGIC.equals(pickle(cursor, file, channel, none))) {
      throw new ModelException(
          file + " is a pickle but no PyTorch checkpoint (its magic number is missing)");
    }
    Object protocol = pickle(cursor, file, channel, none);
    if (!protocol.equals(LEGACY_PROTOCOL)) {
      throw new ModelException(file + " has an unknown protocol, expected " + LEGACY_PROTOCOL);
    }
    Object system = pickle(cursor, file, channel, none);
    if (system instanceof Map<?, ?> map && Boolean.FALSE.equals(map.get("little_endian"))) {
      throw new ModelException(file + " was written on a big-endian machine; only little is read");
    }
    Object content =
        pickle(
            cursor,
            file,
            channel,
            (type, key, count) ->
                same(
                    path,
                    storages.computeIfAbsent(key, k -> new MappedStorage(channel, type, count, -1)),
                    type,
                    count));
    Object keys = pickle(cursor, file, channel, none);
    if (!(keys instanceof List<?> order) || order.size() != storages.size()) {
      throw new ModelException(file + " does not list its " + storages.size() + " storages");
    }
    for (Object key : order) {
      MappedStorage storage = key instanceof String name ? storages.remove(name) : null;
      if (storage == null) {
        throw new ModelException(file + " lists a storage that no tensor uses, or one twice");
      }
      long count = cursor.i64();
      long position = cursor.position();
      long bytes = storage.count() * storage.type().bytes();
      if (count != storage.count() || bytes > channel.size() - position) {
        throw new ModelException(
            "%s: a storage of %d values of %s should be at byte %d, but the file says %d values and ends at %d"
                .formatted(file, storage.count(), storage.type(), position, count, channel.size()));
      }
      storage.locate(position);
      cursor = new FileCursor(channel, file, position + bytes, channel.size());
    }
    return tensors(path, content);
  }

  private static Object pickle(
      FileCursor cursor, String file, FileChannel channel, Unpickler.Storages storages)
      throws IOException {
    cursor.limit(Math.min(channel.size(), cursor.position() + MAX_PICKLE_BYTES));
    Object content = Unpickler.read(cursor, file, storages);
    cursor.limit(channel.size());
    return content;
  }

  /** The state dict: what is under "model" (or "state_dict"), else the outermost dictionary. */
  private static Map<String, Tensor> tensors(Path path, Object content) {
    if (!(content instanceof Map<?, ?> outer)) {
      throw new ModelException(path + " holds no dictionary of tensors");
    }
    Map<?, ?> state = outer;
    for (String key : List.of("model", "state_dict")) {
      if (outer.get(key) instanceof Map<?, ?> inner) {
        state = inner;
        break;
      }
    }
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    state.forEach(
        (key, value) -> {
          if (key instanceof String name && value instanceof Tensor tensor) {
            tensors.put(name, tensor);
          }
        });
    if (tensors.isEmpty()) {
      throw new ModelException(path + " holds a dictionary without tensors");
    }
    return tensors;
  }
}
