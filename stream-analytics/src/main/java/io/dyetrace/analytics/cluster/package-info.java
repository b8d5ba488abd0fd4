/** Flink inside this process: the mini cluster, its retained checkpoints, its metrics. */
@NullMarked
package io.dyetrace.analytics.cluster;

import org.jspecify.annotations.NullMarked;
