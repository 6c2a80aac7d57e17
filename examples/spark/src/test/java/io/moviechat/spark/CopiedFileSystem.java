package io.moviechat.spark;

import java.io.IOException;
import java.net.URI;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** Local files under a scheme that FFmpeg does not know, as an object store's would be. */
public final class CopiedFileSystem extends RawLocalFileSystem {
  static final AtomicInteger opened = new AtomicInteger();

  @Override
  public URI getUri() {
    return URI.create("copied:///");
  }

  @Override
  public String getScheme() {
    return "copied";
  }

  @Override
  public FSDataInputStream open(Path path, int bufferSize) throws IOException {
    opened.incrementAndGet();
    return super.open(path, bufferSize);
  }
}
