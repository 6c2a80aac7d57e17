package io.moviechat.tinyworld;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WorldTest {
  @Test
  void sameSeedSameScene() {
    for (int i = 0; i < 100; i++) {
      assertThat(SceneBank.scene(7, i, World.Split.SEEN))
          .isEqualTo(SceneBank.scene(7, i, World.Split.SEEN));
    }
    assertThat(SceneBank.scene(7, 0, World.Split.SEEN))
        .isNotEqualTo(SceneBank.scene(8, 0, World.Split.SEEN));
  }

  @ParameterizedTest
  @EnumSource(World.Split.class)
  void splitsHoldOutPairs(World.Split split) {
    for (int i = 0; i < 500; i++) {
      for (Actor actor : SceneBank.scene(11, i, split).actors()) {
        assertThat(World.heldOut(actor.kind(), actor.colour()))
            .isEqualTo(split == World.Split.UNSEEN_COLOURS);
        assertThat(World.heldOut(actor.kind(), actor.action()))
            .isEqualTo(split == World.Split.UNSEEN_ACTIONS);
      }
    }
  }

  @Test
  void everyKindColourAndActionOccurs() {
    List<Actor> actors =
        java.util.stream.IntStream.range(0, 2000)
            .mapToObj(i -> SceneBank.scene(3, i, World.Split.SEEN))
            .flatMap(s -> s.actors().stream())
            .toList();
    assertThat(actors).extracting(Actor::kind).contains(Kind.values());
    assertThat(actors).extracting(Actor::colour).contains(Colour.values());
    assertThat(actors).extracting(Actor::action).contains(Action.values());
  }

  @Test
  void actorsOfOneSceneDifferInKindAndColour() {
    SplittableRandom random = new SplittableRandom(5);
    for (int i = 0; i < 300; i++) {
      Scene scene = World.scene(random, World.Split.SEEN, 3, 4000, false);
      assertThat(scene.actors()).extracting(Actor::kind).doesNotHaveDuplicates();
      assertThat(scene.actors()).extracting(Actor::colour).doesNotHaveDuplicates();
    }
  }

  @Test
  void movesGoTheWayTheySay() {
    int checked = 0;
    for (int i = 0; i < 2000; i++) {
      Scene scene = SceneBank.scene(3, i, World.Split.SEEN);
      for (Actor actor : scene.actors()) {
        Actor.Pose start = actor.pose(0, scene.millis());
        Actor.Pose end = actor.pose(scene.millis(), scene.millis());
        switch (actor.action()) {
          case LEFT -> assertThat(end.x()).isLessThan(start.x() - 0.05);
          case RIGHT -> assertThat(end.x()).isGreaterThan(start.x() + 0.05);
          case UP -> assertThat(end.y()).isLessThan(start.y() - 0.05);
          case DOWN -> assertThat(end.y()).isGreaterThan(start.y() + 0.05);
          case GROWS -> assertThat(end.radius()).isGreaterThan(start.radius() * 1.5);
          case SHRINKS -> assertThat(end.radius()).isLessThan(start.radius() / 1.5);
          case STILL -> assertThat(end).isEqualTo(start);
          default -> checked--;
        }
        checked++;
      }
    }
    assertThat(checked).isGreaterThan(1000);
  }
}
