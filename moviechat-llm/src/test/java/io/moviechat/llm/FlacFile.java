package io.moviechat.llm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads FLAC files of one channel (RFC 9639), which hold the exact samples of goldens. */
final class FlacFile {
  private final byte[] bytes;
  private long bit;
  private int bitsPerSample;
  private int largestBlock;

  private FlacFile(byte[] bytes) {
    this.bytes = bytes;
  }

  /** Samples in [-1, 1). */
  static float[] read(Path file) throws IOException {
    return new FlacFile(Files.readAllBytes(file)).decode();
  }

  private float[] decode() throws IOException {
    require(bits(32) == 0x664C6143, "no FLAC file");
    long total = 0;
    for (boolean last = false; !last; ) {
      last = bits(1) == 1;
      int type = (int) bits(7);
      long end = (bits(24) << 3) + bit;
      if (type == 0) {
        bits(16);
        largestBlock = (int) bits(16);
        bits(48);
        require(bits(20) == 16_000, "not 16 kHz");
        require(bits(3) == 0, "not one channel");
        bitsPerSample = (int) bits(5) + 1;
        total = bits(36);
      }
      bit = end;
    }
    float[] samples = new float[(int) total];
    int[] block = new int[largestBlock];
    int at = 0;
    while (at < total) {
      int size = frame(block);
      for (int i = 0; i < size; i++) {
        samples[at++] = block[i] / (float) (1 << (bitsPerSample - 1));
      }
    }
    return samples;
  }

  private int frame(int[] block) throws IOException {
    require(bits(14) == 0x3FFE, "lost");
    bits(2);
    int sizeCode = (int) bits(4);
    int rateCode = (int) bits(4);
    require(bits(4) == 0, "not one channel");
    bits(4);
    for (int first = (int) bits(8), more = Integer.numberOfLeadingZeros(~first << 24);
        more > 1;
        more--) {
      bits(8);
    }
    int size =
        switch (sizeCode) {
          case 1 -> 192;
          case 6 -> (int) bits(8) + 1;
          case 7 -> (int) bits(16) + 1;
          default -> sizeCode < 6 ? 576 << (sizeCode - 2) : 256 << (sizeCode - 8);
        };
    bits(rateCode == 12 ? 8 : rateCode > 12 ? 16 : 0);
    bits(8);
    subframe(block, size);
    bit = (bit + 7) / 8 * 8 + 16;
    return size;
  }

  private void subframe(int[] out, int size) throws IOException {
    bits(1);
    int type = (int) bits(6);
    int wasted = 0;
    if (bits(1) == 1) {
      wasted = 1;
      while (bits(1) == 0) {
        wasted++;
      }
    }
    int width = bitsPerSample - wasted;
    if (type == 0) {
      java.util.Arrays.fill(out, 0, size, signed(width));
    } else if (type == 1) {
      for (int i = 0; i < size; i++) {
        out[i] = signed(width);
      }
    } else if (type >= 8 && type <= 12) {
      int order = type - 8;
      int[][] fixed = {{}, {1}, {2, -1}, {3, -3, 1}, {4, -6, 4, -1}};
      predicted(out, size, width, order, fixed[order], 0);
    } else {
      require(type >= 32, "a subframe of type " + type);
      int order = type - 31;
      for (int i = 0; i < order; i++) {
        out[i] = signed(width);
      }
      int precision = (int) bits(4) + 1;
      int shift = signed(5);
      int[] coefficients = new int[order];
      for (int i = 0; i < order; i++) {
        coefficients[i] = signed(precision);
      }
      residual(out, size, order, coefficients, shift);
    }
    for (int i = 0; wasted > 0 && i < size; i++) {
      out[i] <<= wasted;
    }
  }

  private void predicted(int[] out, int size, int width, int order, int[] fixed, int shift)
      throws IOException {
    for (int i = 0; i < order; i++) {
      out[i] = signed(width);
    }
    residual(out, size, order, fixed, shift);
  }

  private void residual(int[] out, int size, int order, int[] coefficients, int shift)
      throws IOException {
    int parameterBits = bits(2) == 0 ? 4 : 5;
    int partitions = 1 << (int) bits(4);
    int at = order;
    for (int partition = 0; partition < partitions; partition++) {
      int end = (partition + 1) * (size / partitions);
      int parameter = (int) bits(parameterBits);
      boolean escaped = parameter == (1 << parameterBits) - 1;
      int raw = escaped ? (int) bits(5) : 0;
      for (; at < end; at++) {
        int difference;
        if (escaped) {
          difference = raw == 0 ? 0 : signed(raw);
        } else {
          long quotient = 0;
          while (bits(1) == 0) {
            quotient++;
          }
          long folded = (quotient << parameter) | bits(parameter);
          difference = (int) ((folded >>> 1) ^ -(folded & 1));
        }
        long sum = 0;
        for (int i = 0; i < coefficients.length; i++) {
          sum += (long) coefficients[i] * out[at - 1 - i];
        }
        out[at] = (int) (sum >> shift) + difference;
      }
    }
  }

  private int signed(int width) {
    return (int) (bits(width) << (64 - width) >> (64 - width));
  }

  private long bits(int count) {
    long value = 0;
    for (int i = 0; i < count; i++, bit++) {
      value = (value << 1) | ((bytes[(int) (bit >> 3)] >> (7 - (bit & 7))) & 1);
    }
    return value;
  }

  private static void require(boolean condition, String problem) throws IOException {
    if (!condition) {
      throw new IOException(problem);
    }
  }
}
