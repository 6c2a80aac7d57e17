/**
 * LangChain4j, both ways: {@link io.moviechat.llm.langchain4j.LangChain} makes generators and
 * embedders of its models and retrievers of movies, {@link io.moviechat.llm.langchain4j.MovieTools}
 * gives a library to its agents. Needs {@code dev.langchain4j:langchain4j-core} on the class path.
 */
@NullMarked
package io.moviechat.llm.langchain4j;

import org.jspecify.annotations.NullMarked;
