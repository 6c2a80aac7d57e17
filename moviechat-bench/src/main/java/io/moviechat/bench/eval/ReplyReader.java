package io.moviechat.bench.eval;

import com.google.common.collect.ImmutableMap;
import io.moviechat.bench.eval.EvalItem.Form;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads an answer out of a reply. Deterministic: the same reply gives the same answer, and what
 * names none or several is unreadable, never drawn by lot. Beside our own rules there are those of
 * other evaluators, for figures that compare with theirs.
 */
abstract class ReplyReader {
  /** The version of the rules; part of every result. */
  static final String RULES = "2026-11";

  private static final String MARKS = "[\\s*_`\"'\\u201C\\u201D\\u2018\\u2019]*";
  private static final Pattern WHOLE =
      Pattern.compile(MARKS + "[(\\[]?" + MARKS + "([A-Ha-h])" + MARKS + "[)\\].:]*" + MARKS);
  private static final Pattern START =
      Pattern.compile(
          "^" + MARKS + "(?:[(\\[]([A-Ha-h])[)\\]]|([A-Ha-h])\\)|([A-H])[.:])(?=[\\s*_`\"']|$)");
  private static final Pattern LEAD_IN =
      Pattern.compile(
          "(?i:\\b(?:answer|option|choice))(?i:\\s+is)?\\s*:?"
              + MARKS
              + "[(\\[]?([A-H])(?![\\p{L}\\p{N}'\\u2019-])");
  private static final Pattern ALONE =
      Pattern.compile("(?<![\\p{L}\\p{N}'\\u2019-])([A-H])(?![\\p{L}\\p{N}'\\u2019-])");
  private static final Pattern ARTICLE =
      Pattern.compile("^\\s+(?!(?:or|and)\\b)\\p{Ll}.*", Pattern.DOTALL);
  private static final Pattern ALTERNATIVE =
      Pattern.compile(
          "^[)\\].:,*_\"'\\s]*(?:/|&|,|(?i:or|and))" + MARKS + "[(\\[]?[A-H](?![\\p{L}\\p{N}]).*",
          Pattern.DOTALL);
  private static final Pattern NUMBER = Pattern.compile("\\d+");

  private static final ImmutableMap<String, ReplyReader> BY_NAME =
      ImmutableMap.of(
          "ours", new Ours(),
          "lmms", new Lmms(),
          "vlmevalkit", new FirstLetter("vlmevalkit", "[A-D]"),
          "mlvu", new BeforeParenthesis(),
          "first-char", new FirstCharacter(),
          "ovo", new Contained(),
          "exact", new Exact());

  /** Names of all rules; "original" stands for those of a benchmark's own authors. */
  static List<String> names() {
    List<String> names = new ArrayList<>(BY_NAME.keySet());
    names.add("original");
    return names;
  }

  /**
   * Rules by name.
   *
   * @param benchmark whose authors' rules "original" means
   */
  static ReplyReader named(String name, String benchmark) {
    String meant =
        !name.equals("original")
            ? name
            : switch (benchmark) {
              case "video-mme", "flash-vstream" -> "vlmevalkit";
              case "mlvu" -> "mlvu";
              case "streamingbench" -> "first-char";
              case "ovo-bench" -> "ovo";
              case "activitynet-qa" -> "exact";
              default -> "ours";
            };
    ReplyReader reader = BY_NAME.get(meant);
    if (reader == null) {
      throw new IllegalArgumentException(
          "there are no rules '" + name + "'; there are " + String.join(", ", names()));
    }
    return reader;
  }

  private final String name;

  private ReplyReader(String name) {
    this.name = name;
  }

  String name() {
    return name;
  }

  /** Whether these rules say for themselves when words are right, so that no judge is asked. */
  boolean judgesWords() {
    return false;
  }

  /** Reads a reply to a question that is not open. */
  final Reading read(EvalItem item, String reply) {
    return switch (item.form()) {
      case CHOICE -> choice(item, reply);
      case NUMBER -> number(item, reply);
      case YES_NO -> yesNo(item, reply);
      case OPEN, MARKED -> words(item, reply);
    };
  }

  /**
   * The position of the option that is meant, from 0, and the rule; a negative one is unreadable.
   */
  abstract Found find(String reply, List<String> options);

  record Found(int index, String rule) {
    static Found none(String rule) {
      return new Found(-1, rule);
    }
  }

  Reading choice(EvalItem item, String reply) {
    Found found = find(reply, item.options());
    if (found.index() < 0 || found.index() >= item.options().size()) {
      return Reading.unreadable(found.rule());
    }
    // By its words: a few sets offer the right answer twice.
    boolean right =
        item.answerIndex().isPresent()
            && item.options()
                .get(found.index())
                .equals(item.options().get(item.answerIndex().getAsInt()));
    return new Reading(true, right, Letters.of(found.index()), found.rule());
  }

  Reading number(EvalItem item, String reply) {
    TreeSet<String> numbers = new TreeSet<>();
    for (String word : Words.of(reply)) {
      if (NUMBER.matcher(word).matches()) {
        numbers.add(word.replaceFirst("^0+(?=\\d)", ""));
      }
    }
    if (numbers.size() != 1) {
      return Reading.unreadable(numbers.isEmpty() ? "no-number" : "several-numbers");
    }
    String given = numbers.first();
    return new Reading(true, item.answers().contains(given), given, "number");
  }

  Reading yesNo(EvalItem item, String reply) {
    List<String> words = Words.of(reply);
    boolean yes = words.contains("yes");
    boolean no = words.contains("no");
    String first = words.isEmpty() ? "" : words.get(0);
    String given =
        first.equals("yes") || first.equals("no") ? first : yes == no ? "" : yes ? "yes" : "no";
    if (given.isEmpty()) {
      return Reading.unreadable("neither-yes-nor-no");
    }
    boolean right = item.answers().get(0).toLowerCase(Locale.ROOT).equals(given);
    return new Reading(true, right, given, given.equals(first) ? "first-word" : "only-word");
  }

  Reading words(EvalItem item, String reply) {
    throw new IllegalStateException("open questions are a judge's, item " + item.id());
  }

  /** Our own rules, in this order; the first that yields one letter wins. */
  private static final class Ours extends ReplyReader {
    Ours() {
      super("ours");
    }

    @Override
    Found find(String reply, List<String> options) {
      String text = reply.strip();
      if (text.isEmpty()) {
        return Found.none("empty");
      }
      Matcher whole = WHOLE.matcher(text);
      if (whole.matches()) {
        return letter(whole.group(1), options, "letter");
      }
      Matcher start = START.matcher(text);
      if (start.find()) {
        if (ALTERNATIVE.matcher(text.substring(start.end())).matches()) {
          return Found.none("several-letters");
        }
        String letter =
            start.group(1) != null
                ? start.group(1)
                : start.group(2) != null ? start.group(2) : start.group(3);
        return letter(letter, options, "start");
      }
      Found led = leadIn(text, options);
      return led.index() >= 0 || !led.rule().isEmpty() ? led : alone(text, options);
    }

    private static Found leadIn(String text, List<String> options) {
      Found last = Found.none("");
      Matcher leads = LEAD_IN.matcher(text);
      while (leads.find()) {
        String after = text.substring(leads.end());
        if (ALTERNATIVE.matcher(after).matches()) {
          last = Found.none("several-letters");
        } else if (!(leads.group(1).equals("A") && ARTICLE.matcher(after).matches())) {
          last = letter(leads.group(1), options, "lead-in");
        }
      }
      return last;
    }

    private static Found alone(String text, List<String> options) {
      TreeSet<String> letters = new TreeSet<>();
      Matcher alone = ALONE.matcher(text);
      while (alone.find()) {
        boolean article =
            alone.group(1).equals("A") && ARTICLE.matcher(text.substring(alone.end())).matches();
        if (!article && Letters.indexOf(alone.group(1), options.size()).isPresent()) {
          letters.add(alone.group(1));
        }
      }
      if (letters.size() == 1) {
        return letter(letters.first(), options, "alone");
      }
      return letters.isEmpty() ? text(text, options) : Found.none("several-letters");
    }

    /** The only option whose words the reply has; one within another does not count beside it. */
    private static Found text(String text, List<String> options) {
      String reply = Words.normalise(text);
      List<String> words = options.stream().map(Words::normalise).toList();
      List<Integer> there = new ArrayList<>();
      for (int i = 0; i < words.size(); i++) {
        if (Words.contains(reply, words.get(i))) {
          there.add(i);
        }
      }
      List<Integer> longest =
          there.stream()
              .filter(
                  i ->
                      there.stream()
                          .noneMatch(
                              j ->
                                  !words.get(j).equals(words.get(i))
                                      && Words.contains(words.get(j), words.get(i))))
              .toList();
      return longest.size() == 1
          ? new Found(longest.get(0), "text")
          : Found.none(longest.isEmpty() ? "no-option" : "several-options");
    }

    private static Found letter(String letter, List<String> options, String rule) {
      OptionalInt index = Letters.indexOf(letter, options.size());
      return index.isPresent() ? new Found(index.getAsInt(), rule) : Found.none("not-offered");
    }
  }

  /**
   * lmms-eval's table of priorities as it was through 2025: where a letter stands gives it points,
   * the most points win, the later one on a tie. What it drew by lot is unreadable here.
   */
  private static final class Lmms extends ReplyReader {
    private record Place(Pattern pattern, int points) {}

    private static final List<Place> PLACES =
        List.of(
            new Place(Pattern.compile("^\\s*([A-H])(?=[\\s.,:)]|$)"), 10),
            new Place(Pattern.compile("(?<=[\\s(])([A-H])[.)]?\\s*$"), 9),
            new Place(
                Pattern.compile("(?i:answer|option|choice)(?i:\\s+is)?\\s*:?\\s*\\(?([A-H])\\b"),
                7),
            new Place(Pattern.compile("\\(([A-H])\\)"), 6),
            new Place(Pattern.compile("\\b([A-H])\\."), 5),
            new Place(Pattern.compile("\\b([A-H]):"), 4),
            new Place(Pattern.compile("\\b([A-H])\\)"), 3),
            new Place(Pattern.compile("\\b([A-H])\\s"), 2),
            new Place(Pattern.compile("([A-H])"), 0));

    Lmms() {
      super("lmms");
    }

    @Override
    Found find(String reply, List<String> options) {
      int best = -1;
      int points = -1;
      int position = -1;
      for (Place place : PLACES) {
        Matcher matcher = place.pattern.matcher(reply);
        while (matcher.find()) {
          OptionalInt index = Letters.indexOf(matcher.group(1), options.size());
          boolean better =
              place.points > points || (place.points == points && matcher.start(1) > position);
          if (index.isPresent() && better) {
            best = index.getAsInt();
            points = place.points;
            position = matcher.start(1);
          }
        }
      }
      return best < 0 ? Found.none("lmms-none") : new Found(best, "lmms-" + points);
    }
  }

  /** The first letter of a class anywhere, even an article. */
  private static final class FirstLetter extends ReplyReader {
    private final Pattern pattern;

    FirstLetter(String name, String letters) {
      super(name);
      pattern = Pattern.compile(letters);
    }

    @Override
    Found find(String reply, List<String> options) {
      Matcher first = pattern.matcher(reply);
      return first.find()
          ? new Found(first.group().charAt(0) - 'A', name())
          : Found.none(name() + "-none");
    }
  }

  /** MLVU's: the character before the first closing parenthesis, or the first one. */
  private static final class BeforeParenthesis extends ReplyReader {
    BeforeParenthesis() {
      super("mlvu");
    }

    @Override
    Found find(String reply, List<String> options) {
      String text = reply.strip();
      int at = text.indexOf(')');
      char letter = at > 0 ? text.charAt(at - 1) : text.isEmpty() ? ' ' : text.charAt(0);
      return letter >= 'A' && letter <= 'H'
          ? new Found(letter - 'A', "mlvu")
          : Found.none("mlvu-none");
    }
  }

  /** StreamingBench's: the first character. */
  private static final class FirstCharacter extends ReplyReader {
    FirstCharacter() {
      super("first-char");
    }

    @Override
    Found find(String reply, List<String> options) {
      char letter = reply.isEmpty() ? ' ' : reply.charAt(0);
      return letter >= 'A' && letter <= 'H'
          ? new Found(letter - 'A', "first-char")
          : Found.none("first-char-none");
    }
  }

  /** OVO-Bench's: the truth's letter (or Yes, No) is somewhere in the reply; digits are joined. */
  private static final class Contained extends ReplyReader {
    Contained() {
      super("ovo");
    }

    @Override
    Found find(String reply, List<String> options) {
      throw new IllegalStateException("contained is asked with the truth");
    }

    @Override
    Reading choice(EvalItem item, String reply) {
      String truth = Letters.of(item.answerIndex().orElse(0));
      return new Reading(!reply.isBlank(), reply.contains(truth), "", "ovo");
    }

    @Override
    Reading number(EvalItem item, String reply) {
      String digits = reply.replaceAll("\\D", "");
      return new Reading(!digits.isEmpty(), item.answers().contains(digits), digits, "ovo");
    }

    @Override
    Reading yesNo(EvalItem item, String reply) {
      String truth = item.answers().get(0);
      boolean right = reply.contains(truth) || reply.equals(truth.substring(0, 1));
      return new Reading(!reply.isBlank(), right, "", "ovo");
    }
  }

  /** ActivityNet-QA's: the reply is the answer, character by character. */
  private static final class Exact extends ReplyReader {
    Exact() {
      super("exact");
    }

    @Override
    boolean judgesWords() {
      return true;
    }

    @Override
    Found find(String reply, List<String> options) {
      int at = options.indexOf(reply);
      return at < 0 ? Found.none("exact-none") : new Found(at, "exact");
    }

    @Override
    Reading words(EvalItem item, String reply) {
      if (item.form() == Form.MARKED) {
        return Reading.unreadable("exact-none");
      }
      return new Reading(true, item.answers().contains(reply), reply, "exact");
    }
  }
}
