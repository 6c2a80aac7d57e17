package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.moviechat.ModelException;
import io.moviechat.llm.internal.Cuda;
import io.moviechat.ocr.TextRecognizer;
import io.moviechat.speech.SpeechRecognizer;
import io.moviechat.spi.FrameEncoder;
import java.util.List;
import org.junit.jupiter.api.Test;

class DeviceTest {
  @Test
  void tellsWhatIsThere() {
    List<Device.Finding> findings = Device.examine();
    assertThat(findings)
        .extracting(Device.Finding::name)
        .containsExactly("Java", "Platform", "ONNX Runtime", "Tokenizers", "CUDA");
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
}
