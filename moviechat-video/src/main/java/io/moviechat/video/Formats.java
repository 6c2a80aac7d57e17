package io.moviechat.video;

/** The containers that are opened. FFmpeg knows many more, hardly used and hardly tested. */
final class Formats {
  /** Containers of one file. Playlists are not among them: they name other files. */
  static final String FILES =
      String.join(
          ",",
          "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,live_flv,asf,ogg,mpegts,mpeg,mpegvideo",
          "h264,hevc,vvc,av1,obu,ivf,m4v,h263,vc1,vc1test,mjpeg,mjpeg_2000,mxf,gxf,wtv,rm,nut,dv",
          "yuv4mpegpipe,gif,apng,image2pipe,png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,tiff_pipe",
          "jpegxl_anim,jpegxl_pipe,ppm_pipe,pgm_pipe,mp3,wav,aac,flac,w64,aiff,au,amr,ac3,eac3");

  private Formats() {}
}
