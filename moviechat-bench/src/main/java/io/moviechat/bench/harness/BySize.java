package io.moviechat.bench.harness;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Values of a {@code @Param} field at the sizes other than {@link Size#QUICK}, whose values stand
 * in {@code @Param} itself.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.FIELD)
public @interface BySize {
  /** Values at {@link Size#SMOKE}; none takes the first one of {@code @Param}. */
  String[] smoke() default {};

  /** Values at {@link Size#FULL}; none takes those of {@code @Param}. */
  String[] full() default {};
}
