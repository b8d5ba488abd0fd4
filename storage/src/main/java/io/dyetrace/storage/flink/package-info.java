/** The exactly-once sink of the Flink job. */
@NullMarked
package io.dyetrace.storage.flink;

import org.jspecify.annotations.NullMarked;
