package io.dyetrace.lab.demo;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/**
 * What became of one injected fault.
 *
 * @param verdict class of the verdict on it; null: none came
 * @param component what the verdict names
 * @param seconds from the injecting call to the broker's append time of the verdict
 * @param resolvedSeconds from the healing call to the append time of its resolution
 * @param right class and component as expected, in time, and resolved
 */
public record FaultOutcome(
    String fault,
    String target,
    @Nullable String verdict,
    @Nullable String component,
    @Nullable Double seconds,
    @JsonProperty("resolved_seconds") @Nullable Double resolvedSeconds,
    boolean right) {}
