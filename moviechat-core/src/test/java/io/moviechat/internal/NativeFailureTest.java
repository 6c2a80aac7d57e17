package io.moviechat.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NativeFailureTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          no jniavutil in java.library.path: /usr/lib | | org.bytedeco:ffmpeg with the classifier linux-x86_64
          no jniOpenCL in java.library.path: /usr/lib | | org.bytedeco:opencl with the classifier linux-x86_64
          no jniOpenCL in java.library.path: /usr/lib | /x/a.so: /x/a.so: failed to map segment from shared object | mounted noexec
          /t/libtokenizers.so: failed to map segment from shared object | | /tmp (java.io.tmpdir)
          /t/a.so: Error loading shared library ld-linux-x86-64.so.2: No such file or directory | | Alpine
          no jnidnnl in java.library.path | No space left on device | could not be unpacked to /tmp
          something new | | docs/install.md
          """)
  void names_the_cause_and_the_remedy(String message, String cause, String expected) {
    Throwable failure = new UnsatisfiedLinkError(message);
    if (cause != null) {
      failure.initCause(new UnsatisfiedLinkError(cause));
    }

    String text = NativeFailure.explain("FFmpeg", "linux-x86_64", "/tmp (java.io.tmpdir)", failure);

    assertThat(text).startsWith("FFmpeg for linux-x86_64 cannot be loaded: ").contains(expected);
    assertThat(text).doesNotContain("java.library.path").doesNotContain("a.so: /x/a.so");
  }

  @ParameterizedTest
  @CsvSource({"org.bytedeco.opencl.presets.OpenCL, opencl", "org.bytedeco.dnnl.presets.dnnl, dnnl"})
  void names_the_jar_of_a_missing_class(String type, String artifact) {
    String text =
        NativeFailure.explain(
            "ONNX Runtime", "linux-arm64", "/tmp", new TypeNotPresentException(type, null));

    assertThat(text).contains("Add org.bytedeco:" + artifact + ",");
  }
}
