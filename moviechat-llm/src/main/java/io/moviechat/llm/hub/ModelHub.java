package io.moviechat.llm.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moviechat.ModelException;
import io.moviechat.llm.ModelBundle;
import io.moviechat.llm.Precision;
import io.moviechat.llm.SpeechBundle;
import io.moviechat.llm.internal.PythonCache;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Fetches model and speech bundles from the Hugging Face hub, or a mirror of it, into a folder of
 * this machine. Nothing else in this library downloads anything.
 *
 * <p>Only the files that a precision needs are fetched. A broken download goes on where it ended; a
 * file counts only when its size and hash are those that the hub announces, and appears under its
 * name in one step. Processes that pull the same model wait for each other. Thread-safe.
 */
public final class ModelHub {
  /** Told about a download. */
  @FunctionalInterface
  public interface Progress {
    /** Hears nothing. */
    Progress NONE = (file, done, size) -> {};

    /**
     * Called now and then, and once at the end of each file.
     *
     * @param file the file's name in the bundle
     * @param done bytes that are here
     * @param size bytes that the file has
     */
    void at(String file, long done, long size);
  }

  /**
   * A model in the cache.
   *
   * @param repository {@code owner/name}, with {@code @revision} if it was asked for
   * @param precision that was asked for, or, of another program's cache, that is there
   * @param commit of the repository
   * @param folder where {@link ModelBundle#at} or {@link SpeechBundle#at} finds it
   * @param bytes of its files
   */
  public record CachedModel(
      String repository, Precision precision, String commit, Path folder, long bytes) {}

  private static final Pattern REPOSITORY =
      Pattern.compile(
          "([A-Za-z0-9][A-Za-z0-9_.-]{0,95}/[A-Za-z0-9][A-Za-z0-9_.-]{0,95})"
              + "(?:@([A-Za-z0-9][A-Za-z0-9_./-]{0,95}))?");
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{7,64}");
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final Map<Path, ReentrantLock> LOCKS = new ConcurrentHashMap<>();

  private final URI endpoint;
  private final Path cache;
  private final Path pythonCache;
  private final boolean offline;
  private final Progress progress;
  private final Fetcher fetcher;

  private ModelHub(Builder builder) {
    endpoint = builder.endpoint;
    cache = builder.cache.resolve("models");
    pythonCache = builder.pythonCache;
    offline = builder.offline;
    progress = builder.progress;
    HttpClient.Builder http =
        HttpClient.newBuilder()
            .connectTimeout(Duration.ofSeconds(20))
            .followRedirects(HttpClient.Redirect.NEVER);
    builder.proxy.ifPresent(http::proxy);
    fetcher =
        new Fetcher(
            http.build(),
            endpoint,
            builder.token,
            builder.retries,
            builder.firstPause,
            builder.stallTimeout);
  }

  /** A hub with default settings. */
  public static ModelHub create() {
    return builder().build();
  }

  /** Collects settings. */
  public static Builder builder() {
    return new Builder();
  }

  /** Where models are kept unless the builder says otherwise. */
  public static Path defaultCache() {
    String home = System.getenv("MOVIECHAT_HOME");
    return home != null && !home.isBlank()
        ? Path.of(home)
        : Path.of(System.getProperty("user.home"), ".cache", "moviechat");
  }

  /**
   * Fetches a model, or finds it in the cache.
   *
   * <p>The files of one folder are all of one commit: the first pull takes the newest of the
   * revision and records it, later ones, of another precision too, go on with that commit. {@link
   * #remove} and pull again for a newer one.
   *
   * @param repository {@code owner/name} on the hub, or {@code owner/name@revision} with a branch,
   *     tag or commit, which has a folder of its own; without it is the branch {@code main}
   * @param precision which variant of each graph; AUTO takes what {@link Precision#AUTO} prefers on
   *     a processor
   * @return the bundle in that precision, not opened
   * @throws IllegalArgumentException if the name is no repository name
   * @throws ModelException if it cannot be fetched, with the reason and what is left to do
   */
  public ModelBundle pull(String repository, Precision precision) {
    return ModelBundle.at(pull(repository, precision, ModelBundle::files)).withPrecision(precision);
  }

  /**
   * The same for a speech model, {@code onnx-community/whisper-base} for one.
   *
   * @param precision which variant of each graph; AUTO takes what {@link
   *     SpeechBundle#withPrecision(Precision, Precision)} says of it
   * @throws IllegalArgumentException if the name is no repository name
   * @throws ModelException if it cannot be fetched, with the reason and what is left to do
   */
  public SpeechBundle pullSpeech(String repository, Precision precision) {
    return SpeechBundle.at(pull(repository, precision, SpeechBundle::files))
        .withPrecision(precision);
  }

  /** Which files of a repository a kind of bundle needs in a precision. */
  private interface Choice {
    List<String> of(Set<String> there, Precision precision);
  }

  private Path pull(String repository, Precision precision, Choice choice) {
    Path folder = folder(repository);
    try {
      Files.createDirectories(folder);
      return locked(
          folder,
          () -> {
            if (offline) {
              if (manifest(folder, precision).isEmpty()) {
                throw new ModelException(
                    repository
                        + " ("
                        + precision
                        + ") is not in "
                        + cache
                        + ", and the hub is set to offline");
              }
            } else if (!complete(folder, precision)) {
              fetch(repository, precision, folder, choice);
            }
            return folder;
          });
    } catch (IOException e) {
      throw new ModelException(repository + " cannot be fetched: " + e.getMessage(), e);
    }
  }

  /**
   * Models in the cache, sorted by name, then those that Python's huggingface_hub has on this
   * machine and that a bundle can be opened of: one entry for each precision that is there.
   */
  public List<CachedModel> list() {
    List<CachedModel> models = new ArrayList<>();
    if (Files.isDirectory(cache)) {
      listOwn(models);
    }
    if (Files.isDirectory(pythonCache)) {
      listPythons(models);
    }
    return List.copyOf(models);
  }

  private void listOwn(List<CachedModel> models) {
    try (Stream<Path> folders = Files.list(cache)) {
      for (Path folder : folders.filter(Files::isDirectory).sorted().toList()) {
        for (Precision precision : Precision.values()) {
          manifest(folder, precision)
              .ifPresent(
                  manifest -> {
                    long bytes = 0;
                    for (JsonNode file : manifest.path("files")) {
                      bytes += file.path("size").asLong();
                    }
                    models.add(
                        new CachedModel(
                            manifest.path("repository").asText(),
                            precision,
                            manifest.path("commit").asText(),
                            folder,
                            bytes));
                  });
        }
      }
    } catch (IOException e) {
      throw new ModelException(cache + " cannot be read: " + e.getMessage(), e);
    }
  }

  private void listPythons(List<CachedModel> models) {
    try (Stream<Path> folders = Files.list(pythonCache)) {
      for (Path folder : folders.sorted().toList()) {
        String name = folder.getFileName().toString();
        if (name.startsWith("models--")) {
          listPython(name.substring("models--".length()).replaceFirst("--", "/"), folder, models);
        }
      }
    } catch (IOException e) {
      throw new ModelException(pythonCache + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static void listPython(String repository, Path folder, List<CachedModel> models)
      throws IOException {
    Optional<Path> snapshot;
    try {
      snapshot = PythonCache.snapshot(folder);
    } catch (ModelException e) {
      return; // Several snapshots: which one is meant only its user can say.
    }
    if (snapshot.isEmpty()) {
      return;
    }
    Path files = snapshot.get();
    Set<String> there = new TreeSet<>();
    try (Stream<Path> walk = Files.walk(files, 2, FileVisitOption.FOLLOW_LINKS)) {
      walk.filter(Files::isRegularFile)
          .forEach(file -> there.add(files.relativize(file).toString().replace('\\', '/')));
    } catch (UncheckedIOException e) {
      return; // A link into nothing, as an unfinished download leaves it.
    }
    for (Precision precision : Precision.values()) {
      if (precision == Precision.AUTO) {
        continue;
      }
      Optional<List<String>> needed = files(there, precision);
      if (needed.isEmpty()) {
        continue; // Not all of this precision is there.
      }
      long bytes = 0;
      for (String file : needed.get()) {
        bytes += Files.size(files.resolve(file));
      }
      String commit = files.getFileName().toString();
      models.add(new CachedModel(repository, precision, commit, files, bytes));
    }
  }

  /** What a bundle of either kind needs, if all of it is there. */
  private static Optional<List<String>> files(Set<String> there, Precision precision) {
    try {
      return Optional.of(ModelBundle.files(there, precision));
    } catch (ModelException noPictures) {
      try {
        return Optional.of(SpeechBundle.files(there, precision));
      } catch (ModelException noSpeech) {
        return Optional.empty();
      }
    }
  }

  /**
   * Compares a cached model's files with the sizes and hashes they had on the hub.
   *
   * @return what is wrong, empty if nothing is
   * @throws ModelException if the model is not in the cache
   */
  public List<String> check(String repository) {
    Path folder = folder(repository);
    List<String> problems = new ArrayList<>();
    boolean found = false;
    for (Precision precision : Precision.values()) {
      Optional<JsonNode> manifest = manifest(folder, precision);
      if (manifest.isPresent()) {
        found = true;
        for (JsonNode node : manifest.get().path("files")) {
          RemoteFile file = RemoteFile.of(node);
          try {
            Path local = folder.resolve(file.name());
            if (!Files.isRegularFile(local)) {
              problems.add(file.name() + " is missing");
            } else if (Files.size(local) != file.size()) {
              problems.add(
                  file.name() + " has " + Files.size(local) + " bytes, should have " + file.size());
            } else if (!file.matches(local)) {
              problems.add(file.name() + " has another content than on the hub");
            }
          } catch (IOException e) {
            problems.add(file.name() + " cannot be read: " + e.getMessage());
          }
        }
      }
    }
    if (!found) {
      throw new ModelException(repository + " is not in " + cache);
    }
    return problems.stream().distinct().toList();
  }

  /**
   * Deletes a model from the cache, all precisions; true if it was there.
   *
   * @throws ModelException if it cannot be deleted
   */
  public boolean remove(String repository) {
    Path folder = folder(repository);
    if (!Files.isDirectory(folder)) {
      return false;
    }
    try {
      return locked(
          folder,
          () -> {
            delete(folder);
            return true;
          });
    } catch (IOException e) {
      throw new ModelException(folder + " cannot be deleted: " + e.getMessage(), e);
    }
  }

  private Path folder(String repository) {
    if (!REPOSITORY.matcher(repository).matches() || repository.contains("..")) {
      throw new IllegalArgumentException(
          "a model's name on the hub is owner/name or owner/name@revision, was '"
              + repository
              + "'");
    }
    return cache.resolve(repository.replace("/", "--"));
  }

  // ---- fetching ----

  private void fetch(String repository, Precision precision, Path folder, Choice choice)
      throws IOException {
    Matcher named = REPOSITORY.matcher(repository);
    if (!named.matches()) {
      throw new IllegalArgumentException(repository);
    }
    String model = named.group(1);
    String revision = named.group(2) == null ? "main" : named.group(2);
    // What is here already decides, so that one folder never holds files of two commits.
    String wantedCommit = commit(folder).orElse(revision);
    URI listing =
        endpoint.resolve(
            "api/models/"
                + model
                + "/revision/"
                + wantedCommit.replace("/", "%2F")
                + "?blobs=true");
    JsonNode tree = JSON.readTree(fetcher.text(listing));
    String commit = tree == null ? "" : tree.path("sha").asText();
    if (!COMMIT.matcher(commit).matches()) {
      throw new ModelException(listing + " names no commit of " + repository);
    }
    Map<String, RemoteFile> there = new HashMap<>();
    for (JsonNode sibling : tree.path("siblings")) {
      RemoteFile file = RemoteFile.of(sibling);
      there.put(file.name(), file);
    }
    List<RemoteFile> wanted = choose(repository, precision, there, choice);
    long missing = 0;
    for (RemoteFile file : wanted) {
      missing += Files.exists(folder.resolve(file.name())) ? 0 : file.size();
    }
    long room = Files.getFileStore(folder).getUsableSpace();
    if (missing > room) {
      throw new ModelException(
          repository + " needs " + missing + " bytes, but " + folder + " has room for " + room);
    }
    for (RemoteFile file : wanted) {
      Path target = folder.resolve(file.name());
      if (Files.isRegularFile(target)
          && Files.size(target) == file.size()
          && file.matches(target)) {
        continue;
      }
      Files.createDirectories(Objects.requireNonNull(target.getParent()));
      Path part = target.resolveSibling(target.getFileName() + "." + file.shortHash() + ".part");
      fetcher.file(
          endpoint.resolve(model + "/resolve/" + commit + "/" + file.name()),
          file,
          part,
          done -> progress.at(file.name(), done, file.size()));
      move(part, target);
      progress.at(file.name(), file.size(), file.size());
    }
    writeManifest(repository, precision, commit, wanted, folder);
    for (Precision other : Precision.values()) {
      // Folders of earlier versions may have mixed commits: what is of another one is pulled again.
      Optional<JsonNode> manifest = manifest(folder, other);
      if (manifest.isPresent() && !manifest.get().path("commit").asText().equals(commit)) {
        Files.delete(manifestFile(folder, other));
      }
    }
  }

  private static List<RemoteFile> choose(
      String repository, Precision precision, Map<String, RemoteFile> there, Choice choice) {
    try {
      return choice.of(there.keySet(), precision).stream().map(there::get).toList();
    } catch (ModelException e) {
      throw new ModelException("model " + repository + ": " + e.getMessage(), e);
    }
  }

  private static void move(Path part, Path target) throws IOException {
    try {
      Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  // ---- what is in the cache ----

  private static Path manifestFile(Path folder, Precision precision) {
    return folder.resolve(".pull-" + precision.name().toLowerCase(Locale.ROOT) + ".json");
  }

  private static Optional<JsonNode> manifest(Path folder, Precision precision) {
    Path file = manifestFile(folder, precision);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      return Optional.ofNullable(JSON.readTree(Files.readAllBytes(file)))
          .filter(node -> node.path("files").isArray());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** The commit of a folder's files; empty if there are none, or of several. */
  private static Optional<String> commit(Path folder) {
    Set<String> commits = new TreeSet<>();
    for (Precision precision : Precision.values()) {
      manifest(folder, precision)
          .ifPresent(manifest -> commits.add(manifest.path("commit").asText()));
    }
    return commits.size() == 1
        ? commits.stream().filter(text -> COMMIT.matcher(text).matches()).findFirst()
        : Optional.empty();
  }

  private static boolean complete(Path folder, Precision precision) throws IOException {
    Optional<JsonNode> manifest = manifest(folder, precision);
    if (manifest.isEmpty() || commit(folder).isEmpty()) {
      return false;
    }
    for (JsonNode node : manifest.get().path("files")) {
      Path file = folder.resolve(node.path("name").asText());
      if (!Files.isRegularFile(file) || Files.size(file) != node.path("size").asLong()) {
        return false;
      }
    }
    return true;
  }

  private static void writeManifest(
      String repository, Precision precision, String commit, List<RemoteFile> files, Path folder)
      throws IOException {
    ObjectNode manifest = JSON.createObjectNode();
    manifest.put("repository", repository).put("commit", commit);
    ArrayNode list = manifest.putArray("files");
    for (RemoteFile file : files) {
      list.addObject()
          .put("name", file.name())
          .put("size", file.size())
          .put("sha256", file.sha256())
          .put("blobId", file.blobId());
    }
    Path target = manifestFile(folder, precision);
    Path part = target.resolveSibling(target.getFileName() + ".part");
    try {
      Files.write(part, JSON.writeValueAsBytes(manifest));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a JSON tree cannot be written", e);
    }
    move(part, target);
  }

  private static void delete(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(
              Path dir, @org.jspecify.annotations.Nullable IOException error) throws IOException {
            if (error != null) {
              throw error;
            }
            Files.delete(dir);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** Something that is done while nobody else touches a model's folder. */
  private interface Action<T> {
    T run() throws IOException;
  }

  private <T> T locked(Path folder, Action<T> action) throws IOException {
    // The lock's file lies beside the folder, so that a removed model's lock stays valid.
    Path file = folder.resolveSibling(folder.getFileName() + ".lock");
    ReentrantLock inside = LOCKS.computeIfAbsent(folder.toAbsolutePath(), p -> new ReentrantLock());
    inside.lock();
    try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      Objects.requireNonNull(lock);
      return action.run();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    } finally {
      inside.unlock();
    }
  }

  /** Collects settings. Not thread-safe. */
  public static final class Builder {
    private URI endpoint = URI.create("https://huggingface.co/");
    private Path cache = defaultCache();
    private Path pythonCache = PythonCache.folder();
    private String token = "";
    private boolean offline;
    private Progress progress = Progress.NONE;
    private Optional<ProxySelector> proxy = Optional.empty();
    private int retries = 5;
    private Duration firstPause = Duration.ofSeconds(1);
    private Duration stallTimeout = Duration.ofSeconds(60);

    private Builder() {}

    /**
     * A mirror of the hub. Default {@code https://huggingface.co/}.
     *
     * @throws IllegalArgumentException if it is neither http nor https
     */
    public Builder endpoint(URI value) {
      String scheme = String.valueOf(value.getScheme());
      if (!(scheme.equals("http") || scheme.equals("https")) || value.getHost() == null) {
        throw new IllegalArgumentException("a hub is an http or https address, was " + value);
      }
      endpoint = value.toString().endsWith("/") ? value : URI.create(value + "/");
      return this;
    }

    /** Where models are kept. Default {@link #defaultCache()}. */
    public Builder cache(Path value) {
      cache = Objects.requireNonNull(value, "cache");
      return this;
    }

    /**
     * Where Python's huggingface_hub keeps its models; only read. Default as Python looks for it:
     * {@code $HF_HUB_CACHE}, {@code $HF_HOME/hub}, {@code ~/.cache/huggingface/hub}.
     */
    public Builder pythonCache(Path value) {
      pythonCache = Objects.requireNonNull(value, "pythonCache");
      return this;
    }

    /** Sent to the hub itself, never to where it redirects. Default none. */
    public Builder token(String value) {
      token = Objects.requireNonNull(value, "token");
      return this;
    }

    /** Never touches the network: only what is in the cache is found. Default false. */
    public Builder offline(boolean value) {
      offline = value;
      return this;
    }

    /** Told about downloads, on the pulling thread. */
    public Builder progress(Progress value) {
      progress = Objects.requireNonNull(value, "progress");
      return this;
    }

    /** Goes through a proxy. Default: the JVM's own settings. */
    public Builder proxy(ProxySelector value) {
      proxy = Optional.of(value);
      return this;
    }

    /**
     * How often in a row a file may fail without a byte of progress, and how long the first pause
     * is; each further one is twice as long. Default 5 and a second.
     *
     * @throws IllegalArgumentException if negative
     */
    public Builder retries(int count, Duration pause) {
      if (count < 0 || pause.isNegative()) {
        throw new IllegalArgumentException(
            "retries must not be negative, were " + count + " after " + pause);
      }
      retries = count;
      firstPause = pause;
      return this;
    }

    /** How long a server may send nothing. Default a minute. */
    public Builder stallTimeout(Duration value) {
      stallTimeout = Objects.requireNonNull(value, "stallTimeout");
      return this;
    }

    /** The hub; nothing is asked yet. */
    public ModelHub build() {
      return new ModelHub(this);
    }
  }
}
