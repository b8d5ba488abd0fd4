/**
 * Offline localization: from path observations (which packets took which paths, and how many were
 * lost) to the links and devices that lose them. Plain classes, no Flink, no clock but a stopwatch.
 */
@NullMarked
package io.dyetrace.analytics.localize;

import org.jspecify.annotations.NullMarked;
