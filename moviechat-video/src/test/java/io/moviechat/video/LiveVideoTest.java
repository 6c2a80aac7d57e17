package io.moviechat.video;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.Frame;
import io.moviechat.FrameFormat;
import io.moviechat.FrameSampling;
import io.moviechat.VideoException;
import io.moviechat.internal.NativeOwner;
import io.moviechat.spi.FrameStream;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LiveVideoTest {
  private static final LiveVideo.Options LIVE =
      LiveVideo.Options.DEFAULT
          .withQueueFrames(8)
          .withReconnectFor(Duration.ZERO)
          .withGrowthPatience(Duration.ofMillis(200));

  @AfterEach
  void nothingStaysOpen() {
    assertThat(NativeOwner.openOwners()).isEmpty();
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closing it is what is tested
  void closeFromAnotherThreadMayComeWhileAPassBegins() throws Exception {
    URI clip = Clips.file("bunny.ts").toUri();
    for (int round = 0; round < 100; round++) {
      LiveVideo video = LiveVideo.open(clip, LIVE, VideoOptions.DEFAULT.withThreads(1));
      CyclicBarrier barrier = new CyclicBarrier(2);
      int spins = round * 400;
      Thread closer =
          new Thread(
              () -> {
                try {
                  barrier.await(10, TimeUnit.SECONDS);
                } catch (Exception e) {
                  throw new IllegalStateException(e);
                }
                for (int spin = 0; spin < spins; spin++) {
                  Thread.onSpinWait();
                }
                video.close();
              });
      closer.start();
      barrier.await(10, TimeUnit.SECONDS);
      try (FrameStream stream = video.frames(FrameSampling.everyFrame(), FrameFormat.ORIGINAL)) {
        for (int i = 0; i < 3; i++) {
          stream.next().ifPresent(Frame::close);
        }
      } catch (IllegalStateException | VideoException closedMeanwhile) {
        // Either is what a closed video says.
      }
      closer.join();
      assertThat(NativeOwner.openOwners()).as("after round %d", round).isEmpty();
    }
  }
}
