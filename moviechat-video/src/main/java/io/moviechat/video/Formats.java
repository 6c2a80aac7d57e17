package io.moviechat.video;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** The containers that are opened. FFmpeg knows many more, hardly used and hardly tested. */
final class Formats {
  /** Containers of one file. Playlists are not among them: they name other files. */
  static final String FILES =
      String.join(
          ",",
          "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,live_flv,asf,ogg,mpegts,mpeg,mpegvideo",
          "h264,hevc,vvc,av1,obu,ivf,m4v,h263,vc1,vc1test,mjpeg,mjpeg_2000,mxf,gxf,wtv,rm,nut,dv",
          "yuv4mpegpipe,gif,apng,image2pipe,png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,tiff_pipe",
          "jpegxl_anim,jpegxl_pipe,j2k_pipe,ppm_pipe,pgm_pipe,mp3,wav,aac,flac,w64,aiff,au,amr,ac3,eac3");

  /** Containers of an address on the network: playlists and live protocols too. */
  static final String NETWORK = FILES + ",hls,rtsp,sdp,rtp";

  /** What an address may lead to: never a local file. */
  static final String NETWORK_PROTOCOLS =
      "http,https,httpproxy,tls,tcp,crypto,hls,rtsp,rtp,srtp,udp,rtmp,rtmps,rtmpt";

  private static final Pattern PICTURE =
      Pattern.compile("(?is).*\\.(jpe?g|jpe|jps|mpo|png|bmp|gif|webp|tiff?|p[bgnpa]m|jxl|jp2|tga)");

  private static final List<String> CERTIFICATE_FILES =
      List.of(
          "/etc/ssl/certs/ca-certificates.crt",
          "/etc/pki/tls/certs/ca-bundle.crt",
          "/etc/ssl/ca-bundle.pem",
          "/etc/ssl/cert.pem",
          "/opt/homebrew/etc/openssl@3/cert.pem",
          "/usr/local/etc/openssl@3/cert.pem");

  /** Bytes of packets of a transport stream, each begun by {@link #SYNC}: plain, or timed. */
  private static final int PACKET = 188;

  private static final int TIMED_PACKET = 192;
  private static final byte SYNC = 0x47;

  /**
   * FFmpeg tells a transport stream by ten packets of the longest kind. A shorter one it takes for
   * raw video and decodes the packets' headers as pictures.
   */
  static final int SURE_TRANSPORT_BYTES = 10 * 204;

  private Formats() {}

  /** Whether all bytes of a short file are packets of a transport stream. */
  static boolean isTransportStream(ByteBuffer file) {
    return isOfPackets(file, PACKET, 0) || isOfPackets(file, TIMED_PACKET, TIMED_PACKET - PACKET);
  }

  private static boolean isOfPackets(ByteBuffer file, int length, int syncAt) {
    int bytes = file.remaining();
    boolean all = bytes > 0 && bytes % length == 0;
    for (int at = syncAt; all && at < bytes; at += length) {
      all = file.get(file.position() + at) == SYNC;
    }
    return all;
  }

  /**
   * The name by which a file's container may be guessed beside its content: none for a picture,
   * because FFmpeg would take it for one of numbered files and look for the others.
   */
  static String probedName(String name) {
    return PICTURE.matcher(name).matches() ? "" : name;
  }

  /** The system's certificates, where FFmpeg's own OpenSSL would not look for them. */
  static Optional<String> certificates() {
    return CERTIFICATE_FILES.stream().filter(file -> Files.isReadable(Path.of(file))).findFirst();
  }
}
