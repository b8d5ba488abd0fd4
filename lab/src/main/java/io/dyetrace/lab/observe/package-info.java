/** What the product itself says: verdicts and heartbeats in Kafka, rows in ClickHouse. */
@NullMarked
package io.dyetrace.lab.observe;

import org.jspecify.annotations.NullMarked;
