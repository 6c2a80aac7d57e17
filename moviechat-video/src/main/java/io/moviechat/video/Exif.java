package io.moviechat.video;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * How a photo is to be turned, from the EXIF data in its file: JPEG, PNG, WebP and TIFF. FFmpeg's
 * decoders hand it on for some of these only.
 */
final class Exif {
  private static final int ORIENTATION = 0x112;
  private static final int SHORT = 3;

  private Exif() {}

  /** The orientation of a whole picture file; upright if it says nothing that can be read. */
  static Orientation orientation(ByteBuffer file) {
    try {
      ByteBuffer tiff = find(file.duplicate().order(ByteOrder.BIG_ENDIAN));
      return tiff == null ? Orientation.UPRIGHT : Orientation.ofExif(read(tiff));
    } catch (BufferUnderflowException | IllegalArgumentException | IndexOutOfBoundsException e) {
      return Orientation.UPRIGHT; // cut off or wrong: nobody knows how it is turned
    }
  }

  private static @Nullable ByteBuffer find(ByteBuffer file) {
    if (file.remaining() < 12) {
      return null;
    }
    int start = file.getInt(file.position());
    if (start >>> 16 == 0xffd8) {
      return ofJpeg(file);
    }
    if (start == 0x89504e47) {
      return ofPng(file);
    }
    if (start == 0x52494646) {
      return ofWebp(file);
    }
    return start == 0x49492a00 || start == 0x4d4d002a ? file : null;
  }

  /** In the segment APP1, before the picture begins. */
  private static @Nullable ByteBuffer ofJpeg(ByteBuffer file) {
    int at = file.position() + 2;
    while (at + 4 <= file.limit() && (file.get(at) & 0xff) == 0xff) {
      int marker = file.get(at + 1) & 0xff;
      if (marker == 0xff) {
        at++;
        continue;
      }
      if (marker == 0xda || marker == 0xd9) {
        return null;
      }
      int length = file.getShort(at + 2) & 0xffff;
      if (marker == 0xe1 && length > 8 && file.getInt(at + 4) == 0x45786966) {
        return file.slice(at + 10, length - 8);
      }
      at += 2 + length;
    }
    return null;
  }

  /** In the chunk eXIf, before the picture or after it. */
  private static @Nullable ByteBuffer ofPng(ByteBuffer file) {
    long at = file.position() + 8L;
    while (at + 12 <= file.limit()) {
      int length = file.getInt((int) at);
      if (length < 0) {
        return null;
      }
      if (file.getInt((int) at + 4) == 0x65584966) {
        return file.slice((int) at + 8, length);
      }
      at += 12L + length;
    }
    return null;
  }

  /** In the chunk EXIF. */
  private static @Nullable ByteBuffer ofWebp(ByteBuffer file) {
    file.order(ByteOrder.LITTLE_ENDIAN);
    long at = file.position() + 12L;
    while (at + 8 <= file.limit()) {
      long length = file.getInt((int) at + 4) & 0xffffffffL;
      byte[] name = new byte[4];
      file.get((int) at, name);
      if (new String(name, ISO_8859_1).equals("EXIF")) {
        ByteBuffer data = file.slice((int) at + 8, (int) length).order(ByteOrder.BIG_ENDIAN);
        // Some programs put JPEG's heading there too.
        return data.getInt(0) == 0x45786966 ? data.slice(6, data.remaining() - 6) : data;
      }
      at += 8 + length + length % 2;
    }
    return null;
  }

  /** The value in the first directory of TIFF data, 0 if there is none. */
  private static int read(ByteBuffer tiff) {
    ByteBuffer data = tiff.slice();
    data.order(data.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    int directory = data.getInt(4);
    int entries = data.getShort(directory) & 0xffff;
    for (int i = 0; i < entries; i++) {
      int entry = directory + 2 + 12 * i;
      boolean found = (data.getShort(entry) & 0xffff) == ORIENTATION;
      if (found && data.getShort(entry + 2) == SHORT) {
        return data.getShort(entry + 8);
      }
    }
    return 0;
  }
}
