package io.moviechat.llm;

import io.moviechat.TokenShape;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.testing.AnswerGeneratorContract;

class OneVisionGeneratorContractTest extends AnswerGeneratorContract {
  @Override
  protected AnswerGenerator open() {
    return ModelBundle.at(TestData.oneVision()).openGenerator();
  }

  @Override
  protected TokenShape shape() {
    return new TokenShape(25, 64);
  }
}
