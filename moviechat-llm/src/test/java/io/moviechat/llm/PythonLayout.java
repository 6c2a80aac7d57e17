package io.moviechat.llm;

import com.google.common.hash.Hashing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Lays a bundle out as Python's huggingface_hub keeps it: links to files named by their hash. */
public final class PythonLayout {
  private PythonLayout() {}

  /** Returns the model's folder. */
  public static Path of(Path bundle, Path model) throws IOException {
    Path blobs = Files.createDirectories(model.resolve("blobs"));
    Path snapshot = model.resolve("snapshots/abc");
    List<Path> files;
    try (Stream<Path> walk = Files.walk(bundle)) {
      files = walk.filter(Files::isRegularFile).toList();
    }
    for (Path file : files) {
      byte[] content = Files.readAllBytes(file);
      Path blob = blobs.resolve(Hashing.sha256().hashBytes(content).toString());
      Files.write(blob, content);
      Path link = snapshot.resolve(bundle.relativize(file).toString());
      Files.createDirectories(link.getParent());
      Files.createSymbolicLink(link, link.getParent().relativize(blob));
    }
    Files.createDirectories(model.resolve("refs"));
    Files.writeString(model.resolve("refs/main"), "abc");
    return model;
  }
}
