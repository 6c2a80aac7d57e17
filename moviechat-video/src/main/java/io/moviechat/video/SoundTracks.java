package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_ENCRYPTION_INIT_INFO;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_get_name;
import static org.bytedeco.ffmpeg.global.avformat.AV_DISPOSITION_COMMENT;
import static org.bytedeco.ffmpeg.global.avformat.AV_DISPOSITION_DEFAULT;
import static org.bytedeco.ffmpeg.global.avformat.AV_DISPOSITION_DESCRIPTIONS;
import static org.bytedeco.ffmpeg.global.avformat.AV_DISPOSITION_VISUAL_IMPAIRED;
import static org.bytedeco.ffmpeg.global.avutil.AVMEDIA_TYPE_AUDIO;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_get;

import io.moviechat.VideoException;
import java.util.Optional;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecParameters;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionaryEntry;

/** Which track of sound is heard. */
final class SoundTracks {
  /** The type of a sample entry that hides which codec it is, {@code enca}. */
  private static final int ENCRYPTED = 'e' | 'n' << 8 | 'c' << 16 | 'a' << 24;

  private static final int ASIDE =
      AV_DISPOSITION_COMMENT | AV_DISPOSITION_VISUAL_IMPAIRED | AV_DISPOSITION_DESCRIPTIONS;

  private SoundTracks() {}

  /**
   * The track in the wished language, else the one marked as default, else one that is no
   * commentary or description for the blind, else the first. What cannot be decoded comes last.
   *
   * @return -1 if there is no sound
   * @throws VideoException if the track can only be heard with a key
   */
  static int choose(String name, AVFormatContext format, Optional<String> language) {
    Optional<String> wished = language.map(Languages::shortest);
    int best = -1;
    int bestScore = -1;
    for (int i = 0; i < format.nb_streams(); i++) {
      AVStream stream = format.streams(i);
      if (stream.codecpar().codec_type() != AVMEDIA_TYPE_AUDIO) {
        continue;
      }
      int disposition = stream.disposition();
      int score = 0;
      score += isDecodable(stream) ? 8 : 0;
      score += wished.isPresent() && wished.equals(language(stream)) ? 4 : 0;
      score += (disposition & AV_DISPOSITION_DEFAULT) != 0 ? 2 : 0;
      score += (disposition & ASIDE) == 0 ? 1 : 0;
      if (score > bestScore) {
        best = i;
        bestScore = score;
      }
    }
    if (best >= 0) {
      refuseProtected(name, format.streams(best));
    }
    return best;
  }

  private static boolean isDecodable(AVStream stream) {
    AVCodec codec = avcodec_find_decoder(stream.codecpar().codec_id());
    return codec != null && !codec.isNull();
  }

  private static void refuseProtected(String name, AVStream stream) {
    AVCodecParameters parameters = stream.codecpar();
    if (parameters.codec_tag() == ENCRYPTED
        || Display.find(stream, AV_PKT_DATA_ENCRYPTION_INIT_INFO, 1) != null) {
      throw new VideoException(
          name
              + " is encrypted: its sound is protected and can only be heard with a key, which this"
              + " library does not take; use a copy without protection");
    }
    if (!isDecodable(stream)) {
      throw new VideoException(
          name
              + " holds "
              + avcodec_get_name(parameters.codec_id()).getString()
              + " sound, which this build of FFmpeg cannot decode; convert it, to AAC for one");
    }
  }

  /** The language of a track as {@link Languages#shortest}, if the container tells. */
  static Optional<String> language(AVStream stream) {
    AVDictionaryEntry entry = av_dict_get(stream.metadata(), "language", null, 0);
    return entry == null
        ? Optional.empty()
        : Optional.of(Languages.shortest(entry.value().getString()))
            .filter(code -> !code.equals("und"));
  }
}
