package io.moviechat.llm;

import com.google.common.base.Suppliers;
import io.moviechat.MemorySnapshot;
import io.moviechat.TokenShape;
import io.moviechat.internal.NativeOwner;
import io.moviechat.internal.ResourceStack;
import io.moviechat.llm.internal.CueLines;
import io.moviechat.llm.internal.Tokenizer;
import io.moviechat.speech.Cue;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.MovieView;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A bundle's language model. */
final class OnnxAnswerGenerator implements AnswerGenerator {
  private final String id;
  private final BundleSpec spec;
  private final Decoder decoder;
  private final Tokenizer tokenizer;
  private final Pattern reserved;
  private final List<ModelBundle.LogitsProcessor> processors;
  private final @Nullable MemoryProjector projector;
  private final ResourceStack resources;
  private final Map<MovieView, MemoryPrefix> prefixes = new HashMap<>();
  private final Set<OnnxAnswerSession> sessions = new HashSet<>();
  private boolean closed;

  /**
   * @param opened all that is native, taken over unless this fails
   */
  OnnxAnswerGenerator(
      String id,
      BundleSpec spec,
      Decoder decoder,
      @Nullable MemoryProjector projector,
      Tokenizer tokenizer,
      List<ModelBundle.LogitsProcessor> processors,
      ResourceStack opened) {
    this.id = id;
    this.spec = spec;
    this.decoder = decoder;
    this.tokenizer = tokenizer;
    this.reserved = spec.reservedTokens();
    this.processors = processors;
    this.projector = projector;
    opened.push(NativeOwner.open(this, "answer generator " + id));
    this.resources = opened.release();
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public OptionalInt tokenWidth() {
    return OptionalInt.of(visualWidth());
  }

  private int visualWidth() {
    return projector == null ? decoder.spec().width() : projector.width();
  }

  /** How many rows of a prompt a slot takes, or, with a projector, the whole memory. */
  int rowsPerSlot(TokenShape shape) {
    return projector == null ? shape.tokens() : projector.rows();
  }

  private MemoryPrefix.VisualRows visualRows(MemorySnapshot memory) {
    if (projector == null) {
      return slot -> memory.slots().get(slot).tokens();
    }
    MemoryProjector through = projector;
    // Once for all questions about a view, and not before the first of them.
    Supplier<FloatBuffer> rows = Suppliers.memoize(() -> through.project(memory));
    return slot -> Objects.requireNonNull(rows.get()).duplicate();
  }

  /**
   * {@inheritDoc}
   *
   * <p>Counted with the longest announcement of a slot's time that the family writes, and with room
   * for a question and an answer: a quarter of the context, 64 to 512 tokens.
   */
  @Override
  public OptionalInt maxSlots(TokenShape shape) {
    if (projector != null) {
      return OptionalInt.of(projector.maxSlots());
    }
    int room = questionRoom();
    int one = length(shape, 1);
    int two = length(shape, 2);
    int perSlot = Math.max(1, two - one);
    int slots = (spec.context() - room - (one - perSlot)) / perSlot;
    return OptionalInt.of(Math.max(0, slots));
  }

  /** Tokens that are left free for a question and its answer. */
  int questionRoom() {
    return Math.max(64, Math.min(512, spec.context() / 4));
  }

  /** What a cue's line takes of a prompt, in tokens; one more where lines meet. */
  int cost(Cue cue) {
    return tokenizer.encode(CueLines.line(cue), false).length + 1;
  }

  /** Tokens of a prompt about that many slots of the longest announcement. */
  private int length(TokenShape shape, int slots) {
    List<Message.Slot> list = new ArrayList<>();
    Duration end = Duration.ZERO;
    for (int i = 0; i < slots; i++) {
      Duration start = Duration.ofHours(23).plusMinutes(57 + i).plusSeconds(48);
      end = start.plusSeconds(60);
      list.add(new Message.Slot(start, end, 2, false, List.of()));
    }
    Message.Video video = new Message.Video(list, Optional.empty(), end);
    return prompt(
            List.of(Message.of(Message.Role.USER, video, new Message.Text("What happens?"))),
            shape.tokens())
        .length();
  }

  /**
   * How a slot's rows lie. Where the family does not know they stand in one line, which no decoder
   * of such a family can tell from a grid.
   */
  private RowGrid grid(int rows) {
    return spec.family()
        .patches()
        .map(PatchLayout::grid)
        .flatMap(full -> Stream.of(full, full.pooled()).filter(g -> g.rows() == rows).findFirst())
        .orElse(new RowGrid(1, rows));
  }

  /** Refuses a memory that was made of frames of another size. */
  private void checkGrid(MemorySnapshot memory) {
    Optional<RowGrid> full = spec.family().patches().map(PatchLayout::grid);
    int rows = memory.shape().tokens();
    if (full.isEmpty() || memory.slots().isEmpty() || full.get().rows() == rows) {
      return;
    }
    int pooled = full.get().pooled().rows();
    if (rows != pooled) {
      throw new IllegalArgumentException(
          "the memory holds "
              + rows
              + " tokens for each slot, but frames of "
              + spec.family().images().width()
              + " x "
              + spec.family().images().height()
              + " give "
              + full.get().rows()
              + ", pooled "
              + pooled
              + "; open the bundle with the frame size that the memory was made with");
    }
  }

  /** A chat as ids. */
  Prompt prompt(List<Message> chat, int rowsPerSlot) {
    Prompt.Builder builder =
        new Prompt.Builder(
            tokenizer, spec.family(), spec.placeholderId(), grid(rowsPerSlot), reserved);
    spec.family().render(chat, builder);
    return builder.build();
  }

  @Override
  public synchronized AnswerSession open(MovieView view) {
    if (closed) {
      throw new IllegalStateException("answer generator " + id + " is closed");
    }
    int width = view.memory().shape().width();
    if (width != visualWidth()) {
      throw new IllegalArgumentException(
          "the memory holds tokens of width "
              + width
              + ", but "
              + id
              + " reads tokens of width "
              + visualWidth()
              + "; ask the model whose encoder made the memory");
    }
    checkGrid(view.memory());
    MemoryPrefix prefix =
        prefixes.computeIfAbsent(
            view, key -> new MemoryPrefix(decoder, view.memory(), visualRows(view.memory())));
    prefix.enter();
    OnnxAnswerSession session = new OnnxAnswerSession(this, view, prefix);
    sessions.add(session);
    return session;
  }

  synchronized void ended(OnnxAnswerSession session, MovieView view, MemoryPrefix prefix) {
    sessions.remove(session);
    if (prefix.leave()) {
      prefixes.remove(view);
      prefix.drop();
    }
  }

  BundleSpec spec() {
    return spec;
  }

  Decoder decoder() {
    return decoder;
  }

  Tokenizer tokenizer() {
    return tokenizer;
  }

  List<ModelBundle.LogitsProcessor> processors() {
    return processors;
  }

  /** Ends open sessions, waiting for answers that are being generated. */
  @Override
  public void close() {
    List<OnnxAnswerSession> open;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      open = List.copyOf(sessions);
    }
    open.forEach(OnnxAnswerSession::close);
    resources.close();
  }
}
