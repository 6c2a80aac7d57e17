package io.moviechat.llm;

import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.testing.FrameEncoderContract;

class SmolVlmEncoderContractTest extends FrameEncoderContract {
  @Override
  protected FrameEncoder open() {
    return ModelBundle.at(TestData.smolVlm()).openEncoder();
  }
}
