package io.moviechat.llm.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import io.moviechat.ModelException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A file as the hub announces it.
 *
 * @param name in the repository
 * @param size in bytes
 * @param sha256 of a large file's content, empty for small ones
 * @param blobId git's hash of a small file
 */
record RemoteFile(String name, long size, String sha256, String blobId) {
  /** Reads the hub's listing, or what we wrote down of it. */
  static RemoteFile of(JsonNode node) {
    String name = node.path("rfilename").asText(node.path("name").asText());
    JsonNode large = node.path("lfs");
    long size = large.path("size").asLong(node.path("size").asLong(-1));
    String sha256 = large.path("sha256").asText(node.path("sha256").asText(""));
    String blobId = node.path("blobId").asText("");
    return new RemoteFile(name, size, sha256, blobId);
  }

  /** Tells parts of one version from those of another. */
  String shortHash() {
    String hash = sha256.isEmpty() ? blobId : sha256;
    if (!hash.matches("[0-9a-f]{16,128}") || size < 0) {
      throw new ModelException(
          "the hub gives no hash and size for " + name + ", so it cannot be trusted: " + this);
    }
    return hash.substring(0, 12);
  }

  /** Whether a local file has the announced content. */
  boolean matches(Path file) throws IOException {
    if (!sha256.isEmpty()) {
      return MoreFiles.asByteSource(file).hash(Hashing.sha256()).toString().equals(sha256);
    }
    // Git hashes "blob <size>\0<content>" by SHA-1.
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-1");
      digest.update(("blob " + Files.size(file) + "\0").getBytes(StandardCharsets.UTF_8));
      byte[] buffer = new byte[1 << 16];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
      return HexFormat.of().formatHex(digest.digest()).equals(blobId);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-1", e);
    }
  }
}
