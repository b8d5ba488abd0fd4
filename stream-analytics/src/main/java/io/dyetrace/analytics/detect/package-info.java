/**
 * Detection and localization: from probe results, points and counters to verdicts. Knows no Flink,
 * reads no clock.
 */
@NullMarked
package io.dyetrace.analytics.detect;

import org.jspecify.annotations.NullMarked;
