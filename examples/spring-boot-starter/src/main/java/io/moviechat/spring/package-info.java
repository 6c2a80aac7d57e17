/**
 * MovieChat in Spring Boot 3.5 and 4: a {@link io.moviechat.MovieChat}, a {@link
 * io.moviechat.library.MovieLibrary} and {@link io.moviechat.spring.Movies} as beans, with health,
 * observations and a clean end. The properties begin with {@code moviechat}.
 */
@NullMarked
package io.moviechat.spring;

import org.jspecify.annotations.NullMarked;
