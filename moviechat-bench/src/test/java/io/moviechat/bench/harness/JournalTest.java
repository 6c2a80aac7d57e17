package io.moviechat.bench.harness;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
  @TempDir Path temp;

  @Test
  void anInterruptedRunGoesOnWhereItEnded() throws IOException {
    Path file = temp.resolve("accuracy.json.part");
    assertThat(Journal.at(file, "run 1").cell("a", () -> "1 2")).isEqualTo("1 2");
    Files.writeString(file, "b\tcut he", StandardOpenOption.APPEND);

    Journal again = Journal.at(file, "run 1");

    assertThat(again.cell("a", () -> "other")).isEqualTo("1 2");
    assertThat(again.cell("b", () -> "3")).isEqualTo("3");
    assertThat(Journal.at(file, "run 1").cell("b", () -> "other")).isEqualTo("3");
  }

  @Test
  void anotherRunStartsAnew() throws IOException {
    Path file = temp.resolve("accuracy.json.part");
    Journal.at(file, "run 1").cell("a", () -> "1");

    assertThat(Journal.at(file, "run 2").cell("a", () -> "2")).isEqualTo("2");
  }

  @Test
  void aRunWhoseTimeIsOverGivesWhatIsKnownAndLeavesTheRest() throws IOException {
    Path file = temp.resolve("accuracy.json.part");
    Findings unlimited = new Findings(System.err, Journal.at(file, "run 1"));
    assertThat(unlimited.cellInTime("a", () -> "1")).contains("1");
    assertThat(unlimited.isCut()).isFalse();

    Findings over = new Findings(System.err, Journal.at(file, "run 1"), Optional.of(Duration.ZERO));
    assertThat(over.cellInTime("a", () -> "other")).contains("1");
    assertThat(over.isCut()).isFalse();
    assertThat(over.cellInTime("b", () -> "2")).isEmpty();
    assertThat(over.isCut()).isTrue();
    assertThat(over.cell("c", () -> "3")).isEqualTo("3");
  }

  @Test
  void aCompleteRunLeavesNoJournal() throws IOException {
    Path file = temp.resolve("accuracy.json.part");
    Journal journal = Journal.at(file, "run 1");
    journal.cell("a", () -> "1");
    journal.delete();

    assertThat(file).doesNotExist();
  }
}
