package io.moviechat.memory;

import io.moviechat.TokenShape;

/** Every kind of token store, so that tests run on each. */
enum Stores {
  JAVA {
    @Override
    TokenStore open(int rows, TokenShape shape, int window) {
      return new JavaStore(rows, shape);
    }
  },
  ND4J {
    @Override
    TokenStore open(int rows, TokenShape shape, int window) {
      return new Nd4jStore(rows, shape, window);
    }
  };

  abstract TokenStore open(int rows, TokenShape shape, int window);
}
