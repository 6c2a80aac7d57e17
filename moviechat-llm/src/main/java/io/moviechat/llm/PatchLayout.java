package io.moviechat.llm;

import com.google.common.collect.ImmutableMap;
import com.google.common.primitives.ImmutableLongArray;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * The inputs of encoders that read a list of patches in place of a picture: in which order a
 * prepared picture's values stand in {@code pixel_values}, and what the other inputs say about each
 * picture. All pictures have the same size, so all of it is constant. Immutable and thread-safe.
 */
final class PatchLayout {
  /**
   * An input beside {@code pixel_values}.
   *
   * @param dims sides behind the number of pictures
   * @param values for one picture
   */
  record Input(ImmutableLongArray dims, ImmutableLongArray values) {}

  private final int[] order;
  private final int patches;
  private final int padded;
  private final int patchWidth;
  private final boolean batched;
  private final RowGrid grid;
  private final ImmutableMap<String, Input> inputs;

  private PatchLayout(
      int[] order,
      int patches,
      int padded,
      boolean batched,
      RowGrid grid,
      ImmutableMap<String, Input> inputs) {
    this.order = order;
    this.patches = patches;
    this.padded = padded;
    this.patchWidth = order.length / patches;
    this.batched = batched;
    this.grid = grid;
    this.inputs = inputs;
  }

  /**
   * Qwen's: {@code [patches, channel x frame x patch x patch]}, the patches of {@code merge x
   * merge} neighbours side by side, each picture standing for both frames of a pair
   * (image_processing_qwen2_vl.py). Sides of the picture are multiples of patch times merge.
   */
  static PatchLayout mergedBlocks(int width, int height, int patch, int merge, int frames) {
    int rows = height / patch;
    int columns = width / patch;
    int[] order = new int[3 * frames * width * height];
    int at = 0;
    for (int blockRow = 0; blockRow < rows / merge; blockRow++) {
      for (int blockColumn = 0; blockColumn < columns / merge; blockColumn++) {
        for (int inRow = 0; inRow < merge; inRow++) {
          for (int inColumn = 0; inColumn < merge; inColumn++) {
            int top = (blockRow * merge + inRow) * patch;
            int left = (blockColumn * merge + inColumn) * patch;
            for (int channel = 0; channel < 3; channel++) {
              for (int frame = 0; frame < frames; frame++) {
                for (int y = 0; y < patch; y++) {
                  for (int x = 0; x < patch; x++) {
                    order[at++] = 3 * ((top + y) * width + left + x) + channel;
                  }
                }
              }
            }
          }
        }
      }
    }
    Input thw = new Input(ImmutableLongArray.of(3), ImmutableLongArray.of(1, rows, columns));
    return new PatchLayout(
        order,
        rows * columns,
        rows * columns,
        false,
        new RowGrid(rows / merge, columns / merge),
        ImmutableMap.of("grid_thw", thw, "image_grid_thw", thw));
  }

  /**
   * LFM2-VL's (NaFlex): {@code [picture, patches, patch x patch x channel]}, row by row, zeros
   * behind the patches of smaller pictures (image_processing_lfm2_vl_fast.py).
   *
   * @param most patches with padding
   * @param downsample patches of a visual row on each side
   */
  static PatchLayout padded(int width, int height, int patch, int most, int downsample) {
    int rows = height / patch;
    int columns = width / patch;
    int padded = Math.max(most, rows * columns);
    long[] mask = new long[padded];
    Arrays.fill(mask, 0, rows * columns, 1);
    return new PatchLayout(
        rowByRow(width, height, patch),
        rows * columns,
        padded,
        true,
        new RowGrid((rows + downsample - 1) / downsample, (columns + downsample - 1) / downsample),
        ImmutableMap.of(
            "pixel_attention_mask",
            new Input(ImmutableLongArray.of(padded), ImmutableLongArray.copyOf(mask)),
            "spatial_shapes",
            new Input(ImmutableLongArray.of(2), ImmutableLongArray.of(rows, columns))));
  }

  /**
   * Gemma 4's: {@code [picture, patches, patch x patch x channel]}, row by row, zeros behind them,
   * and the place of each patch, column before row, -1 for padding (image_processing_gemma4.py).
   *
   * @param most patches with padding
   * @param pooled patches of a visual row on each side
   */
  static PatchLayout placed(int width, int height, int patch, int most, int pooled) {
    int rows = height / patch;
    int columns = width / patch;
    int padded = Math.max(most, rows * columns);
    long[] places = new long[2 * padded];
    Arrays.fill(places, -1);
    for (int i = 0; i < rows * columns; i++) {
      places[2 * i] = i % columns;
      places[2 * i + 1] = i / columns;
    }
    return new PatchLayout(
        rowByRow(width, height, patch),
        rows * columns,
        padded,
        true,
        new RowGrid(rows / pooled, columns / pooled),
        ImmutableMap.of(
            "pixel_position_ids",
            new Input(ImmutableLongArray.of(padded, 2), ImmutableLongArray.copyOf(places))));
  }

  /** Patches row by row, inside each its pixels row by row, their channels side by side. */
  private static int[] rowByRow(int width, int height, int patch) {
    int[] order = new int[3 * width * height];
    int at = 0;
    for (int row = 0; row < height / patch; row++) {
      for (int column = 0; column < width / patch; column++) {
        for (int y = 0; y < patch; y++) {
          for (int x = 0; x < patch; x++) {
            for (int channel = 0; channel < 3; channel++) {
              order[at++] = 3 * ((row * patch + y) * width + column * patch + x) + channel;
            }
          }
        }
      }
    }
    return order;
  }

  /** Values of one patch. */
  int patchWidth() {
    return patchWidth;
  }

  /** Values of one picture, padding included. */
  int floats() {
    return padded * patchWidth;
  }

  /** Sides of {@code pixel_values} for a number of pictures. */
  long[] dims(int pictures) {
    return batched
        ? new long[] {pictures, padded, patchWidth}
        : new long[] {(long) pictures * patches, patchWidth};
  }

  /** How the visual rows of a picture lie. */
  RowGrid grid() {
    return grid;
  }

  /** What the encoder may want beside {@code pixel_values}, by name. */
  ImmutableMap<String, Input> inputs() {
    return inputs;
  }

  /** Writes a prepared picture, {@link #floats()} values. */
  void write(byte[] rgb, ImagePreprocessor images, FloatBuffer to) {
    float[] values = new float[floats()];
    for (int i = 0; i < order.length; i++) {
      values[i] = images.value(rgb, order[i]);
    }
    to.put(values);
  }
}
