package io.moviechat.tinyworld;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * Writes training material to standard output for the training scripts, which read it through a
 * pipe.
 *
 * <pre>
 * frames SEED COUNT               one record a frame: 64 x 64 x 3 bytes, then 28 float32 (see {@link #labels})
 * scenes SEED FIRST COUNT         per scene: int32 bytes of JSON, JSON, int32 frames, frames x 64 x 64 x 3 bytes
 * movies SEED BANK_SEED BANK_SIZE MIN_SCENES MAX_SCENES LONG_PERCENT MAX_FRAMES HARD_PERCENT [SPLIT [MAX_CHANGES]]
 *                                 one line of JSON a movie, without end: scenes of the bank, moment, questions
 * </pre>
 */
// The order of the enums is part of the world: labels and held-out pairs count by it.
@SuppressWarnings("EnumOrdinal")
public final class WorldTool {
  static final int SIDE = 64;
  private static final int LABELS = 28;

  private WorldTool() {}

  /** See the class comment. Ends quietly when its reader goes away. */
  public static void main(String[] arguments) throws IOException {
    try {
      run(arguments);
    } catch (IOException e) {
      if (!String.valueOf(e.getMessage()).contains("Broken pipe")) {
        throw e;
      }
    }
  }

  private static void run(String[] arguments) throws IOException {
    // Not larger: whoever reads movies waits until the first buffer is full.
    try (OutputStream out =
        new BufferedOutputStream(
            new java.io.FileOutputStream(java.io.FileDescriptor.out), 1 << 16)) {
      switch (arguments[0]) {
        case "frames" -> frames(Long.parseLong(arguments[1]), Long.parseLong(arguments[2]), out);
        case "scenes" ->
            scenes(
                Long.parseLong(arguments[1]),
                Integer.parseInt(arguments[2]),
                Integer.parseInt(arguments[3]),
                World.Split.valueOf(arguments.length > 4 ? arguments[4] : "SEEN"),
                out);
        case "movies" -> movies(arguments, out);
        default -> throw new IllegalArgumentException("unknown command " + arguments[0]);
      }
    }
  }

  private static void frames(long seed, long count, OutputStream out) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    byte[] rgb = new byte[SIDE * SIDE * 3];
    ByteBuffer labels = ByteBuffer.allocate(LABELS * 4).order(ByteOrder.LITTLE_ENDIAN);
    for (long n = 0; n < count; ) {
      int actors = World.castSize(random);
      Scene scene = World.scene(random, World.Split.SEEN, actors, 4000, false);
      Painter.Disguise[] disguises = new Painter.Disguise[actors];
      boolean anyColour = random.nextInt(100) < 40;
      boolean anyShape = random.nextInt(100) < 25;
      for (int i = 0; i < actors; i++) {
        int rgbValue = anyColour && random.nextInt(4) != 0 ? brightColour(random) : -1;
        int blob = anyShape && random.nextInt(4) != 0 ? random.nextInt(1 << 20) : -1;
        disguises[i] = new Painter.Disguise(blob, rgbValue);
      }
      Painter painter = new Painter(scene, SIDE, disguises);
      for (int k = 0; k < 3 && n < count; k++, n++) {
        long millis = random.nextLong(scene.millis());
        painter.paint(millis, random.nextLong(), rgb);
        out.write(rgb);
        labels(scene, disguises, millis, labels);
        out.write(labels.array());
      }
    }
  }

  private static int brightColour(SplittableRandom random) {
    while (true) {
      int red = random.nextInt(256);
      int green = random.nextInt(256);
      int blue = random.nextInt(256);
      if (Math.max(red, Math.max(green, blue)) > 150) {
        return red << 16 | green << 8 | blue;
      }
    }
  }

  /**
   * Per actor: kind, colour (-1: masked), x, y, radius, sin, cos, visible (0 or 1); then backdrop,
   * actors, light 0, 0.
   */
  private static void labels(
      Scene scene, Painter.Disguise[] disguises, long millis, ByteBuffer labels) {
    float[] values = new float[LABELS];
    Arrays.fill(values, -2);
    for (int i = 0; i < scene.actors().size(); i++) {
      Actor actor = scene.actors().get(i);
      Actor.Pose pose = actor.pose(millis, scene.millis());
      boolean inside = pose.x() > -0.02 && pose.x() < 1.02 && pose.y() > -0.02 && pose.y() < 1.02;
      int at = i * 8;
      values[at] = disguises[i].blob() >= 0 ? -1 : actor.kind().ordinal();
      values[at + 1] = disguises[i].rgb() >= 0 ? -1 : actor.colour().ordinal();
      values[at + 2] = (float) pose.x();
      values[at + 3] = (float) pose.y();
      values[at + 4] = (float) pose.radius();
      values[at + 5] = (float) Math.sin(pose.angle());
      values[at + 6] = (float) Math.cos(pose.angle());
      values[at + 7] = pose.visible() && inside ? 1 : 0;
    }
    values[24] = scene.backdrop().type().ordinal();
    values[25] = scene.actors().size();
    labels.clear();
    for (float value : values) {
      labels.putFloat(value);
    }
  }

  private static void scenes(long seed, int first, int count, World.Split split, OutputStream out)
      throws IOException {
    byte[] rgb = new byte[SIDE * SIDE * 3];
    ByteBuffer number = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = first; i < first + count; i++) {
      Scene scene = SceneBank.scene(seed, i, split);
      byte[] json = SceneBank.json(scene).getBytes(StandardCharsets.UTF_8);
      out.write(number.clear().putInt(json.length).array());
      out.write(json);
      int frames = (int) (scene.millis() / World.STEP_MILLIS);
      out.write(number.clear().putInt(frames).array());
      Painter painter = new Painter(scene, SIDE);
      for (int k = 0; k < frames; k++) {
        painter.paint(k * World.STEP_MILLIS, k, rgb);
        out.write(rgb);
      }
    }
  }

  private static final QuestionType[] GLOBAL = {
    QuestionType.COLOUR,
    QuestionType.OBJECT,
    QuestionType.YES_NO,
    QuestionType.YES_NO,
    QuestionType.FIRST,
    QuestionType.LAST,
    QuestionType.AFTER,
    QuestionType.BEFORE,
    QuestionType.MOVE,
    QuestionType.COUNT_SCENES,
    QuestionType.COUNT_KIND,
    QuestionType.WHEN,
    QuestionType.DESCRIBE,
    QuestionType.FOLLOW_UP
  };
  private static final QuestionType[] HARD = {
    QuestionType.AFTER,
    QuestionType.BEFORE,
    QuestionType.MOVE,
    QuestionType.MOVE,
    QuestionType.COUNT_SCENES,
    QuestionType.COUNT_KIND,
    QuestionType.WHEN,
    QuestionType.DESCRIBE,
    QuestionType.FOLLOW_UP
  };
  private static final int QUESTIONS = 12;

  private static void movies(String[] arguments, OutputStream out) throws IOException {
    SplittableRandom random = new SplittableRandom(Long.parseLong(arguments[1]));
    World.Split split = World.Split.valueOf(arguments.length > 9 ? arguments[9] : "SEEN");
    MoviePlan plan =
        new MoviePlan(Long.parseLong(arguments[2]), Integer.parseInt(arguments[3]), split);
    int fewest = Integer.parseInt(arguments[4]);
    int most = Integer.parseInt(arguments[5]);
    int longPercent = Integer.parseInt(arguments[6]);
    int frames = Integer.parseInt(arguments[7]);
    int hardPercent = Integer.parseInt(arguments[8]);
    int mostChanges = arguments.length > 10 ? Integer.parseInt(arguments[10]) : 40;
    while (true) {
      boolean isLong = random.nextInt(100) < longPercent;
      List<MoviePlan.Shot> shots =
          isLong
              ? plan.needle(random, random.nextInt(200, frames), random.nextInt(6, mostChanges))
              : plan.shortMovie(random, random.nextInt(fewest, most + 1));
      Script script = plan.script(shots);
      long at = random.nextInt(100) < 40 ? QuestionMaker.breakpoint(script, random) : -1;
      QuestionMaker maker = new QuestionMaker(script, at, random);
      List<ScriptQuestion> questions = new ArrayList<>();
      if (at >= 0) {
        maker.ask(QuestionType.NOW).ifPresent(questions::add);
        maker.ask(QuestionType.JUST_BEFORE).ifPresent(questions::add);
      }
      if (isLong) {
        needleQuestions(script, maker, at, random, questions);
      }
      for (int attempt = 0; questions.size() < QUESTIONS && attempt < 40; attempt++) {
        QuestionType[] types = random.nextInt(100) < hardPercent ? HARD : GLOBAL;
        maker.ask(types[random.nextInt(types.length)]).ifPresent(questions::add);
      }
      out.write(json(shots, at, questions).getBytes(StandardCharsets.UTF_8));
    }
  }

  /**
   * Questions about the event of a long movie, which questions drawn from all scenes would seldom
   * meet.
   */
  private static void needleQuestions(
      Script script,
      QuestionMaker maker,
      long at,
      SplittableRandom random,
      List<ScriptQuestion> out) {
    Script.Segment event =
        script.segments().stream()
            .filter(s -> s.millis() <= 6 * World.STEP_MILLIS && !s.scene().cyclic())
            .findFirst()
            .orElse(script.segments().get(0));
    if (at >= 0 && event.endMillis() > at) {
      return;
    }
    Actor actor = event.scene().actors().get(0);
    out.addAll(maker.isThereAndIsNot(actor));
    for (int attempt = 0, found = 0; found < 3 && attempt < 60; attempt++) {
      QuestionType type =
          new QuestionType[] {
                QuestionType.COLOUR, QuestionType.OBJECT, QuestionType.YES_NO, QuestionType.WHEN
              }
              [random.nextInt(4)];
      Optional<ScriptQuestion> question = maker.ask(type);
      if (question.isPresent()
          && question.get().text().matches(".*\\b" + actor.kind().word() + "\\b.*")) {
        out.add(question.get());
        found++;
      }
    }
  }

  private static String json(List<MoviePlan.Shot> shots, long at, List<ScriptQuestion> questions) {
    StringBuilder line = new StringBuilder("{\"shots\":[");
    for (int i = 0; i < shots.size(); i++) {
      line.append(i == 0 ? "" : ",")
          .append("[%d,%d]".formatted(shots.get(i).scene(), shots.get(i).millis()));
    }
    line.append("],\"at\":").append(at).append(",\"questions\":[");
    for (int i = 0; i < questions.size(); i++) {
      line.append(i == 0 ? "" : ",").append("[\"").append(questions.get(i).type()).append('"');
      for (ScriptQuestion.Turn turn : questions.get(i).turns()) {
        line.append(",\"%s\",\"%s\"".formatted(turn.question(), turn.answer()));
      }
      line.append(']');
    }
    return line.append("]}\n").toString();
  }
}
