package io.moviechat.speech;

import static io.moviechat.internal.Checks.require;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Cues as SubRip and WebVTT write them. */
final class SubtitleText {
  private static final String TIME = "(?:(\\d{1,6}):)?(\\d{1,2}):(\\d{1,2})[.,](\\d{1,3})";
  private static final Pattern TIMES =
      Pattern.compile("\\s*" + TIME + "\\s*-->\\s*" + TIME + "(?:\\s.*)?");
  private static final Pattern TAG = Pattern.compile("<[^<>]*>");

  private SubtitleText() {}

  static String srt(List<Cue> cues) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < cues.size(); i++) {
      Cue cue = cues.get(i);
      text.append(i + 1).append('\n');
      text.append(time(cue.start(), ',')).append(" --> ").append(time(cue.end(), ','));
      text.append('\n').append(cue.text()).append("\n\n");
    }
    return text.toString();
  }

  static String vtt(List<Cue> cues) {
    StringBuilder text = new StringBuilder("WEBVTT\n\n");
    for (Cue cue : cues) {
      text.append(time(cue.start(), '.')).append(" --> ").append(time(cue.end(), '.'));
      text.append('\n').append(escaped(cue.text())).append("\n\n");
    }
    return text.toString();
  }

  private static String time(Duration time, char point) {
    return String.format(
        Locale.ROOT,
        "%02d:%02d:%02d%c%03d",
        time.toHours(),
        time.toMinutesPart(),
        time.toSecondsPart(),
        point,
        time.toMillisPart());
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }

  private static String unescaped(String text) {
    return TAG.matcher(text)
        .replaceAll("")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&nbsp;", " ")
        .replace("&lrm;", "")
        .replace("&rlm;", "")
        .replace("&amp;", "&");
  }

  static List<Cue> parse(String text) {
    String content = text.startsWith("\uFEFF") ? text.substring(1) : text;
    boolean vtt = content.startsWith("WEBVTT");
    List<Cue> cues = new ArrayList<>();
    List<String> block = new ArrayList<>();
    for (String line : (Iterable<String>) content.lines()::iterator) {
      if (line.isBlank()) {
        add(block, vtt, cues);
        block.clear();
      } else {
        block.add(line);
      }
    }
    add(block, vtt, cues);
    require(
        !cues.isEmpty() || vtt || content.isBlank(),
        "these are no subtitles: nowhere is a line such as 00:00:01,000 --> 00:00:02,000");
    return cues;
  }

  /** A block's times stand in its first line, or in its second below a number or a name. */
  private static void add(List<String> block, boolean vtt, List<Cue> cues) {
    for (int i = 0; i < Math.min(2, block.size()); i++) {
      Matcher times = TIMES.matcher(block.get(i));
      if (times.matches()) {
        String lines = String.join("\n", block.subList(i + 1, block.size()));
        Duration start = time(times, 1);
        Duration end = time(times, 5);
        String plain = vtt ? unescaped(lines) : lines;
        if (!Cue.lines(plain).isEmpty() && end.compareTo(start) >= 0) {
          cues.add(Cue.of(start, end, plain, Cue.Origin.SUBTITLE));
        }
        return;
      }
    }
  }

  private static Duration time(Matcher times, int group) {
    long hours = times.group(group) == null ? 0 : Long.parseLong(times.group(group));
    String fraction = (times.group(group + 3) + "00").substring(0, 3);
    return Duration.ofHours(hours)
        .plusMinutes(Long.parseLong(times.group(group + 1)))
        .plusSeconds(Long.parseLong(times.group(group + 2)))
        .plusMillis(Long.parseLong(fraction));
  }
}
