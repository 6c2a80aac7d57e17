package io.moviechat.llm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TemplateCheckTest {
  @TempDir Path temp;

  static Stream<String> bundles() {
    return TestData.models().stream().map(folder -> folder.getFileName().toString());
  }

  private static String written(Path folder) {
    ModelBundle bundle = ModelBundle.at(folder);
    BundleSpec spec = bundle.read(Device.CPU);
    try (OnnxAnswerGenerator generator = bundle.openGenerator(spec, Device.CPU)) {
      return generator.prompt(TemplateCheck.CHAT, 1).text();
    }
  }

  private static String rendered(Path folder) {
    BundleSpec spec = ModelBundle.at(folder).read(Device.CPU);
    return TemplateCheck.render(spec.config(), spec.family()).orElse("cannot be run");
  }

  @ParameterizedTest
  @MethodSource("bundles")
  void familiesWriteWhatTheTemplatesWrite(String name) {
    Path folder = TestData.fixtures().resolve(name);
    assertThat(written(folder)).isEqualTo(rendered(folder));
  }

  @Test
  void anotherTemplateIsSeen() throws IOException {
    Path folder = TestData.copy(TestData.oneVision(), temp.resolve("older"));
    // LLaVA-OneVision's older one: each picture on a line of its own.
    Files.writeString(
        folder.resolve("chat_template.jinja"),
        "{% for message in messages %}<|im_start|>{{ message['role'] }} "
            + "{% for content in message['content'] %}{% if content['type'] == 'image' %}<image>\n"
            + "{% else %}\n{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>{% endfor %}"
            + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}");
    assertThat(rendered(folder)).contains("user <image>").isNotEqualTo(written(folder));
  }

  @Test
  void aHostileTemplateReachesNothing() throws IOException {
    Path folder = TestData.copy(TestData.oneVision(), temp.resolve("hostile"));
    String marks = "{# <|im_start|> <|im_end|> #}";
    for (String evil :
        List.of(
            "{% include '/etc/passwd' %}",
            "{{ ''.getClass().forName('java.lang.Runtime') }}",
            "{{ messages.getClass().getClassLoader() }}",
            "{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}",
            "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}")) {
      Files.writeString(folder.resolve("chat_template.jinja"), marks + evil);
      assertThat(rendered(folder)).doesNotContain("root:", "java.lang", "ClassLoader");
    }
  }
}
