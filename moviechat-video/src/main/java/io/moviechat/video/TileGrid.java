package io.moviechat.video;

import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_to_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_frame;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_packet;
import static org.bytedeco.ffmpeg.global.avformat.AV_STREAM_GROUP_PARAMS_TILE_GRID;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_copy;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_copy_props;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_unref;
import static org.bytedeco.ffmpeg.global.avutil.av_image_get_linesize;
import static org.bytedeco.ffmpeg.global.avutil.av_pix_fmt_desc_get;

import io.moviechat.VideoException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVStreamGroup;
import org.bytedeco.ffmpeg.avformat.AVStreamGroupTileGrid;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * A photo that is stored in tiles, each a picture of its own, as phones write HEIC and some
 * programs AVIF.
 *
 * @param tiles where each goes
 * @param width pixels per row of all tiles together
 * @param height rows of all tiles together
 * @param display which part of that is shown, and how
 */
record TileGrid(List<Tile> tiles, int width, int height, Display display) {
  /**
   * @param stream the number of its stream
   * @param x its left column in the whole picture
   * @param y its top row
   */
  record Tile(int stream, int x, int y) {}

  /** The grid that a stream is a tile of; empty if it stands for itself. */
  static Optional<TileGrid> of(AVFormatContext format, int stream) {
    for (int i = 0; i < format.nb_stream_groups(); i++) {
      AVStreamGroup group = format.stream_groups(i);
      if (group.type() == AV_STREAM_GROUP_PARAMS_TILE_GRID) {
        TileGrid grid = of(group);
        if (grid.tileOf(stream).isPresent()) {
          return Optional.of(grid);
        }
      }
    }
    return Optional.empty();
  }

  private static TileGrid of(AVStreamGroup group) {
    AVStreamGroupTileGrid grid = group.params_tile_grid();
    List<Tile> tiles = new ArrayList<>();
    for (int i = 0; i < grid.nb_tiles(); i++) {
      int stream = group.streams(grid.offsets_idx(i)).index();
      tiles.add(new Tile(stream, grid.offsets_horizontal(i), grid.offsets_vertical(i)));
    }
    int top = grid.vertical_offset();
    int left = grid.horizontal_offset();
    Display.Crop crop =
        new Display.Crop(
            top,
            grid.coded_height() - grid.height() - top,
            left,
            grid.coded_width() - grid.width() - left);
    Orientation orientation =
        Display.orientation(grid.coded_side_data(), grid.nb_coded_side_data());
    return new TileGrid(
        tiles, grid.coded_width(), grid.coded_height(), new Display(crop, orientation, 0, 1));
  }

  Optional<Tile> tileOf(int stream) {
    return tiles.stream().filter(tile -> tile.stream() == stream).findFirst();
  }

  /**
   * Reads and decodes all tiles.
   *
   * @param demuxer at its beginning
   * @param picture takes the whole picture, not cut yet
   * @return false if there is no tile any more
   * @throws VideoException if a tile is missing or cannot be decoded
   */
  boolean compose(Demuxer demuxer, VideoOptions options, AVFrame picture) {
    AVPacket packet = Ffmpeg.allocated(av_packet_alloc());
    AVFrame decoded = Ffmpeg.allocated(av_frame_alloc());
    int found = 0;
    try {
      while (found < tiles.size() && demuxer.read(packet)) {
        int stream = packet.stream_index();
        for (Tile tile : tiles) {
          if (tile.stream() == stream) {
            if (tile.equals(tileOf(stream).orElseThrow())) {
              decode(demuxer, options, packet, decoded);
            }
            put(demuxer, tile, decoded, picture, found == 0);
            found++;
          }
        }
        av_packet_unref(packet);
      }
    } finally {
      av_packet_free(packet);
      av_frame_free(decoded);
    }
    if (found > 0 && found < tiles.size()) {
      throw new VideoException(
          String.format(
              "%s is a photo of %d tiles, of which only %d are there; the file is damaged",
              demuxer.name(), tiles.size(), found));
    }
    return found > 0;
  }

  private void decode(Demuxer demuxer, VideoOptions options, AVPacket packet, AVFrame decoded) {
    var parameters = demuxer.format().streams(packet.stream_index()).codecpar();
    AVCodec codec = avcodec_find_decoder(parameters.codec_id());
    AVCodecContext context = Ffmpeg.allocated(avcodec_alloc_context3(codec));
    try {
      avcodec_parameters_to_context(context, parameters);
      context.thread_count(1);
      context.max_pixels(options.maxPixels());
      int code = avcodec_open2(context, codec, (PointerPointer<?>) null);
      code = code < 0 ? code : avcodec_send_packet(context, packet);
      code = code < 0 ? code : avcodec_send_packet(context, null);
      av_frame_unref(decoded);
      code = code < 0 ? code : avcodec_receive_frame(context, decoded);
      if (code < 0) {
        throw new VideoException(
            String.format(
                "%s: a tile of the photo could not be decoded (FFmpeg: %s)",
                demuxer.name(), Ffmpeg.errorText(code)));
      }
    } finally {
      avcodec_free_context(context);
    }
  }

  private void put(Demuxer demuxer, Tile tile, AVFrame decoded, AVFrame picture, boolean first) {
    if (first) {
      av_frame_unref(picture);
      picture.width(width).height(height).format(decoded.format());
      int code = av_frame_get_buffer(picture, 0);
      if (code >= 0) {
        code = av_frame_copy_props(picture, decoded);
      }
      if (code < 0) {
        throw new VideoException(
            String.format(
                "%s: no room for a photo of %d x %d pixels (FFmpeg: %s)",
                demuxer.name(), width, height, Ffmpeg.errorText(code)));
      }
      picture.pts(0);
    }
    boolean fits =
        decoded.format() == picture.format()
            && tile.x() >= 0
            && tile.y() >= 0
            && (long) tile.x() + decoded.width() <= width
            && (long) tile.y() + decoded.height() <= height;
    if (!fits) {
      throw new VideoException(
          String.format(
              "%s: a tile of %d x %d pixels at (%d, %d) is not of the photo of %d x %d pixels",
              demuxer.name(),
              decoded.width(),
              decoded.height(),
              tile.x(),
              tile.y(),
              width,
              height));
    }
    var descriptor = av_pix_fmt_desc_get(picture.format());
    AVFrame place = Ffmpeg.allocated(av_frame_alloc());
    try {
      place.format(picture.format()).width(decoded.width()).height(decoded.height());
      for (int plane = 0; plane < 4; plane++) {
        BytePointer data = picture.data(plane);
        if (data != null && !data.isNull()) {
          boolean colour = plane == 1 || plane == 2;
          long row = colour ? tile.y() >> descriptor.log2_chroma_h() : tile.y();
          long column =
              tile.x() == 0 ? 0 : av_image_get_linesize(picture.format(), tile.x(), plane);
          place.data(plane, data.getPointer(row * picture.linesize(plane) + column));
          place.linesize(plane, picture.linesize(plane));
        }
      }
      av_frame_copy(place, decoded);
    } finally {
      av_frame_free(place);
    }
  }
}
