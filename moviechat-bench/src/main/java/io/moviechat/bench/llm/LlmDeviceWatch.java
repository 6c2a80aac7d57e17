package io.moviechat.bench.llm;

import io.moviechat.Frame;
import io.moviechat.FrameTokens;
import io.moviechat.ModelException;
import io.moviechat.bench.harness.Better;
import io.moviechat.bench.harness.Chart;
import io.moviechat.bench.harness.Findings;
import io.moviechat.bench.harness.Format;
import io.moviechat.bench.harness.Size;
import io.moviechat.bench.harness.Slope;
import io.moviechat.bench.harness.SmallModel;
import io.moviechat.bench.harness.Strategies;
import io.moviechat.bench.harness.Study;
import io.moviechat.bench.harness.Table;
import io.moviechat.llm.Device;
import io.moviechat.llm.ModelBundle;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.VideoMemory;
import io.moviechat.tinymodel.EmbeddedModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The paper's Figure 1 on a graphics card: memory in use over frames watched, encoder and memory of
 * the movie together. The card's is what the driver tells, whoever uses it. Where there is no card,
 * the processor's part is done. The embedded small model, or the bundle of {@code
 * -Dmoviechat.bench.model=DIR}. Command: {@code java -jar benchmarks.jar llm --filter DeviceWatch}.
 */
final class LlmDeviceWatch implements Study {
  private static final int READINGS = 20;

  /** A processor, which is many times slower and whose memory is known, watches this part. */
  private static final int PROCESSOR = 10;

  private static final int SIDE = 64;

  /** What the paper's Figure 1 says a frame costs its card, and its rivals', in bytes. */
  private static final double PAPER = 21.3 * 1024;

  private static final double RIVALS = 200.0 * 1024 * 1024;

  @Override
  public String question() {
    return "What does one more frame cost a graphics card's memory?";
  }

  @Override
  public void run(Size size, Findings findings) throws IOException {
    Path folder;
    String model = System.getProperty("moviechat.bench.model", "");
    try {
      folder = model.isEmpty() ? new EmbeddedModel().folder() : Path.of(model).toAbsolutePath();
    } catch (ModelException e) { // built without its weights
      findings.skip("LlmDeviceWatch", SmallModel.MISSING);
      return;
    }
    int frames = size.pick(20 * READINGS, 4_000, 100_000);
    List<List<String>> rows = new ArrayList<>();
    List<Chart.Series> series = new ArrayList<>();
    for (Device device : List.of(Device.CPU, Device.cuda(0))) {
      boolean cuda = !device.equals(Device.CPU);
      String where = cuda ? "card" : "processor";
      List<Double> seen = new ArrayList<>();
      List<Double> state = new ArrayList<>();
      List<Double> card = new ArrayList<>();
      try (FrameEncoder encoder = ModelBundle.at(folder).withDevice(device).openEncoder();
          VideoMemory memory = Strategies.of("moviechat").open(encoder.shape())) {
        watch(
            encoder,
            memory,
            cuda ? frames : frames / PROCESSOR,
            cuda,
            new Readings(seen, state, card));
      } catch (ModelException e) {
        findings.skip("LlmDeviceWatch, " + where, "no device: " + e.getMessage());
        continue;
      }
      slope("LlmDeviceWatch.stateSlope", where, seen, state, findings);
      if (card.stream().anyMatch(bytes -> !Double.isFinite(bytes))) {
        findings.skip("LlmDeviceWatch, memory of the card", "nvidia-smi does not tell it");
      } else if (cuda) {
        slope("LlmDeviceWatch.cardSlope", where, seen, card, findings);
        series.add(new Chart.Series("on the card", seen, mebibytes(card)));
      }
      series.add(new Chart.Series("movie's memory, model on the " + where, seen, mebibytes(state)));
      for (int i = 0; i < seen.size(); i++) {
        String onCard = card.isEmpty() ? "" : Format.bytes(card.get(i));
        rows.add(
            List.of(
                where,
                String.valueOf(Math.round(seen.get(i))),
                Format.bytes(state.get(i)),
                onCard));
      }
    }
    List<Double> watched =
        series.stream().flatMap(one -> one.x().stream()).distinct().sorted().toList();
    series.add(growth("paper: 21.3 KB/frame", watched, PAPER));
    series.add(growth("its rivals: 200 MB/frame", watched, RIVALS));
    findings.table(
        new Table(
            "device-figure1",
            "Memory in use over frames watched",
            List.of("model on the", "frames", "of the movie's memory, on the host", "of the card"),
            rows,
            "Encoder and the memory of strategy moviechat; the paper gives 21.3 KB a frame for"
                + " MovieChat on a card. Of the card: what its driver says is in use, by"
                + " anybody."));
    findings.chart(
        new Chart(
            "device-figure1",
            "Memory in use over frames watched",
            "frames watched",
            "memory, MiB",
            true,
            true,
            series));
  }

  private static Chart.Series growth(String name, List<Double> frames, double bytes) {
    return new Chart.Series(
        name, frames, mebibytes(frames.stream().map(frame -> frame * bytes).toList()));
  }

  private record Readings(List<Double> seen, List<Double> state, List<Double> card) {}

  private static void watch(
      FrameEncoder encoder, VideoMemory memory, int frames, boolean cuda, Readings readings) {
    int batch = encoder.preferredBatch();
    int step = Math.max(1, frames / READINGS);
    int next = step;
    byte[] rgb = new byte[3 * SIDE * SIDE];
    for (int done = 0; done < frames; ) {
      List<Frame> together = new ArrayList<>();
      for (int i = 0; i < batch; i++, done++) {
        for (int k = 0; k < rgb.length; k++) {
          rgb[k] = (byte) (k * 31 + done);
        }
        together.add(
            Frame.of(Duration.ofMillis(40L * done), SIDE, SIDE, ByteBuffer.wrap(rgb.clone())));
      }
      for (FrameTokens tokens : encoder.encode(together)) {
        memory.add(tokens);
        tokens.close();
      }
      if (done >= next) {
        next += step;
        readings.seen().add((double) done);
        readings.state().add((double) memory.stats().bytes());
        if (cuda) {
          readings.card().add(CardTraffic.memoryUsed().orElse(Double.NaN));
        }
      }
    }
  }

  private static void slope(
      String name, String where, List<Double> seen, List<Double> bytes, Findings findings) {
    int from = seen.size() / 10 + 1;
    Slope slope = Slope.of(seen.subList(from, seen.size()), bytes.subList(from, bytes.size()));
    findings.measure(name, Map.of("device", where), "bytes/frame", Better.NEITHER, slope.perX());
  }

  private static List<Double> mebibytes(List<Double> bytes) {
    return bytes.stream().map(value -> value / (1 << 20)).toList();
  }
}
