package io.moviechat.bench.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moviechat.bench.eval.EvalItem.Form;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each layout by small invented records; the sets' own files are read by RealAnnotationsTest. */
@SuppressWarnings("StringConcatToTextBlock") // one record a line, as the files have it
class ReadersTest {
  @TempDir private Path folder;

  private void file(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private Dataset read(String benchmark) throws IOException {
    Dataset dataset = Benchmark.named(benchmark).read(folder);
    for (EvalItem item : dataset.items()) {
      assertThat(EvalItem.fromJson(item.toJson()).toJson()).isEqualTo(item.toJson());
    }
    return dataset;
  }

  private EvalItem only(String benchmark) throws IOException {
    Dataset dataset = read(benchmark);
    assertThat(dataset.problems()).isEmpty();
    assertThat(dataset.items()).hasSize(1);
    return dataset.items().get(0);
  }

  @Test
  void movieChat1kTimesAreFrames() throws IOException {
    file(
        "x7.json",
        """
        {"info":{"video_path":"x7.mp4","fps":25.0,"num_frame":15000,"class":"animation"},"caption":"A fox",
         "global":[{"question":"Where is it?","answer":"forest"}],
         "breakpoint":[{"time":1500,"question":"What does the fox hold?","answer":"a map"},
                       {"time":15001,"question":"And now?","answer":"nothing"}]}
        """);
    Dataset dataset = read("moviechat-1k");
    assertThat(dataset.items())
        .extracting(EvalItem::id)
        .containsExactly("x7#global0", "x7#breakpoint0");
    EvalItem moment = dataset.items().get(1);
    assertThat(moment.askAt()).contains(Duration.ofMinutes(1));
    assertThat(moment.video()).isEqualTo("x7.mp4");
    assertThat(moment.answers()).containsExactly("a map");
    assertThat(moment.categories())
        .containsEntry("mode", List.of("breakpoint"))
        .containsKey("class");
    assertThat(dataset.problems()).singleElement().asString().contains("frame 15001 of 15000");
    Dataset seconds = Benchmark.named("moviechat-1k").inSeconds().read(folder);
    assertThat(seconds.items().get(1).askAt()).contains(Duration.ofMinutes(25));
  }

  @Test
  void movieChat1kWithoutRateKeepsTheNumberOfTheFrame() throws IOException {
    file(
        "test.jsonl",
        """
        {"video_name":"a","time":480,"question":"What is there?","answer":"a door"}
        {"video_name":"a","time":null,"question":"Who is it?","answer":"a guard"}
        """);
    Dataset dataset = read("moviechat-1k");
    assertThat(dataset.items().get(0).askAtFrame()).hasValue(480);
    assertThat(dataset.items().get(1).askAtFrame()).isEmpty();
    assertThat(dataset.items().get(0).withAskAt(Duration.ofSeconds(20)).askAt())
        .contains(Duration.ofSeconds(20));
  }

  @Test
  void msvdNamesComeFromItsMap() throws IOException {
    file(
        "test_qa.json",
        "[{\"id\":1,\"question\":\"what is a cat doing?\",\"answer\":\"jump\",\"video_id\":1301}]");
    file("youtube_mapping.txt", "abc_1_9 vid1301\n");
    assertThat(only("msvd-qa").video()).isEqualTo("abc_1_9");
    assertThat(only("msrvtt-qa").video()).isEqualTo("video1301");
  }

  @Test
  void activityNetJoinsByIdAndNamesWhatHasNoAnswer() throws IOException {
    file(
        "test_q.json",
        """
        [{"video_name":"abc_1","question":"is the man running","question_id":"v_abc_1_3"},
         {"video_name":"abc_1","question":"who is it","question_id":"v_abc_1_4"}]
        """);
    file("test_a.json", "[{\"answer\":\"yes\",\"type\":3,\"question_id\":\"v_abc_1_3\"}]");
    Dataset dataset = read("activitynet-qa");
    EvalItem item = dataset.items().get(0);
    assertThat(item.question()).isEqualTo("Is the man running?");
    assertThat(item.categories())
        .containsEntry("type", List.of("yes/no"))
        .containsEntry("group", List.of("free"));
    assertThat(dataset.problems())
        .singleElement()
        .asString()
        .contains("no answer has the id v_abc_1_4");
  }

  @Test
  void videoMmeInBothLayouts() throws IOException {
    String question =
        """
        "question_id":"001-1","task_type":"Counting","question":"How many?","options":["A. 1.","B. 2.","C. 3.","D. 4."],"answer":"B\"\
        """;
    file(
        "official.json",
        "[{\"video_id\":\"001\",\"duration\":\"short\",\"domain\":\"K\",\"sub_category\":\"H\",\"questions\":[{"
            + question
            + "}]}]");
    EvalItem official = only("video-mme");
    assertThat(official.options()).containsExactly("1.", "2.", "3.", "4.");
    assertThat(official.answerIndex()).isEqualTo(OptionalInt.of(1));
    assertThat(official.categories().keySet())
        .containsExactly("duration", "domain", "sub_category", "task");
    Files.delete(folder.resolve("official.json"));
    file(
        "flat.jsonl",
        "{\"videoID\":\"Ab3\",\"duration\":\"short\",\"domain\":\"K\",\"sub_category\":\"H\","
            + question
            + "}\n");
    assertThat(only("video-mme").video()).isEqualTo("Ab3");
  }

  @Test
  void aTrailingCommaIsNamedNotMended() throws IOException {
    file("a.json", "[{\"video_id\":\"001\",\"questions\":[],},]");
    assertThatThrownBy(() -> read("video-mme"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a.json")
        .hasMessageContaining("line 1");
  }

  @Test
  void mlvuAnswersAreTexts() throws IOException {
    file(
        "1_plotQA.json",
        """
        [{"video":"p12.mp4","duration":480.0,"question":"What?","candidates":["a","b","c","d"],"answer":"b","question_type":"plotQA"},
         {"video":"p13.mp4","duration":480.0,"question":"What?","candidates":["a","b","c","d"],"answer":"e","question_type":"plotQA"}]
        """);
    file(
        "8_sub_scene.json",
        "[{\"video\":\"s.mp4\",\"question\":\"Describe it.\",\"answer\":\"A man"
            + " runs.\",\"question_type\":\"subPlot\",\"scoring_points\":[\"a man\",\"runs\"]}]");
    Dataset choice = read("mlvu");
    assertThat(choice.items()).hasSize(1);
    assertThat(choice.items().get(0).answerIndex()).hasValue(1);
    assertThat(choice.items().get(0).video()).isEqualTo("1_plotQA/p12.mp4");
    assertThat(choice.problems()).singleElement().asString().contains("'e'");
    EvalItem scene = only("mlvu-generation");
    assertThat(scene.form()).isEqualTo(Form.MARKED);
    assertThat(scene.criteria()).containsExactly("accuracy", "relevance");
    assertThat(scene.points()).containsExactly("a man", "runs");
  }

  @Test
  void lvBenchHasOptionsInItsQuestionAndTimes() throws IOException {
    file(
        "video_info.meta.jsonl",
        "{\"key\":\"Yt1\",\"type\":\"cartoon\",\"qa\":[{\"uid\":\"17\",\"question\":\"What is"
            + " it?\\n"
            + "(A) red\\n"
            + "(B) blue\\n"
            + "(C) green\\n"
            + "(D) grey\",\"answer\":\"C\",\"question_type\":[\"entity"
            + " recognition\",\"reasoning\"],\"time_reference\":\"01:20-01:40\"}]}\n");
    EvalItem item = only("lvbench");
    assertThat(item.question()).isEqualTo("What is it?");
    assertThat(item.options()).containsExactly("red", "blue", "green", "grey");
    assertThat(item.answerIndex()).hasValue(2);
    assertThat(item.evidence()).containsExactly(new Span(80, 100));
    assertThat(item.categories().get("task")).containsExactly("entity recognition", "reasoning");
  }

  @Test
  void longVideoBenchInBothLayouts() throws IOException {
    file(
        "lvb_val.json",
        "[{\"id\":\"v1_0\",\"video_path\":\"v1.mp4\",\"duration_group\":60,\"question\":\"What?\",\"candidates\":[\"a\",\"b\",\"c\"],\"correct_choice\":2,\"question_category\":\"S2E\"}]");
    assertThat(only("longvideobench").answerIndex()).hasValue(2);
    file(
        "lvb_val.json",
        "[{\"id\":\"v1_0\",\"video_path\":\"v1.mp4\",\"question\":\"What?\",\"option0\":\"a\",\"option1\":\"b\",\"option2\":\"N/A\",\"correct_choice\":1}]");
    assertThat(only("longvideobench").options()).containsExactly("a", "b");
  }

  @Test
  void egoSchemaTruthMayBeHidden() throws IOException {
    file(
        "questions.json",
        "[{\"q_uid\":\"u1\",\"question\":\"Why?\",\"option 0\":\"a\",\"option"
            + " 1\":\"b\"},{\"q_uid\":\"u2\",\"question\":\"Why?\",\"option 0\":\"a\",\"option"
            + " 1\":\"b\"}]");
    file("subset_answers.json", "{\"u1\":1}");
    Dataset dataset = read("egoschema");
    assertThat(dataset.items()).extracting(EvalItem::hasTruth).containsExactly(true, false);
  }

  @Test
  void nextQaReadsQuotedCells() throws IOException {
    file(
        "test.csv",
        "video,frame_count,width,height,question,answer,qid,type,a0,a1,a2,a3,a4\n"
            + "42,9,1,1,\"why, then\",3,8,TN,a,b,\"c, d\",e,f\n");
    file("map_vid_vidorID.json", "{\"42\":\"0101/42\"}");
    EvalItem item = only("next-qa");
    assertThat(item.id()).isEqualTo("42_8");
    assertThat(item.video()).isEqualTo("0101/42");
    assertThat(item.options()).contains("c, d");
    assertThat(item.categories()).containsEntry("group", List.of("temporal"));
  }

  @Test
  void anAnswerOutsideTheOptionsIsNamed() throws IOException {
    file(
        "test.csv", "video,question,answer,qid,type,a0,a1\n42,why,7,8,TN,a,b\n43,why,1,8,TN,a,b\n");
    Dataset dataset = read("next-qa");
    assertThat(dataset.items()).hasSize(1);
    assertThat(dataset.problems())
        .singleElement()
        .asString()
        .contains("row 1")
        .contains("option 7");
  }

  @Test
  void perceptionTest() throws IOException {
    file(
        "mc_question_valid.json",
        "{\"video_1\":{\"mc_question\":[{\"id\":0,\"question\":\"What?\",\"options\":[\"a\",\"b\",\"c\"],\"answer_id\":1,\"area\":\"physics\",\"reasoning\":\"descriptive\",\"tag\":[\"motion\"]}]}}");
    EvalItem item = only("perception-test");
    assertThat(item.id()).isEqualTo("video_1_0");
    assertThat(item.chance()).isEqualTo(1.0 / 3);
  }

  @Test
  void streamingBenchTakesTheTimeStampAlone() throws IOException {
    file(
        "questions_real.json",
        "[{\"time\":\"[0:00:00 -"
            + " 0:00:10]\",\"video_path\":\"./videos/s1.mp4\",\"questions\":[{\"task_type\":\"Object"
            + " Perception\",\"question\":\"What is shown right"
            + " now?\",\"time_stamp\":\"00:00:31\",\"answer\":\"B\",\"options\":[\"A."
            + " x\",\"y\"]}]}]");
    EvalItem item = only("streamingbench");
    assertThat(item.askAt()).contains(Duration.ofSeconds(31));
    assertThat(item.options()).containsExactly("x", "y");
    assertThat(item.video()).isEqualTo("s1.mp4");
  }

  @Test
  void ovoBenchAsksForwardTasksAtEachMoment() throws IOException {
    file(
        "ovo_bench_new.json",
        """
        [{"id":1,"task":"EPM","video":"Ego4D/x.mp4","realtime":64,"question":"What?","answer":"a","options":["a","b"],"gt":0},
         {"id":2,"task":"CRR","video":"M/y.mp4","question":"Who?","ask_time":297,"test_info":[{"realtime":297,"type":0},{"realtime":310,"type":1}]},
         {"id":3,"task":"REC","video":"M/z.mp4","activity":"jumping","test_info":[{"realtime":17,"count":2}]}]
        """);
    List<EvalItem> items = read("ovo-bench").items();
    assertThat(items).extracting(EvalItem::id).containsExactly("1", "2_0", "2_1", "3_0");
    assertThat(items)
        .extracting(EvalItem::form)
        .containsExactly(Form.CHOICE, Form.YES_NO, Form.YES_NO, Form.NUMBER);
    assertThat(items.get(2).answers()).containsExactly("Yes");
    assertThat(items.get(3).answers()).containsExactly("2");
  }

  @Test
  void flashVstreamAnswersArePositions() throws IOException {
    file(
        "lvbench/test_qa.json",
        "[{\"id\":\"17\",\"video_id\":\"ab12\",\"question\":\"Which colour?\\n"
            + "(A) red\\n"
            + "(B) blue\",\"answer\":1,\"type\":\"cartoon\",\"time_reference\":\"00:15-00:19\"}]");
    EvalItem item = only("flash-vstream");
    assertThat(item.id()).isEqualTo("lvbench/17");
    assertThat(item.answerIndex()).hasValue(1);
    assertThat(item.evidence()).containsExactly(new Span(15, 19));
  }

  @Test
  void ownQuestions() throws IOException {
    file(
        "q.csv",
        "id,video,question,answer,options,at,evidence,category\n"
            + "1,f.mp4,What?,blue,red|blue,1:05,10-12.5 20-21,colour\n"
            + "2,f.mp4,Who?,a guard,,,,\n"
            + "1,f.mp4,Again?,x,,,,\n");
    Dataset dataset = read("own");
    EvalItem choice = dataset.items().get(0);
    assertThat(choice.answerIndex()).hasValue(1);
    assertThat(choice.askAt()).contains(Duration.ofSeconds(65));
    assertThat(choice.evidence()).containsExactly(new Span(10, 12.5), new Span(20, 21));
    assertThat(dataset.items().get(1).form()).isEqualTo(Form.OPEN);
    assertThat(dataset.problems()).singleElement().asString().contains("the id 1 is there twice");
  }

  @Test
  void ownQuestionsAsJsonLines() throws IOException {
    file(
        "q.jsonl",
        "{\"id\":\"1\",\"video\":\"f.mp4\",\"question\":\"What?\",\"answer\":\"B\",\"options\":[\"red\",\"blue\"]}\n"
            + "not json\n");
    Dataset dataset = read("own");
    assertThat(dataset.items().get(0).answerIndex()).hasValue(1);
    assertThat(dataset.problems()).singleElement().asString().contains("line 2");
  }

  @Test
  void whatIsNotThereIsNamed() {
    assertThatThrownBy(() -> read("activitynet-qa"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("val_a.json");
    assertThatThrownBy(() -> Benchmark.named("no-such"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("moviechat-1k");
  }

  @Test
  void aFileOfAnotherVersionIsNamed() throws IOException {
    file(
        "ovo_bench_old.json",
        "[{\"id\":1,\"task\":\"XYZ\",\"video\":\"x.mp4\",\"question\":\"q\",\"options\":[\"a\",\"b\"],\"gt\":0,\"realtime\":1}]");
    assertThatThrownBy(() -> read("ovo-bench"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("XYZ");
  }

  @Test
  void filmsAreFoundBelowTheFolderOnly() throws IOException {
    file("videos/a/one.mkv", "");
    file("videos/v_two.mp4", "");
    file("secret.mp4", "");
    VideoFolder videos = new VideoFolder(folder.resolve("videos"));
    assertThat(videos.find("a/one.mp4")).isPresent();
    assertThat(videos.find("two")).isPresent();
    assertThat(videos.find("../secret.mp4")).isEmpty();
    assertThat(videos.find("/etc/passwd")).isEmpty();
    assertThat(videos.find("a\0b")).isEmpty();
  }
}
