package io.moviechat;

/** How exactly a memory file keeps tokens. */
public enum TokenPrecision {
  /** As they are. 4 bytes a value. */
  FLOAT32,

  /**
   * IEEE half precision. 2 bytes a value; the error is at most {@code 2^-11} of the value, or
   * {@code 2^-25} for values below {@code 2^-14}. Values from 65520 on do not fit and are refused.
   */
  FLOAT16,

  /**
   * Whole numbers from -127 to 127 with one scale per slot. 1 byte a value; the error is at most
   * 1/254 of the slot's largest magnitude.
   */
  INT8
}
