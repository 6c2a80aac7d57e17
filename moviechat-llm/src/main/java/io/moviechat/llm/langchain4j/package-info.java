/**
 * LangChain4j, both ways: {@link io.moviechat.llm.langchain4j.LangChainGenerator} answers with its
 * chat models, {@link io.moviechat.llm.langchain4j.MovieRetriever} lets its applications ask a
 * movie. Needs {@code dev.langchain4j:langchain4j-core} on the class path.
 */
@NullMarked
package io.moviechat.llm.langchain4j;

import org.jspecify.annotations.NullMarked;
