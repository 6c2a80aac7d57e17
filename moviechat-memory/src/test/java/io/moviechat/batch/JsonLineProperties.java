package io.moviechat.batch;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import java.io.IOException;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class JsonLineProperties {
  @Property(tries = 500)
  void anyTextComesBack(@ForAll String text) throws IOException {
    String line = new JsonLine().put("text", text).put("n", 3).end();
    assertThat(line.lines()).hasSize(1);
    try (JsonParser parser = new JsonFactory().createParser(line)) {
      parser.nextToken();
      assertThat(parser.nextFieldName()).isEqualTo("text");
      assertThat(parser.nextTextValue()).isEqualTo(text);
      assertThat(parser.nextFieldName()).isEqualTo("n");
      assertThat(parser.nextLongValue(0)).isEqualTo(3);
    }
  }
}
