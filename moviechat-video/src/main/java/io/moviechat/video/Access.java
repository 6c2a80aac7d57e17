package io.moviechat.video;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far the container of a video can be trusted when a picture is wanted that is not the next
 * one. Learnt before the first such picture, and while reading; shared by all that read the video.
 * Thread-safe.
 */
final class Access {
  private static final Logger log = LoggerFactory.getLogger(Access.class);

  /** The ways to a picture, each right for more videos than the one before it, and slower. */
  enum Way {
    /** From the key frame before it; pictures that nothing refers to may be left out. */
    DIRECT,
    /**
     * From one key frame further back, nothing left out: packets do not say when their pictures are
     * shown, but once a whole group of pictures was decoded the decoder does.
     */
    WARM,
    /** From the beginning: times jump or repeat, or there are none. */
    SEQUENTIAL
  }

  private final String name;
  private volatile @Nullable Way way;
  private volatile @Nullable Survey survey;

  Access(String name) {
    this.name = name;
  }

  /** Whether anything was learnt yet. */
  boolean isKnown() {
    return way != null;
  }

  Way way() {
    Way known = way;
    return known == null ? Way.DIRECT : known;
  }

  /** What reading all packets told; null if that was not done. */
  @Nullable Survey survey() {
    return survey;
  }

  /** Takes what one look at the video told. What is known already only gets worse. */
  synchronized void learn(Way seen, @Nullable Survey read) {
    if (read != null) {
      survey = read;
    }
    Way known = way;
    if (known == null || seen.compareTo(known) > 0) {
      way = seen;
      if (seen != Way.DIRECT) {
        log.info(
            "{}: single frames are decoded {}, because its times cannot be trusted",
            name,
            seen == Way.WARM ? "from one key frame further back" : "from the beginning");
      }
    }
  }
}
