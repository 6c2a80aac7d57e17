package io.moviechat.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.service.AiServices;
import io.moviechat.llm.langchain4j.MovieTools;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tools of moviechat-llm in LangChain4j's own loop; here, where all modules meet. */
class MovieToolsTest {
  private static final Pattern HANDLE = Pattern.compile("handle ([0-9a-f]{16})");

  interface Assistant {
    String chat(String message);
  }

  /** A model that calls what a script says and, at its end, repeats what it heard last. */
  private static final class ScriptedModel implements ChatModel {
    private final List<String[]> script;
    private final List<String> heard = new ArrayList<>();
    private int step;

    ScriptedModel(String[]... script) {
      this.script = List.of(script);
    }

    @Override
    public ChatResponse doChat(ChatRequest request) {
      ChatMessage last = request.messages().get(request.messages().size() - 1);
      if (last instanceof ToolExecutionResultMessage result) {
        heard.add(result.text());
      }
      if (step == script.size()) {
        return answer(AiMessage.from(heard.get(heard.size() - 1)));
      }
      String[] call = script.get(step++);
      String arguments = call[1];
      if (!heard.isEmpty()) {
        Matcher handle = HANDLE.matcher(heard.get(0));
        if (handle.find()) {
          arguments = arguments.replace("HANDLE", handle.group(1));
        }
      }
      return answer(
          AiMessage.from(
              ToolExecutionRequest.builder()
                  .id("call" + step)
                  .name(call[0])
                  .arguments(arguments)
                  .build()));
    }

    private static ChatResponse answer(AiMessage message) {
      return ChatResponse.builder().aiMessage(message).build();
    }
  }

  private static String run(Fixture fixture, Path folder, ScriptedModel model) {
    return AiServices.builder(Assistant.class)
        .chatModel(model)
        .tools(MovieTools.of(fixture.films.library(), folder))
        .build()
        .chat("How many scenes has clip.mp4?");
  }

  @Test
  void anAgentWatchesAndAsks(@TempDir Path folder) throws Exception {
    try (Fixture fixture = Fixture.open(folder)) {
      Path clip = fixture.clip("clip.mp4", 3);
      ScriptedModel model =
          new ScriptedModel(
              new String[] {"watchVideo", "{\"path\": \"clip.mp4\"}"},
              new String[] {"listVideos", "{}"},
              new String[] {
                "askAt", "{\"handle\": \"HANDLE\", \"seconds\": 2, \"question\": \"What is it?\"}"
              },
              new String[] {
                "askVideo",
                "{\"handle\": \"HANDLE\", \"question\": \"How many scenes are in the video?\"}"
              });
      String answer = run(fixture, clip.getParent(), model);
      assertThat(model.heard).hasSize(4).noneMatch(text -> text.startsWith("Not done"));
      assertThat(answer).contains("Rests on [00:00-");
    }
  }

  @Test
  void whatCannotBeDoneIsSaid(@TempDir Path folder) throws Exception {
    try (Fixture fixture = Fixture.open(folder)) {
      Path allowed = fixture.films.folders().allowed().get(0);
      ScriptedModel model =
          new ScriptedModel(
              new String[] {"watchVideo", "{\"path\": \"../../etc/passwd\"}"},
              new String[] {"askVideo", "{\"handle\": \"nothing\", \"question\": \"Who?\"}"});
      assertThat(run(fixture, allowed, model)).contains("Not done: there is no film nothing");
      assertThat(model.heard.get(0)).contains("Not done: there is no video");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> MovieTools.of(fixture.films.library(), folder.resolve("nowhere")));
    }
  }
}
