/** Labelled faults and quiet days, simulated, through the operators of the job. */
@NullMarked
package io.dyetrace.benchmarks.campaign;

import org.jspecify.annotations.NullMarked;
