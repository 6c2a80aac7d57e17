package io.moviechat.llm;

import io.moviechat.spi.FrameEncoder;
import io.moviechat.spi.testing.FrameEncoderContract;

class OneVisionEncoderContractTest extends FrameEncoderContract {
  @Override
  protected FrameEncoder open() {
    return ModelBundle.at(TestData.oneVision()).openEncoder();
  }
}
