package io.moviechat.llm;

import io.moviechat.TokenShape;
import io.moviechat.spi.AnswerGenerator;
import io.moviechat.spi.testing.AnswerGeneratorContract;

class SmolVlmGeneratorContractTest extends AnswerGeneratorContract {
  @Override
  protected AnswerGenerator open() {
    return ModelBundle.at(TestData.smolVlm()).openGenerator();
  }

  @Override
  protected TokenShape shape() {
    return new TokenShape(16, 72);
  }
}
