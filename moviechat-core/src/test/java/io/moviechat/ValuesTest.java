package io.moviechat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.moviechat.ocr.OcrOptions;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Values are valid once they exist, and say what is wrong with them otherwise. */
class ValuesTest {
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final TokenShape SHAPE = new TokenShape(2, 2);

  private static void refused(ThrowingCallable call, String... inMessage) {
    var refusal = assertThatIllegalArgumentException().isThrownBy(call);
    for (String part : inMessage) {
      refusal.withMessageContaining(part);
    }
  }

  private static MemorySlot slot(MemorySlot.Tier tier, int start, int end, long frames) {
    return MemorySlot.of(
        tier,
        SECOND.multipliedBy(start),
        SECOND.multipliedBy(end),
        frames,
        SECOND.multipliedBy(start),
        0.5,
        SHAPE,
        FloatBuffer.wrap(new float[] {start, end, 3, 4}));
  }

  @Test
  void generationOptionsNameTheValueAndItsRange() {
    GenerationOptions.Builder b = GenerationOptions.builder();
    refused(() -> b.maxTokens(0).build(), "maxTokens", "0");
    b.maxTokens(5);
    refused(() -> b.minTokens(6).build(), "minTokens", "5", "6");
    b.minTokens(0);
    refused(() -> b.temperature(-1).build(), "temperature", "-1");
    refused(() -> b.temperature(Double.NaN).build(), "temperature", "NaN");
    b.temperature(0);
    refused(() -> b.topK(-1).build(), "topK");
    b.topK(0);
    refused(() -> b.topP(0).build(), "topP");
    b.topP(1);
    refused(() -> b.minP(1).build(), "minP");
    b.minP(0);
    refused(() -> b.repetitionPenalty(0).build(), "repetitionPenalty");
    b.repetitionPenalty(1);
    refused(() -> b.beams(0).build(), "beams");
    refused(() -> b.beams(2).temperature(1).build(), "beam", "temperature");
    b.beams(1).temperature(0);
    refused(() -> b.lengthPenalty(Double.POSITIVE_INFINITY).build(), "lengthPenalty");
    b.lengthPenalty(1);
    refused(() -> b.stopStrings(List.of("")).build(), "stop string");
    b.stopStrings(List.of());
    refused(() -> b.timeout(Duration.ZERO).build(), "timeout");
    GenerationOptions options = b.timeout(SECOND).build();
    assertThat(options.toBuilder().build()).isEqualTo(options);
    assertThat(GenerationOptions.DEFAULT.temperature()).isZero();
  }

  @Test
  void samplingsNameTheValueAndItsRange() {
    refused(() -> FrameSampling.every(Duration.ZERO), "interval");
    refused(() -> FrameSampling.uniform(0), "at least 1");
    refused(() -> new FrameSampling.Fragments(0, 8), "fragments");
    refused(() -> new FrameSampling.Fragments(8, 0), "framesPerFragment");
    refused(() -> FrameSampling.keyframes(Duration.ofSeconds(-1)), "negative");
    refused(() -> FrameSampling.sceneChanges(1.5, SECOND), "threshold");
    refused(() -> FrameSampling.sceneChanges(0.5, Duration.ZERO), "gap");
    refused(() -> FrameFormat.stretch(0, 5, FrameFormat.Resampling.BICUBIC), "0 x 5");
    assertThat(FrameSampling.ORIGINAL).isEqualTo(new FrameSampling.Fragments(128, 8));
  }

  @Test
  void otherValuesNameTheValueAndItsRange() {
    refused(() -> new TokenShape(0, 1), "tokens");
    refused(() -> new TokenShape(1, 0), "width");
    refused(() -> new TokenShape(1 << 20, 1 << 20), "too large");
    refused(() -> new MemoryBudget(0, 1), "maxSlots");
    refused(() -> new MemoryBudget(1, 0), "maxBytes");
    refused(
        () -> WatchOptions.DEFAULT.withCheckpoint(Path.of("m"), Duration.ofSeconds(-1)),
        "negative");
    refused(() -> Question.of(" \n"), "empty");
    refused(() -> WatchOptions.DEFAULT.withTimeout(Duration.ZERO), "timeout");
    refused(() -> WatchOptions.DEFAULT.withBreakpoints(List.of(Duration.ofSeconds(-1))), "PT-1S");
    assertThat(new MemoryBudget(10, 100).slotsOf(SHAPE)).isEqualTo(6);
    assertThat(MemoryBudget.ofBytes(64).and(MemoryBudget.ofSlots(3)))
        .isEqualTo(new MemoryBudget(3, 64));
    assertThat(WatchOptions.DEFAULT.withBreakpoints(List.of(SECOND, Duration.ZERO, SECOND)))
        .extracting(WatchOptions::breakpoints)
        .isEqualTo(List.of(Duration.ZERO, SECOND));
  }

  private static Watching.Progress progress(Optional<Duration> duration) {
    return new Watching.Progress(
        SECOND, duration, 1, 1, 0, Duration.ZERO, Duration.ZERO, Duration.ofMillis(250));
  }

  @Test
  void progressIsAShareOfTheLength() {
    assertThat(progress(Optional.empty()).speed()).isEqualTo(4);
    assertThat(progress(Optional.of(SECOND.multipliedBy(4))).fraction()).hasValue(0.25);
    assertThat(progress(Optional.of(Duration.ofMillis(10))).fraction()).hasValue(1);
    assertThat(progress(Optional.empty()).fraction()).isEmpty();
    assertThat(progress(Optional.of(Duration.ZERO)).fraction()).isEmpty();
  }

  @Test
  void aFrameGivesItsBufferBackOnce() {
    AtomicInteger released = new AtomicInteger();
    ByteBuffer rgb = ByteBuffer.allocateDirect(12);
    Frame frame = Frame.of(SECOND, 2, 2, rgb, released::incrementAndGet);
    assertThat(frame.rgb().isReadOnly()).isTrue();
    frame.close();
    frame.close();
    assertThat(released.get()).isEqualTo(1);
    assertThatIllegalStateException().isThrownBy(frame::rgb);
    refused(() -> Frame.of(SECOND, 2, 2, ByteBuffer.allocate(11)), "12", "11");
    refused(() -> Frame.of(SECOND, 0, 2, ByteBuffer.allocate(0)), "0 x 2");
  }

  @Test
  void tokensGiveTheirBufferBackOnce() {
    AtomicInteger released = new AtomicInteger();
    FloatBuffer values = FloatBuffer.allocate(4);
    FrameTokens tokens = FrameTokens.of(SECOND, SHAPE, values, released::incrementAndGet);
    assertThat(tokens.values().isReadOnly()).isTrue();
    tokens.close();
    tokens.close();
    assertThat(released.get()).isEqualTo(1);
    assertThatIllegalStateException().isThrownBy(tokens::values);
    refused(() -> FrameTokens.of(SECOND, SHAPE, FloatBuffer.allocate(3)), "4", "3");
  }

  @Test
  void aSlotCopiesItsTokensAndRefusesNonsense() {
    float[] values = {1, 2, 3, 4};
    FloatBuffer buffer = FloatBuffer.wrap(values);
    MemorySlot slot =
        MemorySlot.of(MemorySlot.Tier.LONG_TERM, SECOND, SECOND, 1, SECOND, 1, SHAPE, buffer);
    values[0] = 9;
    assertThat(slot.tokens().get(0)).isEqualTo(1);
    assertThat(slot.tokens().isReadOnly()).isTrue();
    assertThat(buffer.position()).isZero();
    refused(() -> slot(MemorySlot.Tier.LONG_TERM, 2, 1, 1), "PT2S", "PT1S");
    refused(() -> slot(MemorySlot.Tier.LONG_TERM, 1, 2, 0), "at least 1 frame");
    refused(
        () ->
            MemorySlot.of(
                MemorySlot.Tier.LONG_TERM, SECOND, SECOND, 1, Duration.ZERO, 1, SHAPE, buffer),
        "representative");
  }

  @Test
  void aSnapshotRefusesSlotsThatDoNotFitEachOther() {
    MemorySlot first = slot(MemorySlot.Tier.LONG_TERM, 0, 4, 4);
    MemorySlot second = slot(MemorySlot.Tier.SHORT_TERM, 4, 5, 1);
    MemorySnapshot snapshot = new MemorySnapshot(SHAPE, List.of(first, second), 5, 0);
    assertThat(snapshot.end()).isEqualTo(SECOND.multipliedBy(5));
    assertThat(snapshot.visualTokens()).isEqualTo(4);
    assertThat(snapshot.bytes()).isEqualTo(32);
    refused(() -> new MemorySnapshot(SHAPE, List.of(first, second), 6, 0), "5 frames", "6");
    refused(() -> new MemorySnapshot(SHAPE, List.of(second, first), 5, 0), "slot 1");
    refused(() -> new MemorySnapshot(new TokenShape(4, 1), List.of(first), 4, 0), "4 x 1");
    MemorySlot longAfterShort = slot(MemorySlot.Tier.LONG_TERM, 5, 6, 1);
    refused(
        () -> new MemorySnapshot(SHAPE, List.of(first, second, longAfterShort), 6, 0), "LONG_TERM");
  }

  @Test
  void untilLeavesOutTheSlotThatStraddlesTheMoment() {
    MemorySlot first = slot(MemorySlot.Tier.LONG_TERM, 0, 4, 4);
    MemorySlot second = slot(MemorySlot.Tier.LONG_TERM, 4, 9, 5);
    MemorySnapshot snapshot = new MemorySnapshot(SHAPE, List.of(first, second), 9, 0);
    assertThat(snapshot.until(SECOND.multipliedBy(3)).slots()).isEmpty();
    assertThat(snapshot.until(SECOND.multipliedBy(4)).slots()).containsExactly(first);
    assertThat(snapshot.until(SECOND.multipliedBy(8)).framesSeen()).isEqualTo(4);
    assertThat(snapshot.until(SECOND.multipliedBy(9))).isEqualTo(snapshot);
  }

  @Test
  void slotsOfEqualContentAreEqualAndTheirSalienceIsAShare() {
    MemorySlot slot = slot(1, 1);
    assertThat(slot).isEqualTo(slot(1, 1)).hasSameHashCodeAs(slot(1, 1));
    assertThat(slot).isNotEqualTo(slot(1, 2));
    assertThat(new MemorySnapshot(new TokenShape(1, 1), List.of(slot), 1, 0))
        .isEqualTo(new MemorySnapshot(new TokenShape(1, 1), List.of(slot(1, 1)), 1, 0));
    refused(() -> slot(Double.NaN, 1), "salience");
    refused(() -> slot(1.5, 1), "salience");
  }

  private static MemorySlot slot(double salience, float token) {
    return MemorySlot.of(
        MemorySlot.Tier.LONG_TERM,
        Duration.ZERO,
        SECOND,
        1,
        Duration.ZERO,
        salience,
        new TokenShape(1, 1),
        FloatBuffer.wrap(new float[] {token}));
  }

  @Test
  void aLocationShowsNoSecret() {
    VideoLocation signed =
        VideoLocation.of(URI.create("https://me:pw@host:8443/a/b.mp4?X-Sig=s3cr3t#t=3"));
    assertThat(signed).hasToString("https://host:8443/a/b.mp4");
    assertThat(signed.uri()).asString().contains("s3cr3t");
    assertThat(VideoLocation.of(URI.create("rtsp://me@cam/live"))).hasToString("rtsp://cam/live");
    assertThat(VideoLocation.of(URI.create("file:///a%20b.mp4")).path())
        .contains(Path.of("/a b.mp4"));
    refused(() -> VideoLocation.of(URI.create("movie.mp4?sig=s3cr3t")), "no scheme");
  }

  @Test
  void samplingsHaveWrittenKeys() {
    assertThat(FrameSampling.everyFrame().key()).isEqualTo("every frame");
    assertThat(FrameSampling.every(SECOND).key()).isEqualTo("every PT1S");
    assertThat(FrameSampling.uniform(32).key()).isEqualTo("uniform 32");
    assertThat(FrameSampling.ORIGINAL.key()).isEqualTo("fragments 128 x 8");
    assertThat(FrameSampling.keyframes().key()).isEqualTo("keyframes PT0S");
    assertThat(FrameSampling.sceneChanges(0.1, SECOND).key()).isEqualTo("scene changes 0.1 PT1S");
    assertThat(FrameSampling.at(List.of(SECOND, Duration.ZERO)).key()).isEqualTo("at PT0S PT1S");
  }

  @Test
  void foreverIsTheMostNanoseconds() {
    Duration forever = java.time.temporal.ChronoUnit.FOREVER.getDuration();
    assertThat(io.moviechat.internal.Nanos.saturated(forever)).isEqualTo(Long.MAX_VALUE);
    assertThat(io.moviechat.internal.Nanos.saturated(SECOND)).isEqualTo(1_000_000_000);
    assertThat(OcrOptions.DEFAULT.withInterval(forever).interval()).isEqualTo(forever);
  }

  @Test
  void recordsTakeNoNulls() {
    assertThatNullPointerException()
        .isThrownBy(() -> new VideoInfo.Track(VideoInfo.TrackKind.AUDIO, null, Optional.empty()))
        .withMessage("codec");
    assertThatNullPointerException()
        .isThrownBy(() -> new VideoInfo.Track(VideoInfo.TrackKind.AUDIO, "aac", null))
        .withMessage("language");
    assertThatNullPointerException()
        .isThrownBy(() -> new Conversation.Turn("Why?", null))
        .withMessage("answer");
  }
}
