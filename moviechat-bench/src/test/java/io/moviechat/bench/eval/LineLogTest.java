package io.moviechat.bench.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moviechat.bench.eval.EvalItem.Form;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LineLogTest {
  private static final List<String> CELLS = List.of("one", "two");

  @TempDir private Path folder;

  private static List<EvalItem> items() {
    List<EvalItem> items = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      items.add(
          EvalItem.builder("item" + i, "film", Form.OPEN)
              .question("Wie heißt \"es\"?\n\u2028")
              .answers(List.of("größer"))
              .build());
    }
    return items;
  }

  private static ObjectNode settings() {
    ObjectNode settings = Json.MAPPER.createObjectNode().put("benchmark", "own");
    CELLS.forEach(settings.putObject("cells")::putObject);
    return settings;
  }

  /** Asks what is open, as a run does. */
  private static void goOn(Path file) throws IOException {
    try (LineLog log = LineLog.open(file)) {
      EvalJournal journal = EvalJournal.goOn(log, settings(), items(), false);
      for (String cell : CELLS) {
        for (EvalItem item : journal.open(cell, items())) {
          journal.add(new EvalAnswer(item.id(), cell).reply(cell + " größer " + item.id()));
        }
      }
    }
  }

  /**
   * Whatever byte the last one was that a killed run wrote, the next one makes the same journal.
   */
  @Test
  void aKillBetweenAnyTwoBytesNeitherLosesNorRepeatsALine() throws IOException {
    Path file = folder.resolve(EvalRun.JOURNAL);
    goOn(file);
    byte[] whole = Files.readAllBytes(file);
    assertThat(new String(whole, StandardCharsets.UTF_8).lines()).hasSize(1 + 3 + 6);
    for (int bytes = 0; bytes <= whole.length; bytes++) {
      Files.write(file, Arrays.copyOf(whole, bytes));
      goOn(file);
      assertThat(Files.readAllBytes(file)).as("killed after %d bytes", bytes).isEqualTo(whole);
    }
  }

  @Test
  void aJournalIsReadWhileItsRunGoesOn() throws IOException {
    Path file = folder.resolve(EvalRun.JOURNAL);
    goOn(file);
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(whole, whole.length - 7));
    EvalJournal.Contents contents = EvalJournal.read(folder);
    assertThat(contents.items()).hasSize(3);
    assertThat(contents.answers().get("one")).hasSize(3);
    assertThat(contents.answers().get("two")).hasSize(2);
  }

  @Test
  void twoRunsDoNotShareAFolder() throws IOException {
    Path file = folder.resolve("log");
    try (LineLog log = LineLog.open(file)) {
      assertThatThrownBy(() -> LineLog.open(file))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("another run");
      log.append(Json.MAPPER.createObjectNode());
    }
    try (LineLog log = LineLog.open(file)) {
      assertThat(log.lines()).hasSize(1);
    }
  }

  @Test
  void anotherRunsJournalIsRefused() throws IOException {
    Path file = folder.resolve("log");
    goOn(file);
    try (LineLog log = LineLog.open(file)) {
      ObjectNode other = settings().put("prompt", "bare");
      assertThatThrownBy(() -> EvalJournal.goOn(log, other, items(), false))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("another run")
          .hasMessageContaining("prompt is nothing there and \"bare\" now");
    }
  }

  @Test
  void aDamagedLineIsNamed() throws IOException {
    Path file = folder.resolve("log");
    Files.writeString(file, "{}\n{\"a\":\n{}\n");
    assertThatThrownBy(() -> LineLog.open(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("line 2");
    Files.writeString(file, "{}\n"); // and nothing stays locked
    LineLog.open(file).close();
  }
}
