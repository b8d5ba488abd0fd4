/**
 * What measures the localizer: generators of traces after published protocols, the published
 * methods it is compared with, and the scoring.
 */
@NullMarked
package io.dyetrace.analytics.localize.bench;

import org.jspecify.annotations.NullMarked;
