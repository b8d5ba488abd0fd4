/** The whole analytics job under a load made in memory. */
@NullMarked
package io.dyetrace.benchmarks.job;

import org.jspecify.annotations.NullMarked;
