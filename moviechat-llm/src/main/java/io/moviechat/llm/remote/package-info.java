/**
 * Models behind a network address: {@link io.moviechat.llm.remote.OpenAiChat} asks any
 * OpenAI-compatible server. Uses the JDK's own HTTP client; neither ONNX Runtime nor the
 * tokenizers' library is loaded, or need be on the class path.
 */
@NullMarked
package io.moviechat.llm.remote;

import org.jspecify.annotations.NullMarked;
