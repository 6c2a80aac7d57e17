package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_NEW_EXTRADATA;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_PALETTE;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_get_side_data;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_new_side_data;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.jspecify.annotations.Nullable;

/**
 * Palettes and new headers, which come with one packet and hold for those after it: a seek would
 * lose them.
 */
final class CarriedHeaders {
  private static final int[] CARRIED = {AV_PKT_DATA_PALETTE, AV_PKT_DATA_NEW_EXTRADATA};

  private final Map<Integer, byte[]> carried = new HashMap<>();
  private boolean changed;
  private boolean due;

  /** What is read next is of another place. */
  void moved() {
    due = true;
  }

  /** Whether a palette was replaced by another one, so that a place tells which holds. */
  boolean changed() {
    return changed;
  }

  /** Remembers what holds for later packets too, and gives it to the first one after a seek. */
  void carry(AVPacket packet) {
    boolean nothing = packet.side_data_elems() == 0 && !(due && !carried.isEmpty());
    if (nothing) {
      due = false;
      return; // nearly always: looking for each kind takes longer than reading the packet
    }
    for (int type : CARRIED) {
      byte[] own = sideData(packet, type);
      byte[] known = carried.get(type);
      if (own != null) {
        changed |= type == AV_PKT_DATA_PALETTE && known != null && !Arrays.equals(known, own);
        carried.put(type, own);
      } else if (due && known != null) {
        BytePointer copy = av_packet_new_side_data(packet, type, known.length);
        if (copy != null) {
          copy.put(known);
        }
      }
    }
    due = false;
  }

  static byte @Nullable [] sideData(AVPacket packet, int type) {
    try (SizeTPointer size = new SizeTPointer(1)) {
      BytePointer data = av_packet_get_side_data(packet, type, size);
      if (data == null || data.isNull()) {
        return null;
      }
      byte[] bytes = new byte[(int) size.get()];
      data.get(bytes);
      return bytes;
    }
  }
}
