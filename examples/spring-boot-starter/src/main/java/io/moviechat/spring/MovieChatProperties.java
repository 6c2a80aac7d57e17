package io.moviechat.spring;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * The properties {@code moviechat.*}; META-INF/spring-configuration-metadata.json describes them.
 */
@ConfigurationProperties("moviechat")
record MovieChatProperties(
    @Nullable Path model,
    @Nullable Path speech,
    @Nullable Path text,
    @Nullable Integer memorySlots,
    @Nullable Duration every,
    @DefaultValue("moviechat-films") Path library,
    @DefaultValue("10GB") DataSize maxDisk,
    @DefaultValue("8") int maxOpen,
    @DefaultValue("1") int concurrency,
    @DefaultValue("true") boolean resume,
    @DefaultValue("true") boolean enabled) {}
