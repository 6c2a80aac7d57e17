package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.moviechat.ModelException;
import io.moviechat.llm.internal.Cuda;
import io.moviechat.ocr.TextRecognizer;
import io.moviechat.speech.SpeechRecognizer;
import io.moviechat.spi.FrameEncoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeviceTest {
  @Test
  void tellsWhatIsThere() {
    List<Device.Finding> findings = Device.examine();
    assertThat(findings)
        .extracting(Device.Finding::name)
        .startsWith("Java", "Platform", "ONNX Runtime", "Tokenizers", "CUDA");
    assertThat(findings).allMatch(Device.Finding::healthy);
    assertThat(findings.get(2).found()).contains("CPUExecutionProvider");
  }

  @Test
  void cudaIsRefusedWithTheReasonAndAutoGoesOnWithoutIt() {
    assumeThat(Cuda.problem(0)).isPresent();
    ModelBundle bundle = ModelBundle.at(TestData.smolVlm());
    assertThatThrownBy(() -> bundle.withDevice(Device.cuda(0)).openEncoder())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("CUDA(0) was asked for")
        .hasMessageContaining("docs/gpu.md");
    try (FrameEncoder encoder = bundle.withDevice(Device.AUTO).openEncoder()) {
      assertThat(encoder.shape().tokens()).isEqualTo(16);
    }
  }

  @Test
  void wordsAreHeardAndReadWhereTheyAreToBeOrTheReasonIsTold() {
    assumeThat(Cuda.problem(0)).isPresent();
    SpeechBundle speech = SpeechBundle.at(TestData.speech());
    TextBundle text = TextBundle.at(TestData.resource("ocr").resolve("ocr-tiny"));
    assertThatThrownBy(() -> speech.withDevice(Device.cuda(0)).open())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("CUDA(0) was asked for")
        .hasMessageContaining("docs/gpu.md");
    assertThatThrownBy(() -> text.withDevice(Device.cuda(0)).open())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("CUDA(0) was asked for")
        .hasMessageContaining("docs/gpu.md");
    try (SpeechRecognizer recognizer = speech.withDevice(Device.AUTO).withThreads(1).open();
        TextRecognizer reader = text.withDevice(Device.AUTO).withThreads(1).open()) {
      assertThat(recognizer.name()).isEqualTo(speech.name());
      assertThat(reader.name()).isEqualTo("ocr-tiny");
    }
  }

  @Test
  void reportsABundleWithoutLoadingIt() {
    ModelBundle.Report report = ModelBundle.at(TestData.smolVlm()).report();
    assertThat(report.family()).isEqualTo("SmolVLM");
    assertThat(report.context()).isEqualTo(1024);
    assertThat(report.frameTokens()).contains(Views.SMOL);
    assertThat(report.layers()).isEqualTo(2);
    assertThat(report.graphs()).hasSize(3);
    assertThat(report.graphs().get(2).bytes()).isGreaterThan(643_000);
    assertThat(report.cacheBytesPerToken()).isEqualTo(2 * 2 * 3 * 12 * 4);
  }

  @Test
  void tellsOfLargePages(@TempDir Path folder) throws IOException {
    Path setting = folder.resolve("enabled");
    String ours = "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1";
    assertThat(Doctor.largePages(setting, ours)).isEmpty();
    Files.writeString(setting, "always [madvise] never\n");
    assertThat(Doctor.largePages(setting, ours).orElseThrow())
        .matches(found -> found.advice().isEmpty() && found.found().contains("GLIBC_TUNABLES"));
    for (String other : new String[] {null, "", "glibc.malloc.hugetlb=0", "glibc.rtld.nns=4"}) {
      assertThat(Doctor.largePages(setting, other).orElseThrow())
          .matches(found -> found.healthy() && found.advice().orElse("").contains(ours));
    }
    Files.writeString(setting, "[always] madvise never\n");
    assertThat(Doctor.largePages(setting, null).orElseThrow().advice()).isEmpty();
    Files.writeString(setting, "always madvise [never]\n");
    assertThat(Doctor.largePages(setting, ours).orElseThrow())
        .matches(found -> found.found().contains("nobody") && found.healthy());
  }
}
