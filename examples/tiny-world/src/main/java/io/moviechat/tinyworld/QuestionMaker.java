package io.moviechat.tinyworld;

import io.moviechat.tinyworld.Script.Segment;
import io.moviechat.tinyworld.ScriptQuestion.Turn;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Makes questions about a script, or about what was seen of it by some moment. */
public final class QuestionMaker {
  /** A scene counts as seen when this much of it was shown. */
  private static final long SEEN_MILLIS = 750;

  /** Motion is asked of scenes that last at least this long. */
  private static final long MOVE_MILLIS = 3000;

  /** Scenes are counted up to this number. */
  static final int MOST_SCENES = 10;

  private static final String[] NUMBERS = {
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"
  };

  private final List<Segment> seen;
  private final Script script;
  private final long at;
  private final SplittableRandom random;

  /** Who is in the scenes seen, in their order; a movie of hundreds of scenes asks it often. */
  private final List<Role> roles;

  private final Map<Kind, List<Role>> rolesByKind;

  /**
   * @param script the movie
   * @param atMillis the moment of the breakpoint, or -1 for the whole movie
   * @param random chooses what is asked
   */
  public QuestionMaker(Script script, long atMillis, SplittableRandom random) {
    this.script = script;
    this.at = atMillis;
    this.random = random;
    this.seen =
        atMillis < 0
            ? script.segments()
            : script.segments().stream()
                .filter(s -> s.startMillis() + SEEN_MILLIS <= atMillis)
                .toList();
    if (seen.isEmpty()) {
      throw new IllegalArgumentException("nothing was seen yet at " + atMillis + " ms");
    }
    this.roles = roles(seen);
    this.rolesByKind = roles.stream().collect(Collectors.groupingBy(r -> r.actor().kind()));
  }

  /** A moment at which all actors on screen can be seen, or -1 if none was found. */
  public static long breakpoint(Script script, SplittableRandom random) {
    for (int attempt = 0; attempt < 40; attempt++) {
      Segment segment = script.segments().get(random.nextInt(script.segments().size()));
      long steps = segment.millis() / World.STEP_MILLIS;
      if (steps < 5) {
        continue;
      }
      long inside = random.nextLong(4, steps) * World.STEP_MILLIS;
      if (clear(segment, inside)) {
        return segment.startMillis() + inside;
      }
    }
    return -1;
  }

  private static boolean clear(Segment segment, long inside) {
    Scene scene = segment.scene();
    if (scene.fadeOut() && segment.millis() - inside < 750) {
      return false;
    }
    for (Actor actor : scene.actors()) {
      for (long t = Math.max(0, inside - 250); t <= inside; t += 250) {
        Actor.Pose pose =
            actor.pose(actor.action().cyclic() ? t : t % scene.millis(), scene.millis());
        boolean in = pose.x() > 0.04 && pose.x() < 0.96 && pose.y() > 0.04 && pose.y() < 0.96;
        if (!in || (t == inside && !pose.visible())) {
          return false;
        }
      }
    }
    return true;
  }

  /** A question of the type wanted, if this movie allows one that has a single right answer. */
  public Optional<ScriptQuestion> ask(QuestionType type) {
    return switch (type) {
      case COLOUR -> colour();
      case OBJECT -> object();
      case YES_NO -> yesNo();
      case FIRST -> edge(seen.get(0), QuestionType.FIRST);
      case LAST -> edge(seen.get(seen.size() - 1), QuestionType.LAST);
      case AFTER -> neighbour(1, QuestionType.AFTER);
      case BEFORE -> neighbour(-1, QuestionType.BEFORE);
      case MOVE -> move();
      case COUNT_SCENES -> countScenes();
      case COUNT_KIND -> countKind();
      case WHEN -> when();
      case DESCRIBE -> describe();
      case NOW -> now();
      case JUST_BEFORE -> justBefore();
      case FOLLOW_UP -> followUp();
    };
  }

  private record Role(Segment segment, int index, Actor actor) {}

  private static List<Role> roles(List<Segment> seen) {
    List<Role> roles = new ArrayList<>();
    for (int i = 0; i < seen.size(); i++) {
      for (Actor actor : seen.get(i).scene().actors()) {
        roles.add(new Role(seen.get(i), i, actor));
      }
    }
    return roles;
  }

  private List<Role> ofKind(Kind kind) {
    return rolesByKind.getOrDefault(kind, List.of());
  }

  private Optional<Role> pick(Predicate<Role> wanted) {
    List<Role> fitting = roles.stream().filter(wanted).toList();
    return fitting.isEmpty() ? Optional.empty() : Optional.of(choose(fitting));
  }

  /** "the fish", or "the red fish" where there are others; empty where even that is not unique. */
  private Optional<String> name(Role role) {
    List<Role> same = ofKind(role.actor().kind());
    if (same.size() == 1) {
      return Optional.of(
          "the " + (random.nextInt(4) == 0 ? role.actor().noun() : role.actor().kind().word()));
    }
    long pairs = same.stream().filter(r -> r.actor().colour() == role.actor().colour()).count();
    return pairs == 1 ? Optional.of("the " + role.actor().noun()) : Optional.empty();
  }

  private boolean oneColour(Kind kind) {
    return ofKind(kind).stream().map(r -> r.actor().colour()).distinct().count() == 1;
  }

  private Optional<ScriptQuestion> colour() {
    return pick(r -> oneColour(r.actor().kind()))
        .map(
            r -> {
              String kind = r.actor().kind().word();
              String question =
                  choose(
                          "What colour is the %s?",
                          "Which colour does the %s have?", "What is the colour of the %s?")
                      .formatted(kind);
              return one(
                  QuestionType.COLOUR,
                  question,
                  "The %s is %s.".formatted(kind, r.actor().colour().word()),
                  Colour.values().length);
            });
  }

  private Optional<ScriptQuestion> object() {
    return pick(r ->
            roles.stream()
                    .filter(o -> o.actor().colour() == r.actor().colour())
                    .map(o -> o.actor().kind())
                    .distinct()
                    .count()
                == 1)
        .map(
            r -> {
              String colour = r.actor().colour().word();
              return one(
                  QuestionType.OBJECT,
                  choose("What is %s?", "Which thing is %s?", "What is the %s thing?")
                      .formatted(colour),
                  "The %s is %s.".formatted(r.actor().kind().word(), colour),
                  Kind.values().length);
            });
  }

  private Optional<ScriptQuestion> yesNo() {
    boolean yes = random.nextBoolean();
    boolean kindOnly = random.nextInt(3) == 0;
    String noun = null;
    for (int attempt = 0; noun == null && attempt < 30; attempt++) {
      Actor near = choose(roles).actor();
      Kind kind = near.kind();
      Colour colour = near.colour();
      if (!yes) {
        int how = random.nextInt(10);
        if (kindOnly || how >= 8) {
          kind = choose(Arrays.asList(Kind.values()));
        } else if (how < 6) {
          colour = choose(Arrays.asList(Colour.values()));
        } else {
          kind = choose(Arrays.asList(Kind.values()));
          colour = choose(roles).actor().colour();
        }
      }
      Kind askedKind = kind;
      Colour askedColour = colour;
      boolean there =
          roles.stream()
              .anyMatch(
                  r ->
                      r.actor().kind() == askedKind
                          && (kindOnly || r.actor().colour() == askedColour));
      if (there == yes) {
        noun = kindOnly ? kind.word() : colour.word() + " " + kind.word();
      }
    }
    if (noun == null) {
      return Optional.empty();
    }
    return Optional.of(isThere(noun, yes));
  }

  private ScriptQuestion isThere(String noun, boolean yes) {
    String question =
        choose("Was there %s?", "Is there %s in the video?", "Did you see %s?")
            .formatted(withArticle(noun));
    return one(QuestionType.YES_NO, question, yes ? "Yes." : "No.", 2);
  }

  /**
   * Two questions whose answers differ: whether an actor of the movie is there, and whether one of
   * its kind is there in a colour in which the movie does not show it.
   */
  List<ScriptQuestion> isThereAndIsNot(Actor actor) {
    List<Colour> absent =
        Arrays.stream(Colour.values())
            .filter(
                colour ->
                    roles.stream()
                        .map(Role::actor)
                        .noneMatch(a -> a.kind() == actor.kind() && a.colour() == colour))
            .toList();
    String kind = " " + actor.kind().word();
    List<ScriptQuestion> questions = new ArrayList<>();
    questions.add(isThere(actor.colour().word() + kind, true));
    if (!absent.isEmpty()) {
      questions.add(isThere(choose(absent).word() + kind, false));
    }
    return questions;
  }

  private Optional<ScriptQuestion> edge(Segment segment, QuestionType type) {
    if (segment.scene().actors().size() > 2) {
      return Optional.empty();
    }
    String question =
        type == QuestionType.FIRST
            ? choose(
                "What comes first?", "What is in the first scene?", "How does the video begin?")
            : choose("What comes last?", "What is in the last scene?", "How does the video end?");
    return Optional.of(one(type, question, cast(segment), pairs()));
  }

  private Optional<ScriptQuestion> neighbour(int step, QuestionType type) {
    return pick(r -> {
          int other = r.index() + step;
          return other >= 0
              && other < seen.size()
              && seen.get(other).scene().actors().size() <= 2
              && name(r).isPresent();
        })
        .map(
            r -> {
              String word = step > 0 ? "after" : "before";
              String question =
                  choose("What comes %s %s?", "What is in the scene %s %s?")
                      .formatted(word, name(r).orElseThrow());
              return one(type, question, cast(seen.get(r.index() + step)), pairs());
            });
  }

  private boolean moveKnown(Role r) {
    boolean over = at < 0 || r.segment().endMillis() <= at;
    return over && r.segment().millis() >= MOVE_MILLIS && name(r).isPresent();
  }

  private Optional<ScriptQuestion> move() {
    return pick(this::moveKnown)
        .map(
            r ->
                one(
                    QuestionType.MOVE,
                    choose("How does %s move?", "What does %s do?")
                        .formatted(name(r).orElseThrow()),
                    "It " + r.actor().action().phrase() + ".",
                    Action.values().length));
  }

  private Optional<ScriptQuestion> countScenes() {
    if (seen.size() > MOST_SCENES) {
      return Optional.empty();
    }
    String so = at < 0 ? "" : " so far";
    String question =
        choose("How many scenes are there%s?", "How many scenes did you see%s?").formatted(so);
    String answer =
        seen.size() == 1 ? "There is one scene." : "There are " + NUMBERS[seen.size()] + " scenes.";
    return Optional.of(one(QuestionType.COUNT_SCENES, question, answer, MOST_SCENES));
  }

  private Optional<ScriptQuestion> countKind() {
    if (seen.size() > MOST_SCENES) {
      return Optional.empty();
    }
    Kind kind =
        random.nextInt(4) == 0
            ? choose(Arrays.asList(Kind.values()))
            : choose(roles).actor().kind();
    int count = (int) roles.stream().filter(r -> r.actor().kind() == kind).count();
    String question =
        choose("In how many scenes is there %s?", "How many scenes have %s?")
            .formatted(withArticle(kind.word()));
    return Optional.of(
        one(
            QuestionType.COUNT_KIND,
            question,
            "In " + NUMBERS[count] + (count == 1 ? " scene." : " scenes."),
            seen.size() + 1));
  }

  private Optional<ScriptQuestion> when() {
    if (at >= 0 || seen.size() < 2) {
      return Optional.empty();
    }
    return pick(r -> part(r.segment()) >= 0 && name(r).isPresent())
        .map(
            r -> {
              String question =
                  choose("When does %s appear?", "In which part of the video is %s?")
                      .formatted(name(r).orElseThrow());
              String[] parts = {"At the beginning.", "In the middle.", "At the end."};
              return one(QuestionType.WHEN, question, parts[part(r.segment())], 3);
            });
  }

  /** The third of the movie in which most of the segment lies; -1 where that is not clear. */
  private int part(Segment segment) {
    double middle = (segment.startMillis() + segment.endMillis()) / 2.0 / script.millis();
    for (double border : new double[] {1 / 3.0, 2 / 3.0}) {
      if (Math.abs(middle - border) < 0.06) {
        return -1;
      }
    }
    return (int) (middle * 3);
  }

  private Optional<ScriptQuestion> describe() {
    if (seen.size() > 3
        || at >= 0
        || seen.stream().anyMatch(s -> s.scene().actors().size() > 2 || s.millis() < MOVE_MILLIS)) {
      return Optional.empty();
    }
    String text =
        seen.stream()
            .map(
                s ->
                    s.scene().actors().stream()
                        .map(a -> withArticle(a.noun()) + " " + a.action().phrase())
                        .collect(Collectors.joining(" and ")))
            .map(QuestionMaker::sentence)
            .collect(Collectors.joining(" Then: "));
    return Optional.of(
        one(
            QuestionType.DESCRIBE,
            choose("Describe the video.", "What happens in the video?"),
            text,
            pairs() * Action.values().length));
  }

  private Optional<ScriptQuestion> now() {
    if (at < 0 || script.at(at).scene().actors().size() > 2) {
      return Optional.empty();
    }
    return Optional.of(
        one(
            QuestionType.NOW,
            choose(
                "What is on screen now?", "What do you see now?", "What is there at this moment?"),
            cast(script.at(at)),
            pairs()));
  }

  private Optional<ScriptQuestion> justBefore() {
    if (at < 0 || seen.size() < 2 || !seen.get(seen.size() - 1).equals(script.at(at))) {
      return Optional.empty();
    }
    Segment before = seen.get(seen.size() - 2);
    if (before.scene().actors().size() > 2) {
      return Optional.empty();
    }
    return Optional.of(
        one(
            QuestionType.JUST_BEFORE,
            choose(
                "What happened just before?",
                "What was on screen just before this scene?",
                "What was in the scene before this one?"),
            cast(before),
            pairs()));
  }

  private Optional<ScriptQuestion> followUp() {
    int which = random.nextInt(3);
    if (which == 2) {
      // "How does it move?" after a question that names the thing by its colour.
      return object()
          .flatMap(
              first -> {
                Optional<Role> role =
                    pick(
                        r ->
                            moveKnown(r)
                                && first
                                    .answer()
                                    .equals(
                                        "The %s is %s."
                                            .formatted(
                                                r.actor().kind().word(),
                                                r.actor().colour().word())));
                return role.map(r -> followed(first, howDoesItMove(), moves(r)));
              });
    }
    Optional<ScriptQuestion> first = colour();
    if (first.isEmpty()) {
      return first;
    }
    String answer = first.get().answer();
    String kind = answer.substring("The ".length(), answer.indexOf(" is "));
    List<Role> named = roles.stream().filter(r -> r.actor().kind().word().equals(kind)).toList();
    if (named.size() != 1) {
      return Optional.empty();
    }
    Role role = named.get(0);
    if (which == 0) {
      return moveKnown(role)
          ? Optional.of(followed(first.get(), howDoesItMove(), moves(role)))
          : Optional.empty();
    }
    int next = role.index() + 1;
    if (next >= seen.size() || seen.get(next).scene().actors().size() > 2) {
      return Optional.empty();
    }
    return Optional.of(
        followed(
            first.get(),
            choose("What comes after it?", "And what is in the scene after it?"),
            cast(seen.get(next))));
  }

  private String howDoesItMove() {
    return choose("How does it move?", "And what does it do?");
  }

  private static String moves(Role role) {
    return "It " + role.actor().action().phrase() + ".";
  }

  private ScriptQuestion followed(ScriptQuestion first, String question, String answer) {
    List<Turn> turns = new ArrayList<>(first.turns());
    turns.add(new Turn(question, answer));
    return new ScriptQuestion(QuestionType.FOLLOW_UP, turns, at, Action.values().length);
  }

  private static String cast(Segment segment) {
    return sentence(
        segment.scene().actors().stream()
            .map(a -> withArticle(a.noun()))
            .collect(Collectors.joining(" and ")));
  }

  private static String sentence(String text) {
    return Character.toUpperCase(text.charAt(0)) + text.substring(1) + ".";
  }

  private static String withArticle(String noun) {
    return (noun.startsWith("orange") ? "an " : "a ") + noun;
  }

  private static int pairs() {
    return Kind.values().length * Colour.values().length;
  }

  private ScriptQuestion one(QuestionType type, String question, String answer, int choices) {
    return new ScriptQuestion(type, List.of(new Turn(question, answer)), at, choices);
  }

  private String choose(String... wordings) {
    return wordings[random.nextInt(wordings.length)];
  }

  private <T> T choose(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }
}
