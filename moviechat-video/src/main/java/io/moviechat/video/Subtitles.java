package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.*;
import static org.bytedeco.ffmpeg.global.avformat.*;
import static org.bytedeco.ffmpeg.global.avutil.*;

import io.moviechat.VideoException;
import io.moviechat.internal.Nanos;
import io.moviechat.internal.NativeOwner;
import io.moviechat.speech.Cue;
import io.moviechat.speech.Cues;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avcodec.AVSubtitle;
import org.bytedeco.ffmpeg.avcodec.AVSubtitleRect;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVDictionaryEntry;
import org.bytedeco.javacpp.PointerPointer;

/**
 * Timed text of a video: the text tracks inside a file, and {@code .srt} and {@code .vtt} files
 * beside it. Pictures of text (DVD, Blu-ray) are not read.
 */
public final class Subtitles {
  /** A film has a few thousand cues; a file that claims more is not believed. */
  private static final int MAX_CUES = 200_000;

  private static final long MAX_FILE_BYTES = 64L << 20;

  private Subtitles() {}

  /**
   * A track of text.
   *
   * @param origin {@code embedded} or the name of the file beside the video
   * @param codec FFmpeg's name of its format, {@code subrip} for one
   * @param language as the container or the file name tells ({@code film.en.srt})
   * @param cues in order of their start
   */
  public record Track(String origin, String codec, Optional<String> language, List<Cue> cues) {
    /** Copies the cues. */
    public Track {
      cues = List.copyOf(cues);
    }

    Cues inItsLanguage() {
      return Cues.of(
          cues.stream().map(cue -> language.map(cue::withLanguage).orElse(cue)).toList());
    }
  }

  /** The first track that has cues, in a language: a known one before those that tell none. */
  static Optional<Track> in(Optional<String> language, List<Track> all) {
    List<Track> tracks = all.stream().filter(track -> !track.cues().isEmpty()).toList();
    if (language.isEmpty()) {
      return tracks.stream().findFirst();
    }
    String wanted = Languages.key(language.get());
    return tracks.stream()
        .filter(track -> track.language().map(Languages::key).equals(Optional.of(wanted)))
        .findFirst()
        .or(() -> tracks.stream().filter(track -> track.language().isEmpty()).findFirst());
  }

  /**
   * Reads all text tracks of a video file: embedded ones first, then those beside it whose name
   * begins with the video's, in order of their names.
   *
   * @throws VideoException if a file cannot be read
   */
  public static List<Track> of(Path video) {
    List<Track> tracks = new ArrayList<>(read(video, true));
    String name = String.valueOf(video.getFileName());
    int point = name.lastIndexOf('.');
    String stem = point > 0 ? name.substring(0, point) : name;
    Path folder = video.toAbsolutePath().getParent();
    if (folder == null) {
      return List.copyOf(tracks);
    }
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> beside =
          files
              .filter(file -> isBeside(String.valueOf(file.getFileName()), stem))
              .filter(Files::isRegularFile)
              .sorted()
              .toList();
      for (Path file : beside) {
        tracks.addAll(read(file, false));
      }
    } catch (IOException e) {
      throw new VideoException("the folder " + folder + " cannot be listed: " + e, e);
    }
    return List.copyOf(tracks);
  }

  private static boolean isBeside(String name, String stem) {
    String lower = name.toLowerCase(Locale.ROOT);
    return name.startsWith(stem + ".") && (lower.endsWith(".srt") || lower.endsWith(".vtt"));
  }

  private static Optional<String> languageOf(Path file) {
    String[] parts = String.valueOf(file.getFileName()).split("\\.", -1);
    return parts.length >= 3 && parts[parts.length - 2].matches("[A-Za-z]{2,3}")
        ? Optional.of(parts[parts.length - 2].toLowerCase(Locale.ROOT))
        : Optional.empty();
  }

  private static List<Track> read(Path file, boolean embedded) {
    Ffmpeg.load();
    long maxBytes = embedded ? VideoOptions.DEFAULT.maxBytes() : MAX_FILE_BYTES;
    return read(file, VideoInput.OfFile.open(file, maxBytes), embedded);
  }

  /**
   * Reads the text tracks of one file.
   *
   * @param input the file's bytes; closed here
   */
  static List<Track> read(Path file, VideoInput input, boolean embedded) {
    VideoOptions options = VideoOptions.DEFAULT;
    String name = file.toString();
    try (Watchdog watchdog = new Watchdog(Nanos.saturated(options.timeout()));
        InputBridge bridge = new InputBridge(input, watchdog)) {
      AVFormatContext format = Ffmpeg.allocated(avformat_alloc_context());
      format.pb(bridge.context());
      format.flags(format.flags() | AVFormatContext.AVFMT_FLAG_CUSTOM_IO);
      watchdog.guard(format);
      AVDictionary settings = new AVDictionary(null);
      av_dict_set(settings, "protocol_whitelist", "none", 0);
      av_dict_set(settings, "format_whitelist", embedded ? Formats.FILES : "srt,webvtt", 0);
      int code = avformat_open_input(format, name, null, settings);
      av_dict_free(settings);
      if (code < 0) {
        throw new VideoException(
            name + " has no subtitles that can be read (FFmpeg: " + Ffmpeg.errorText(code) + ")");
      }
      NativeOwner owner = NativeOwner.open(format, "subtitles of " + name);
      try {
        Container.analyse(name, format, options);
        return tracks(file, embedded, format, bridge, watchdog);
      } finally {
        avformat_close_input(format);
        owner.close();
      }
    }
  }

  private static List<Track> tracks(
      Path file, boolean embedded, AVFormatContext format, InputBridge bridge, Watchdog watchdog) {
    Map<Integer, TextDecoder> decoders = new HashMap<>();
    AVPacket packet = Ffmpeg.allocated(av_packet_alloc());
    try {
      for (int i = 0; i < format.nb_streams(); i++) {
        AVStream stream = format.streams(i);
        Optional<TextDecoder> decoder = TextDecoder.open(stream);
        decoder.ifPresentOrElse(
            found -> decoders.put(stream.index(), found), () -> stream.discard(AVDISCARD_ALL));
      }
      long start = format.start_time();
      long origin = embedded && start != Ffmpeg.NO_TIME ? Math.max(0, start) * 1000 : 0;
      while (!decoders.isEmpty() && read(file, format, packet, bridge, watchdog)) {
        TextDecoder decoder = decoders.get(packet.stream_index());
        if (decoder != null) {
          decoder.decode(packet, origin);
        }
        av_packet_unref(packet);
      }
      List<Track> tracks = new ArrayList<>();
      for (int i = 0; i < format.nb_streams(); i++) {
        TextDecoder decoder = decoders.get(i);
        if (decoder != null) {
          tracks.add(
              new Track(
                  embedded ? "embedded" : String.valueOf(file.getFileName()),
                  decoder.codecName,
                  decoder.language.or(() -> embedded ? Optional.empty() : languageOf(file)),
                  decoder.cues.stream().sorted(Comparator.comparing(Cue::start)).toList()));
        }
      }
      return tracks;
    } finally {
      av_packet_free(packet);
      decoders.values().forEach(TextDecoder::close);
    }
  }

  /**
   * Reads the next packet.
   *
   * @return false at the end of the file
   * @throws VideoException if the file breaks off: half the cues of a film look like all of them
   */
  private static boolean read(
      Path file, AVFormatContext format, AVPacket packet, InputBridge bridge, Watchdog watchdog) {
    watchdog.progress();
    int code = av_read_frame(format, packet);
    Throwable failure = bridge.failure();
    if (failure != null) {
      throw new VideoException(file + " cannot be read any further: " + failure, failure);
    }
    if (code < 0 && code != AVERROR_EOF()) {
      throw new VideoException(
          "the subtitles of "
              + file
              + " break off: the file is damaged (FFmpeg: "
              + Ffmpeg.errorText(code)
              + ")");
    }
    return code >= 0;
  }

  /** Decodes one track into cues. FFmpeg turns every text format into lines of ASS. */
  private static final class TextDecoder {
    private final AVCodecContext context;
    private final AVStream stream;
    private final String codecName;
    private final Optional<String> language;
    private final List<Cue> cues = new ArrayList<>();

    private TextDecoder(AVCodecContext context, AVStream stream) {
      this.context = context;
      this.stream = stream;
      this.codecName = avcodec_get_name(stream.codecpar().codec_id()).getString();
      AVDictionaryEntry entry = av_dict_get(stream.metadata(), "language", null, 0);
      this.language =
          entry == null || entry.value().getString().equals("und")
              ? Optional.empty()
              : Optional.of(entry.value().getString());
    }

    static Optional<TextDecoder> open(AVStream stream) {
      if (stream.codecpar().codec_type() != AVMEDIA_TYPE_SUBTITLE) {
        return Optional.empty();
      }
      var descriptor = avcodec_descriptor_get(stream.codecpar().codec_id());
      if (descriptor == null || (descriptor.props() & AV_CODEC_PROP_TEXT_SUB) == 0) {
        return Optional.empty();
      }
      AVCodec codec = avcodec_find_decoder(stream.codecpar().codec_id());
      if (codec == null) {
        return Optional.empty();
      }
      AVCodecContext context = Ffmpeg.allocated(avcodec_alloc_context3(codec));
      avcodec_parameters_to_context(context, stream.codecpar());
      context.pkt_timebase(stream.time_base());
      if (avcodec_open2(context, codec, (PointerPointer<?>) null) < 0) {
        avcodec_free_context(context);
        return Optional.empty();
      }
      return Optional.of(new TextDecoder(context, stream));
    }

    void decode(AVPacket packet, long origin) {
      if (cues.size() >= MAX_CUES || packet.pts() == Ffmpeg.NO_TIME) {
        return;
      }
      int numerator = stream.time_base().num();
      int denominator = stream.time_base().den();
      long start = Ffmpeg.nanos(packet.pts(), numerator, denominator) - origin;
      long end = start + Ffmpeg.nanos(Math.max(0, packet.duration()), numerator, denominator);
      AVSubtitle subtitle = new AVSubtitle();
      int[] got = {0};
      try {
        if (avcodec_decode_subtitle2(context, subtitle, got, packet) < 0 || got[0] == 0) {
          return;
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < subtitle.num_rects(); i++) {
          AVSubtitleRect rect = subtitle.rects(i);
          if (rect.ass() != null && !rect.ass().isNull()) {
            text.append(text.isEmpty() ? "" : "\n").append(plain(rect.ass().getString()));
          }
        }
        String plain = text.toString().strip();
        if (!plain.isEmpty() && start >= 0 && end >= start) {
          cues.add(
              Cue.of(Duration.ofNanos(start), Duration.ofNanos(end), plain, Cue.Origin.SUBTITLE));
        }
      } finally {
        if (got[0] != 0) {
          avsubtitle_free(subtitle);
        }
        subtitle.close();
      }
    }

    /**
     * The text of an ASS line: what follows its eighth comma, without {@code {...}} and escapes.
     */
    private static String plain(String ass) {
      int at = 0;
      for (int commas = 0; commas < 8; commas++) {
        int comma = ass.indexOf(',', at);
        if (comma < 0) {
          break;
        }
        at = comma + 1;
      }
      return ass.substring(at)
          .replaceAll("\\{[^}]*\\}", "")
          .replace("\\N", "\n")
          .replace("\\n", "\n")
          .replace("\\h", " ")
          .lines()
          .map(String::strip)
          .filter(line -> !line.isEmpty())
          .reduce((a, b) -> a + "\n" + b)
          .orElse("");
    }

    void close() {
      avcodec_free_context(context);
    }
  }
}
