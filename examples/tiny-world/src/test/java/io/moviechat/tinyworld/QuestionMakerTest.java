package io.moviechat.tinyworld;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class QuestionMakerTest {
  private static final Script SCRIPT =
      Script.of(
          List.of(
              scene(4000, actor(Kind.FISH, Colour.RED, Action.LEFT)),
              scene(
                  5000,
                  actor(Kind.HOUSE, Colour.ORANGE, Action.STILL),
                  actor(Kind.STAR, Colour.BLUE, Action.SPINS)),
              scene(3000, actor(Kind.CAR, Colour.CYAN, Action.BLINKS))));

  @Test
  void globalAnswersFollowTheScript() {
    assertThat(answers(QuestionType.COLOUR, -1))
        .containsExactlyInAnyOrder(
            "The fish is red.", "The house is orange.", "The star is blue.", "The car is cyan.");
    assertThat(answers(QuestionType.OBJECT, -1)).isEqualTo(answers(QuestionType.COLOUR, -1));
    assertThat(answers(QuestionType.YES_NO, -1)).containsExactlyInAnyOrder("Yes.", "No.");
    assertThat(answers(QuestionType.FIRST, -1)).containsExactly("A red fish.");
    assertThat(answers(QuestionType.LAST, -1)).containsExactly("A cyan car.");
    assertThat(answers(QuestionType.AFTER, -1))
        .containsExactlyInAnyOrder("An orange house and a blue star.", "A cyan car.");
    assertThat(answers(QuestionType.BEFORE, -1))
        .containsExactlyInAnyOrder("An orange house and a blue star.", "A red fish.");
    assertThat(answers(QuestionType.MOVE, -1))
        .containsExactlyInAnyOrder("It moves left.", "It stays still.", "It spins.", "It blinks.");
    assertThat(answers(QuestionType.COUNT_SCENES, -1)).containsExactly("There are three scenes.");
    assertThat(answers(QuestionType.COUNT_KIND, -1))
        .containsExactlyInAnyOrder("In no scenes.", "In one scene.");
    assertThat(answers(QuestionType.WHEN, -1))
        .containsExactlyInAnyOrder("At the beginning.", "In the middle.", "At the end.");
    assertThat(answers(QuestionType.DESCRIBE, -1))
        .containsExactly(
            "A red fish moves left. Then: An orange house stays still and a blue star spins."
                + " Then: A cyan car blinks.");
    assertThat(answers(QuestionType.NOW, -1)).isEmpty();
    assertThat(answers(QuestionType.JUST_BEFORE, -1)).isEmpty();
    assertThat(answers(QuestionType.FOLLOW_UP, -1))
        .contains("It moves left.", "A cyan car.", "An orange house and a blue star.");
  }

  @Test
  void breakpointsKnowNothingOfTheFuture() {
    assertThat(answers(QuestionType.NOW, 5000)).containsExactly("An orange house and a blue star.");
    assertThat(answers(QuestionType.JUST_BEFORE, 5000)).containsExactly("A red fish.");
    assertThat(answers(QuestionType.LAST, 5000))
        .containsExactly("An orange house and a blue star.");
    assertThat(answers(QuestionType.COUNT_SCENES, 5000)).containsExactly("There are two scenes.");
    assertThat(answers(QuestionType.COLOUR, 5000)).doesNotContain("The car is cyan.");
    assertThat(answers(QuestionType.MOVE, 5000)).containsExactly("It moves left.");
    assertThatThrownBy(() -> new QuestionMaker(SCRIPT, 100, new SplittableRandom(1)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void oneThingIsThereAndItsLikeInAnotherColourIsNot() {
    Actor fish = actor(Kind.FISH, Colour.RED, Action.LEFT);
    List<ScriptQuestion> pair =
        new QuestionMaker(SCRIPT, -1, new SplittableRandom(3)).isThereAndIsNot(fish);
    assertThat(pair).extracting(ScriptQuestion::answer).containsExactly("Yes.", "No.");
    assertThat(pair.get(0).text()).contains("a red fish");
    assertThat(pair.get(1).text()).contains(" fish").doesNotContain("red");
  }

  @ParameterizedTest
  @EnumSource(QuestionType.class)
  void yesAndNoAreBalancedAndQuestionsRepeatable(QuestionType type) {
    for (int seed = 0; seed < 20; seed++) {
      Script script = Movies.ofScenes(3, World.Split.SEEN, seed);
      Set<QuestionType> types = EnumSet.of(type);
      boolean moments = Examiner.BREAKPOINT.contains(type) && !Examiner.GLOBAL.contains(type);
      assertThat(Examiner.questions(script, types, moments, 3, seed))
          .isEqualTo(Examiner.questions(script, types, moments, 3, seed));
    }
    if (type == QuestionType.YES_NO) {
      int yes = 0;
      List<String> all = new ArrayList<>();
      for (int seed = 0; seed < 400; seed++) {
        Script script = Movies.ofScenes(4, World.Split.SEEN, seed);
        Optional<ScriptQuestion> question =
            new QuestionMaker(script, -1, new SplittableRandom(seed)).ask(type);
        question.ifPresent(q -> all.add(q.answer()));
      }
      for (String answer : all) {
        yes += answer.equals("Yes.") ? 1 : 0;
      }
      assertThat(all).hasSizeGreaterThan(350);
      assertThat((double) yes / all.size()).isBetween(0.42, 0.58);
    }
  }

  @Test
  void exactMatchForgivesOnlyForm() {
    ScriptQuestion question =
        new ScriptQuestion(
            QuestionType.FIRST,
            List.of(new ScriptQuestion.Turn("What comes first?", "A red fish.")),
            -1,
            96);
    assertThat(question.isAnsweredBy(" a Red fish")).isTrue();
    assertThat(question.isAnsweredBy("The red fish!")).isTrue();
    assertThat(question.isAnsweredBy("A red bird.")).isFalse();
    assertThat(question.isAnsweredBy("A red fish and a car.")).isFalse();
    assertThat(question.isAnsweredBy("")).isFalse();
  }

  private static Set<String> answers(QuestionType type, long at) {
    Set<String> answers = new java.util.TreeSet<>();
    QuestionMaker maker = new QuestionMaker(SCRIPT, at, new SplittableRandom(42));
    for (int i = 0; i < 300; i++) {
      maker.ask(type).ifPresent(q -> answers.add(q.answer()));
    }
    return answers;
  }

  private static Scene scene(long millis, Actor... actors) {
    return new Scene(
        new Backdrop(Backdrop.Type.PLAIN, 1), List.of(actors), millis, false, false, 0, 0);
  }

  private static Actor actor(Kind kind, Colour colour, Action action) {
    return new Actor(kind, colour, action, 0, false, 0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0, 1, 1000, 1);
  }
}
