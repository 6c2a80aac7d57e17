package io.moviechat.llm.internal;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.moviechat.ModelException;
import io.moviechat.internal.NativeOwner;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Text to token ids and back, as a bundle's {@code tokenizer.json} says. Makes no network call.
 * Thread-safe.
 */
public final class Tokenizer implements AutoCloseable {
  private final TokenizersLibrary library = TokenizersNative.get();
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private final NativeOwner owner;
  private long handle;

  /**
   * Opens a tokenizer.
   *
   * @param json the content of tokenizer.json
   * @throws ModelException if it is no tokenizer
   */
  public Tokenizer(String json) {
    try {
      handle = library.createTokenizerFromString(json);
    } catch (RuntimeException e) {
      throw new ModelException("tokenizer.json holds no tokenizer: " + e.getMessage(), e);
    }
    library.disableTruncation(handle);
    library.disablePadding(handle);
    owner = NativeOwner.open(this, "tokenizer");
  }

  /**
   * Encodes text in which added tokens are recognised.
   *
   * @param addSpecialTokens whether the tokenizer may add a begin token, as its file says
   */
  public int[] encode(String text, boolean addSpecialTokens) {
    if (text.isEmpty() && !addSpecialTokens) {
      return new int[0];
    }
    lock.readLock().lock();
    try {
      long encoding = library.encode(open(), wellFormed(text), addSpecialTokens);
      try {
        long[] ids = library.getTokenIds(encoding);
        int[] result = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
          result[i] = (int) ids[i];
        }
        return result;
      } finally {
        library.deleteEncoding(encoding);
      }
    } finally {
      lock.readLock().unlock();
    }
  }

  /**
   * The text of ids; ids without a token decode to nothing.
   *
   * @param skipSpecial whether special tokens decode to nothing too
   */
  public String decode(int[] ids, int from, int to, boolean skipSpecial) {
    long[] wide = new long[to - from];
    for (int i = from; i < to; i++) {
      wide[i - from] = ids[i];
    }
    lock.readLock().lock();
    try {
      return library.decode(open(), wide, skipSpecial);
    } finally {
      lock.readLock().unlock();
    }
  }

  /** Replaces halves of surrogate pairs, which have no place in UTF-8, by U+FFFD. */
  static String wellFormed(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        StringBuilder fixed = new StringBuilder(text.length());
        text.codePoints()
            .forEach(c -> fixed.appendCodePoint(c >= 0xd800 && c <= 0xdfff ? 0xfffd : c));
        return fixed.toString();
      }
    }
    return text;
  }

  private long open() {
    if (handle == 0) {
      throw new IllegalStateException("the tokenizer is closed");
    }
    return handle;
  }

  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      if (handle != 0) {
        library.deleteTokenizer(handle);
        handle = 0;
        owner.close();
      }
    } finally {
      lock.writeLock().unlock();
    }
  }
}
