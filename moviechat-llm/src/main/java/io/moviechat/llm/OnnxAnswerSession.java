package io.moviechat.llm;

import io.moviechat.Answer;
import io.moviechat.Conversation;
import io.moviechat.FinishReason;
import io.moviechat.GenerationOptions;
import io.moviechat.TokenListener;
import io.moviechat.internal.Nanos;
import io.moviechat.llm.internal.CueLines;
import io.moviechat.speech.Cue;
import io.moviechat.spi.AnswerRequest;
import io.moviechat.spi.AnswerSession;
import io.moviechat.spi.GeneratedAnswer;
import io.moviechat.spi.MovieView;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Questions about one view. */
final class OnnxAnswerSession implements AnswerSession {
  /** Tokens for which there is room at once; caches grow for longer answers. */
  private static final int USUAL_ANSWER = 512;

  private final OnnxAnswerGenerator generator;
  private final MovieView view;
  private final MemoryPrefix prefix;
  private volatile boolean closing;
  private boolean closed;

  OnnxAnswerSession(OnnxAnswerGenerator generator, MovieView view, MemoryPrefix prefix) {
    this.generator = generator;
    this.view = view;
    this.prefix = prefix;
  }

  @Override
  public synchronized GeneratedAnswer answer(AnswerRequest request, TokenListener listener) {
    if (closed || closing) {
      throw new IllegalStateException("a session of " + generator.id() + " is closed");
    }
    if (request.question().isBlank()) {
      throw new IllegalArgumentException("the question is empty");
    }
    List<Cue> cues = cues(request);
    return answer(chat(request, cues), cues, request, listener);
  }

  /**
   * The cues that are shown: of the most wanted as many as there is room for, at most a quarter of
   * the context and never what a question and its answer need.
   */
  private List<Cue> cues(AnswerRequest request) {
    if (request.cues().isEmpty() || view.memory().slots().isEmpty()) {
      return List.of();
    }
    int context = generator.spec().context();
    int rows = generator.rowsPerSlot(view.memory().shape());
    int without = generator.prompt(chat(request, List.of()), rows).length();
    int answer = Math.min(request.options().maxTokens(), generator.questionRoom());
    int room = Math.min(context / 4, context - without - answer);
    return CueLines.fitting(request.cues(), room, generator::cost);
  }

  /** Answers a chat, whose images are slots of the view. */
  GeneratedAnswer answer(List<Message> chat, AnswerRequest request, TokenListener listener) {
    return answer(chat, List.of(), request, listener);
  }

  private synchronized GeneratedAnswer answer(
      List<Message> chat, List<Cue> cues, AnswerRequest request, TokenListener listener) {
    Prompt prompt = generator.prompt(chat, generator.rowsPerSlot(view.memory().shape()));
    int context = generator.spec().context();
    if (prompt.length() >= context) {
      throw new ContextExceededException(
          "the prompt has "
              + prompt.length()
              + " tokens ("
              + prompt.spans().size() * prompt.rowsPerSlot()
              + " of them visual, from "
              + prompt.spans().size()
              + " memory slots), but "
              + generator.id()
              + " reads at most "
              + context
              + " with the answer; ask shorter, or remember in fewer slots (at most "
              + generator.maxSlots(view.memory().shape()).orElse(0)
              + ")");
    }
    return new Generation(request, listener, prompt, cues).generate();
  }

  private List<Message> chat(AnswerRequest request, List<Cue> cues) {
    List<Message> chat = new ArrayList<>();
    request
        .systemPrompt()
        .ifPresent(text -> chat.add(Message.of(Message.Role.SYSTEM, new Message.Text(text))));
    boolean shown = view.memory().slots().isEmpty();
    for (Conversation.Turn turn : request.history()) {
      chat.add(question(turn.question(), !shown, cues));
      shown = true;
      chat.add(Message.of(Message.Role.ASSISTANT, new Message.Text(turn.answer())));
    }
    chat.add(question(request.question(), !shown, cues));
    return chat;
  }

  private Message question(String text, boolean withVideo, List<Cue> cues) {
    return withVideo
        ? Message.of(Message.Role.USER, Message.Video.of(view, cues), new Message.Text(text))
        : Message.of(Message.Role.USER, new Message.Text(text));
  }

  /** Bytes of the caches that this session shares with others about the same view. */
  long sharedBytes() {
    return prefix.bytes();
  }

  @Override
  public void close() {
    closing = true;
    synchronized (this) {
      if (!closed) {
        closed = true;
        generator.ended(this, view, prefix);
      }
    }
  }

  /** One answer on its way. */
  private final class Generation {
    private final AnswerRequest request;
    private final GenerationOptions options;
    private final Prompt prompt;
    private final List<Cue> cues;
    private final Decoder decoder = generator.decoder();
    private final TextStream text;
    private final Sampler sampler;
    private final PromptLookup lookup;
    private final boolean borrows;
    private final Optional<AnswerBatch> batch;
    private final long begin = System.nanoTime();
    private final int limit;
    private int[] tokens = new int[64];
    private int count;
    private long firstToken = begin;

    Generation(AnswerRequest request, TokenListener listener, Prompt prompt, List<Cue> cues) {
      this.request = request;
      this.options = request.options();
      this.prompt = prompt;
      this.cues = cues;
      this.limit = Math.min(options.maxTokens(), generator.spec().context() - prompt.length());
      this.text =
          new TextStream(
              generator.tokenizer(),
              Stream.concat(
                      options.stopStrings().stream(),
                      generator.spec().family().stopStrings().stream())
                  .toList(),
              generator.spec().family().answersBeginWithBlank(),
              listener);
      this.sampler = new Sampler(options, generator.spec().endIds());
      this.batch =
          options.beams() == 1 && options.promptLookup() == 0 ? decoder.batch() : Optional.empty();
      this.borrows =
          decoder.forgets()
              && batch.isEmpty()
              && prompt.prefix() > 0
              && options.beams() == 1
              && prefix.isOfOneSession();
      this.lookup = PromptLookup.of(prompt, decoder.forgets() ? options.promptLookup() : 0);
      for (int i = 0; i < prompt.length(); i++) {
        sampler.see(prompt.id(i));
      }
    }

    GeneratedAnswer generate() {
      long prefilled = begin;
      FinishReason reason = FinishReason.LENGTH;
      try (Lane lane = new Lane(decoder, generator.spec().context())) {
        KvBlock past = prefill(lane);
        prefilled = System.nanoTime();
        firstToken = prefilled;
        if (past == null) {
          reason = stopReason().orElse(FinishReason.CANCELLED);
        } else if (options.beams() > 1) {
          BeamSearch.Result found =
              new BeamSearch(
                      options, generator.spec().endIds(), generator.processors(), this::stopReason)
                  .search(lane, past, sampler.seen(), limit, room());
          reason = take(found);
        } else if (batch.isPresent()) {
          reason = decode(batch.get(), lane, past);
        } else {
          reason = decode(lane, past);
        }
      }
      text.end();
      long end = System.nanoTime();
      double seconds = (end - firstToken) / 1e9;
      return GeneratedAnswer.builder(text.text(), reason)
          .tokens(Arrays.copyOf(tokens, count))
          .promptTokens(prompt.length())
          .cues(cues)
          .timings(
              Answer.Timings.of(
                  Duration.ofNanos(prefilled - begin),
                  Duration.ofNanos(firstToken - begin),
                  Duration.ofNanos(end - begin),
                  count > 1 && seconds > 0 ? (count - 1) / seconds : 0))
          .build();
    }

    /** The next token, after a step. */
    private int choose(float[] logits) {
      for (ModelBundle.LogitsProcessor processor : generator.processors()) {
        processor.process(
            IntBuffer.wrap(tokens, 0, count).asReadOnlyBuffer(), FloatBuffer.wrap(logits));
      }
      int next = sampler.next(logits);
      append(next);
      lookup.add(next);
      return next;
    }

    /**
     * Answers, a prompt having been read. Each step reads the token chosen last and guesses of what
     * follows it; a guess counts if it is what would have been chosen.
     */
    private FinishReason decode(Lane lane, KvBlock prefilled) {
      KvBlock past = prefilled;
      try {
        int next = choose(lane.logits());
        firstToken = System.nanoTime();
        while (true) {
          Optional<FinishReason> ended = endedBy(next);
          if (ended.isPresent()) {
            return ended.get();
          }
          int[] guesses = lookup.guess(Math.min(limit - count - 1, decoder.chunk() - 1));
          past = lane.step(past, next, guesses, room());
          int read = past.length() - guesses.length;
          for (int right = 0; ; right++) {
            if (guesses.length > 0) {
              lane.logitsAfter(right);
            }
            next = choose(lane.logits());
            if (right == guesses.length) {
              break;
            }
            if (guesses[right] != next) {
              past.cut(read + right, past.nextPosition() - guesses.length + right);
              break;
            }
            ended = endedBy(next);
            if (ended.isPresent()) {
              return ended.get();
            }
          }
        }
      } finally {
        leave(lane, past);
      }
    }

    /** Positions of the prompt and of an answer of usual length. */
    private int room() {
      return prompt.length() + Math.min(limit, USUAL_ANSWER);
    }

    /** Answers together with who else asks. */
    private FinishReason decode(AnswerBatch together, Lane lane, KvBlock prefilled) {
      int next;
      AnswerBatch.Row joined;
      try {
        next = choose(lane.logits());
        firstToken = System.nanoTime();
        Optional<FinishReason> ended = endedBy(next);
        if (ended.isPresent()) {
          return ended.get();
        }
        joined = together.join(prefilled, limit);
      } finally {
        lane.release(prefilled);
      }
      try (AnswerBatch.Row row = joined) {
        lane.close(); // its caches were copied
        while (true) {
          next = choose(row.step(next));
          Optional<FinishReason> ended = endedBy(next);
          if (ended.isPresent()) {
            return ended.get();
          }
        }
      }
    }

    /** Leaves caches: those of the prefix go back, if they were borrowed. */
    private void leave(Lane lane, KvBlock past) {
      if (borrows && past.length() >= prompt.prefix()) {
        past.cut(prompt.prefix(), lane.nextPosition(prompt, prompt.prefix()));
        prefix.keep(prompt, past);
      }
      lane.release(past);
    }

    /** Why the answer ends with a token, if it does. */
    private Optional<FinishReason> endedBy(int token) {
      if (generator.spec().endIds().contains(token) || text.add(token)) {
        return Optional.of(FinishReason.STOP);
      }
      return count >= limit ? Optional.of(FinishReason.LENGTH) : stopReason();
    }

    /** Takes an answer that was not streamed. */
    private FinishReason take(BeamSearch.Result found) {
      for (int id : found.tokens()) {
        append(id);
        if (!generator.spec().endIds().contains(id) && text.add(id)) {
          return FinishReason.STOP;
        }
      }
      return found.reason();
    }

    private void append(int id) {
      if (count == tokens.length) {
        tokens = Arrays.copyOf(tokens, 2 * count);
      }
      tokens[count++] = id;
    }

    /** Why the answer must end now, if it must. */
    private Optional<FinishReason> stopReason() {
      // An interrupt is how Java asks a thread to end what it does; who interrupted may look at it.
      if (closing || request.cancelled().getAsBoolean() || Thread.currentThread().isInterrupted()) {
        return Optional.of(FinishReason.CANCELLED);
      }
      if (options.timeout().isPresent()
          && System.nanoTime() - begin >= Nanos.saturated(options.timeout().get())) {
        return Optional.of(FinishReason.TIMEOUT);
      }
      return Optional.empty();
    }

    /**
     * Reads the prompt: first what all questions about the view share, unless that is still there,
     * then the question. Always in these two parts, so that an answer is the same either way.
     *
     * @return the caches, or null if the answer was cancelled meanwhile
     */
    private @Nullable KvBlock prefill(Lane lane) {
      KvBlock past = borrows ? prefix.take(prompt) : prefix.find(prompt);
      if (past == null) {
        past = read(lane, decoder.nothing(), prompt.prefix());
        if (past != null && prompt.prefix() > 0 && !borrows) {
          prefix.keep(prompt, past);
        }
      }
      if (past == null) {
        return null;
      }
      return read(lane, past, prompt.length());
    }

    private @Nullable KvBlock read(Lane lane, KvBlock from, int to) {
      KvBlock past = from;
      while (past.length() < to) {
        if (stopReason().isPresent()) {
          leave(lane, past);
          return null;
        }
        int chunk = Math.min(decoder.chunk(), to - past.length());
        boolean shared = to == prompt.prefix() && !borrows;
        try {
          past =
              lane.read(
                  past,
                  prompt,
                  chunk,
                  (start, size, rows) -> prefix.overwrite(prompt, start, size, rows),
                  shared ? to : room());
        } catch (Throwable e) {
          lane.release(past);
          throw e;
        }
      }
      return past;
    }
  }
}
