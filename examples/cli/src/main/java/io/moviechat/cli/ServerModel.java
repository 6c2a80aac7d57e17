package io.moviechat.cli;

import io.moviechat.ColorPatchEncoder;
import io.moviechat.llm.remote.OpenAiChat;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.VisionLanguageModel;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * A model behind a server that speaks OpenAI's protocol. It sees pictures, so frames are compared
 * by their colours.
 */
final class ServerModel implements VisionLanguageModel {
  private final OpenAiChat.Builder server;
  private final String name;

  /**
   * @param address up to the version
   * @param model as the server names it
   * @param key null for none
   * @param maxImages most pictures of a question; null for the usual number
   * @throws IllegalArgumentException if the address is none of a server
   */
  ServerModel(URI address, String model, @Nullable String key, @Nullable Integer maxImages) {
    server = OpenAiChat.builder(address, model);
    if (key != null) {
      server.apiKey(key);
    }
    if (maxImages != null) {
      server.maxImages(maxImages);
    }
    name = model;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public FrameEncoder openEncoder() {
    return new ColorPatchEncoder();
  }

  @Override
  public AnswerGenerator openGenerator() {
    return server.build();
  }
}
