/**
 * Exact, bounded video decoding with FFmpeg.
 *
 * <p>{@link FfmpegVideoSourceProvider} opens files, channels, streams and network addresses; {@link
 * java.util.ServiceLoader} finds it too. {@link LiveVideo} follows what is still going on. {@link
 * VideoOptions} holds the limits for untrusted input.
 *
 * <pre>{@code
 * try (VideoSource video = new FfmpegVideoSourceProvider().open(Path.of("movie.mp4"))) {
 *   FrameFormat format = FrameFormat.inside(384, 384, Resampling.BICUBIC);
 *   try (Frame frame = video.frameAt(Duration.ofMinutes(61), format)) {
 *     FrameImages.write(frame, Path.of("minute-61.png"));
 *   }
 * }
 * }</pre>
 *
 * <p>{@link Storyboard} draws a memory as a contact sheet, {@link io.moviechat.ColorPatchEncoder}
 * makes memories without a model, {@link Subtitles} reads timed text, {@link VideoWriter} writes
 * videos.
 *
 * <p>Threads: a video takes one call at a time, from any thread; closing it ends a running call.
 * Native memory is freed by closing the video, the pass, or the writer; frames live on buffers that
 * the collector frees.
 */
@NullMarked
package io.moviechat.video;

import org.jspecify.annotations.NullMarked;
